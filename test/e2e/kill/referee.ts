/** What must hold after any number of kills and restarts, judged by the sandbox's own record, never by the tool's. */
import { type Counts, type ResultRecord, SENDER } from '../harness.ts';

/** One line of the cohort, and what becomes of it when nothing goes wrong. */
export interface Expected {
  readonly name: string;
  readonly phone: string;
  readonly status: string;
  /** The API refuses this person outright: that is no ask, and nothing is done. */
  readonly refused?: boolean;
  /** The group, where there are several. */
  readonly group?: string;
  /** The sending phone, where rows name one. */
  readonly sender?: string;
}

export interface Evidence {
  /** The group of everybody who has no other. */
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
  const pairOf = ({ group = chatId, phone }: Expected) => `${group} ${phone}`;
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
    const pair = counts.pairs[pairOf(expected)];
    if (status === 'unknown') {
      say(!inFlight.has(expected.phone), `${where} is unknown, and was in flight at no kill`);
      const member = pair?.status === 'added' || pair?.status === 'already_member';
      say(member, `${where} is unknown, and the group lists this person`);
    } else if (status !== expected.status) {
      found.push(`${where} is ${status}, and not ${expected.status}`);
    } else if (['added', 'invited', 'failed', 'already_member', 'joined'].includes(status)) {
      const asked = pair?.asked ?? 0;
      // Of whom it invited, the sandbox says so for ever.
      const answered = status === 'joined' ? 'invited' : status;
      const [times, done] = expected.refused ? [0, 'untouched'] : [1, answered];
      say(asked !== times, `${where} is ${status}, and was asked ${asked} times`);
      say(pair?.status !== done, `${where} is ${status}, and the sandbox has ${pair?.status}`);
    }
  }
  for (const [i, expected] of cohort.entries()) {
    if (['duplicate', 'invalid'].includes(expected.status)) continue;
    const received = counts.pairs[pairOf(expected)]?.received ?? 0;
    const isRecorded = rows[i]?.['asked_at'] !== '';
    const where = `row ${i + 2} (…${expected.phone.slice(-8)})`;
    say(isRecorded && received === 0 && !inFlight.has(expected.phone), `${where} is asked, and never was`);
    say(!isRecorded && received > 0, `${where} was asked, and does not say so`);
  }
  for (const [pair, { asked }] of Object.entries(counts.pairs)) {
    say(asked > 1, `${pair} was asked ${asked} times`);
    say(!cohort.some((one) => pair === pairOf(one)), `${pair} is not in the cohort`);
  }
  const senders = new Set(cohort.map(({ sender = SENDER }) => sender));
  for (const sender of Object.keys(counts.senders)) say(!senders.has(sender), `asked by ${sender}`);
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
