import type { ExitCode } from '../../domain/errors.ts';
import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import { type ChatId, type ListedGroup, STATUSES, type Status } from '../../domain/words.ts';
import { count, detached, plain } from '../../lib/text.ts';
import type { Countries } from './countries.ts';

export type Counts = Readonly<Record<Status, number>>;

export function noCounts(): Record<Status, number> {
  return Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
}

/** A row named as an example. */
interface TalliedRow {
  readonly number: number;
  /** Name of the person: personal data, for a terminal only. */
  readonly name: string;
}

export interface Reason {
  readonly status: Status;
  readonly reasonCode: ReasonCode | '';
  readonly rows: number;
  /** The first of them. */
  readonly first: readonly TalliedRow[];
}

/** By `status reason_code`. */
export type Reasons = ReadonlyMap<string, Reason>;

const FIRST_ROWS = 3;

/** Counts of the results by status, group and reason, built while the results are written. */
export interface Tally {
  readonly rows: number;
  readonly counts: Counts;
  readonly groups: ReadonlyMap<ChatId | '', Counts>;
  readonly reasons: Reasons;
  readonly groupReasons: ReadonlyMap<ChatId | '', Reasons>;
}

interface GrowingReason extends Reason {
  rows: number;
  readonly first: TalliedRow[];
}

export class TallyMaker implements Tally {
  rows = 0;
  readonly counts = noCounts();
  readonly groups = new Map<ChatId | '', Record<Status, number>>();
  readonly reasons = new Map<string, GrowingReason>();
  readonly groupReasons = new Map<ChatId | '', Map<string, GrowingReason>>();

  add(chatId: string, status: Status, reasonCode: ReasonCode | '', row?: () => TalliedRow): void {
    this.rows++;
    this.counts[status]++;
    const id = chatId as ChatId | '';
    let group = this.groups.get(id);
    if (!group) {
      group = noCounts();
      this.groups.set(id, group);
      this.groupReasons.set(id, new Map());
    }
    group[status]++;
    const key = `${status} ${reasonCode}`;
    for (const reasons of [this.reasons, this.groupReasons.get(id) as Map<string, GrowingReason>]) {
      const reason = reasons.get(key) ?? { status, reasonCode, rows: 0, first: [] };
      if (reason.rows++ === 0) reasons.set(key, reason);
      if (row === undefined || reason.first.length === FIRST_ROWS) continue;
      const { number, name } = row();
      // Copied, because a slice would keep the text of the cohort in memory.
      reason.first.push({ number, name: detached(name) });
    }
  }
}

/** Statuses that need action. */
const TROUBLED: readonly Status[] = ['failed', 'unknown', 'left', 'invalid', 'not_attempted'];

/** Rows that share a remedy. `which` is like `rows 3, 7, 9 and 12 more`; '' if unknown. */
export type Trouble = ReturnType<typeof troublesOf>[number];

export function reasonsOf(reasons: Reasons): readonly Reason[] {
  return [...reasons.values()].sort((a, b) => b.rows - a.rows);
}

/** Remedies by reason, the most frequent first. @param names whether `which` has names of people */
export function troublesOf(reasons: Reasons, names = false) {
  return reasonsOf(reasons).flatMap(({ status, reasonCode, rows, first }) =>
    TROUBLED.includes(status) && reasonCode !== ''
      ? [{ status, reasonCode, rows, which: whichRows(first, rows, names), ...REASONS[reasonCode] }]
      : [],
  );
}

/** `row 3`, `rows 3, 7, 9 and 12 more`; with names `rows 3 Asha Rao, 7 Ravi Kumar`; '' if none is known. */
function whichRows(first: readonly TalliedRow[], rows: number, names: boolean): string {
  if (first.length === 0) return '';
  const each = first.map(({ number, name }) =>
    names && name !== '' ? `${number} ${plain(name, 40)}` : `${number}`,
  );
  const more = rows > first.length ? ` and ${count(rows - first.length, 'more', 'more')}` : '';
  return `${rows === 1 ? 'row' : 'rows'} ${each.join(', ')}${more}`;
}

/** Counts as text: `3 added, 1 failed`. */
export function countsText(counts: Counts): string {
  return STATUSES.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}

export function countLine(n: number, words: string): string {
  return `  ${String(n).padStart(7)}  ${words}`;
}

/** Lines of the first items; of the others only their number. @param what names one of them */
export function firstLines<T>(
  items: readonly T[],
  most: number,
  what: string,
  line: (item: T, at: number) => string,
): string[] {
  const more = items.length - most;
  return [
    ...items.slice(0, most).map(line),
    ...(more > 0 ? [`           … and ${count(more, `more ${what}`)}`] : []),
  ];
}

/** Reasons to wait, in words: while it lasts (“waiting for …”), and afterwards (“it waited 5 s …”). */
export const WAITS: Readonly<Record<string, { readonly now: string; readonly after: string }>> = {
  window: { now: 'the rate limit', after: 'for the server’s window' },
  throttled: { now: 'the API (too many requests)', after: 'after “too many requests” (429)' },
  gap: { now: 'the --gap', after: 'for --gap' },
  max_rate: { now: 'the --max-rate', after: 'for --max-rate' },
  no_headers: { now: 'a pace of our own', after: 'as the server sends no rate-limit headers' },
  paused: { now: 'the API to recover', after: 'as the API was out of reach or unavailable' },
  cool_down: { now: 'WhatsApp to cool down', after: 'as WhatsApp throttled the phone' },
  hours: { now: 'the --hours', after: 'because of --hours' },
  daily_cap: { now: 'the --daily-cap to have room', after: 'because of --daily-cap' },
};

/** Facts at the end of a command, for the summaries for machines and CI. */
export interface Ending {
  readonly command: 'run' | 'follow-up' | 'check' | 'report' | 'merge' | 'groups';
  /** Input file as the user named it; `-` is standard input. */
  readonly cohort: string;
  /** Path of the results; undefined: standard output, or none. */
  readonly results: string | undefined;
  readonly ledger: string | undefined;
  readonly sandbox: boolean;
  readonly dryRun: boolean;
  /** Shard, like `2/4`; undefined: the whole cohort. */
  readonly shard?: string | undefined;
  readonly tally: Tally;
  /** Countries of the people to ask in this run; undefined: nobody. */
  readonly countries?: Countries | undefined;
  /** Groups of the phone, if the command lists them. */
  readonly listed?: readonly ListedGroup[] | undefined;
  /** Name of a group, raw and untrusted; '' if unknown. */
  readonly groupName: (chatId: ChatId) => string;
  readonly exit: ExitCode;
  readonly stopped: { readonly code: ReasonCode; readonly message: string } | undefined;
  readonly next: string | undefined;
  readonly asks: number;
  /** Number of 429 answers. */
  readonly throttled: number;
  /** Milliseconds of waits in which nothing could start, by reason. */
  readonly waitedMs: ReadonlyMap<string, number>;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Duration by the monotonic clock, which changes of the time of day do not affect. */
  readonly elapsedMs: number;
}
