/** What must hold after any number of kills and restarts, judged by the sandbox's own record, never by the tool's. */
import { type Counts, type ResultRecord, SENDER } from '../harness.ts';

/** One line of the cohort, and what becomes of it when nothing goes wrong. */
export interface Expected {
  readonly name: string;
  readonly phone: string;
  readonly status: string;
  /** The API refuses this person outright: that is no ask, and nothing is done. */
  readonly refused?: boolean;
}

export interface Evidence {
  readonly chatId: string;
  readonly cohort: readonly Expected[];
  readonly rows: readonly ResultRecord[];
  readonly counts: Counts;
  /** Participants who were in flight at some kill: their records showed an ask without an outcome. */
  readonly inFlight: ReadonlySet<string>;
}

/** Every breach of promises 1 and 2, in words; none when all is well. */
export function breaches({ chatId, cohort, rows, counts, inFlight }: Evidence): string[] {
  const found: string[] = [];
  const say = (condition: boolean, breach: string) => {
    if (condition) found.push(breach);
  };
  say(rows.length !== cohort.length, `${cohort.length} rows went in, ${rows.length} came out`);
  for (const [i, expected] of cohort.entries()) {
    const row = rows[i];
    if (row === undefined) break;
    const where = `row ${i + 2} (…${expected.phone.slice(-8)})`;
    say(row['row'] !== String(i + 2) || row['name'] !== expected.name, `${where} is not in its place`);
    const status = row['status'] ?? '';
    const pair = counts.pairs[`${chatId} ${expected.phone}`];
    if (status === 'unknown') {
      say(!inFlight.has(expected.phone), `${where} is unknown, and was in flight at no kill`);
      const member = pair?.status === 'added' || pair?.status === 'already_member';
      say(member, `${where} is unknown, and the group lists this person`);
    } else if (status !== expected.status) {
      found.push(`${where} is ${status}, and not ${expected.status}`);
    } else if (['added', 'invited', 'failed', 'already_member'].includes(status)) {
      const asked = pair?.asked ?? 0;
      const [times, done] = expected.refused ? [0, 'untouched'] : [1, status];
      say(asked !== times, `${where} is ${status}, and was asked ${asked} times`);
      say(pair?.status !== done, `${where} is ${status}, and the sandbox has ${pair?.status}`);
    }
  }
  for (const [pair, { asked }] of Object.entries(counts.pairs)) {
    say(asked > 1, `${pair} was asked ${asked} times`);
    say(!cohort.some(({ phone }) => pair === `${chatId} ${phone}`), `${pair} is not in the cohort`);
  }
  const senders = Object.keys(counts.senders);
  say(senders.join() !== SENDER && senders.length > 0, `asked by ${senders.join()}`);
  return found;
}

/** What the exit code has to be, given what the rows say. */
export function exitCodeOf(rows: readonly ResultRecord[]): number {
  return rows.some((row) => ['failed', 'invalid', 'unknown'].includes(row['status'] ?? '')) ? 4 : 0;
}

/** Participants of asks that a ledger has no outcome for. Reads the lines by itself, and leaves out a torn one. */
export function openAsks(ledger: string): string[] {
  const open = new Map<number, Set<string>>();
  const lines = ledger.split('\n').slice(0, -1);
  for (const line of lines.slice(1)) {
    const record = JSON.parse(line) as { is: string; n: number; ask?: number; who: string | string[] };
    if (record.is === 'asked') open.set(record.n, new Set(record.who));
    else if (record.is === 'not_done') open.delete(record.ask!);
    else for (const people of open.values()) people.delete(record.who as string);
  }
  return [...open.values()].flatMap((people) => [...people]);
}
