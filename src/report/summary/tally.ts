import type { ExitCode } from '../../domain/errors.ts';
import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import { type ChatId, STATUSES, type Status } from '../../domain/words.ts';
import { count, detached, plain } from '../../lib/text.ts';
import type { GroupLine } from '../terminal/groups.ts';
import type { Countries } from './countries.ts';

export type Counts = Readonly<Record<Status, number>>;

export function noCounts(): Record<Status, number> {
  return Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
}

/** A row that stands for others. */
interface TalliedRow {
  /** Its number in a spreadsheet. */
  readonly number: number;
  /** Whom it is about: personal data, for who sits at a terminal. */
  readonly name: string;
}

/** As many rows of a reason are named. */
const FIRST_ROWS = 3;

/** What the results hold, by status, by group and by reason: built while they are written, never apart from them. */
export interface Tally {
  readonly rows: number;
  readonly counts: Counts;
  readonly groups: ReadonlyMap<ChatId | '', Counts>;
  /** `status reason_code` → rows. */
  readonly reasons: ReadonlyMap<string, number>;
  /** The first rows of each of these. */
  readonly firstRows: ReadonlyMap<string, readonly TalliedRow[]>;
  /** The same for each group. */
  readonly groupReasons: ReadonlyMap<ChatId | '', ReadonlyMap<string, number>>;
}

export class TallyMaker implements Tally {
  rows = 0;
  readonly counts = noCounts();
  readonly groups = new Map<ChatId | '', Record<Status, number>>();
  readonly reasons = new Map<string, number>();
  readonly firstRows = new Map<string, TalliedRow[]>();
  readonly groupReasons = new Map<ChatId | '', Map<string, number>>();

  add(chatId: string, status: Status, reasonCode: string, row?: () => TalliedRow): void {
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
    const reason = `${status} ${reasonCode}`;
    for (const reasons of [this.reasons, this.groupReasons.get(id) as Map<string, number>])
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (row === undefined) return;
    const first = this.firstRows.get(reason) ?? [];
    if (first.length === 0) this.firstRows.set(reason, first);
    if (first.length === FIRST_ROWS) return;
    const { number, name } = row();
    // A copy: a slice would keep the text of the cohort in memory.
    first.push({ number, name: detached(name) });
  }
}

/** Statuses that somebody has to do something about. */
const TROUBLED: readonly Status[] = ['failed', 'unknown', 'left', 'invalid', 'not_attempted'];

/** Rows that share what is to be done about them. */
export interface Trouble {
  readonly status: Status;
  readonly reasonCode: ReasonCode;
  readonly rows: number;
  /** `rows 3, 7, 9 and 12 more`; '' where that is not known. */
  readonly which: string;
  readonly meaning: string;
  readonly advice: string;
}

/** `status reason_code` → rows, as the tally counts them, taken apart again; the most frequent first. */
export function reasonsOf(
  reasons: Tally['reasons'],
): readonly { readonly status: Status; readonly reasonCode: ReasonCode | ''; readonly rows: number }[] {
  return [...reasons]
    .map(([key, rows]) => {
      const [status, reasonCode] = key.split(' ') as [Status, ReasonCode | ''];
      return { status, reasonCode, rows };
    })
    .sort((a, b) => b.rows - a.rows);
}

/** Remedies by reason, the most frequent first. Nobody is named. */
export function troublesOf({
  reasons,
  firstRows,
}: Pick<Tally, 'reasons'> & Partial<Pick<Tally, 'firstRows'>>): readonly Trouble[] {
  const which = (key: string, rows: number) => {
    const first = firstRows?.get(key) ?? [];
    return first.length === 0 ? '' : whichRows(first, rows, false);
  };
  return reasonsOf(reasons).flatMap(({ status, reasonCode, rows }) =>
    TROUBLED.includes(status) && reasonCode !== '' && REASONS[reasonCode] !== undefined
      ? [{ status, reasonCode, rows, which: which(`${status} ${reasonCode}`, rows), ...REASONS[reasonCode] }]
      : [],
  );
}

/** `row 3`, `rows 3, 7, 9 and 12 more`; with names `rows 3 Asha Rao, 7 Ravi Kumar`. */
export function whichRows(first: readonly TalliedRow[], rows: number, names: boolean): string {
  const each = first.map(({ number, name }) =>
    names && name !== '' ? `${number} ${plain(name, 40)}` : `${number}`,
  );
  const more = rows > first.length ? ` and ${count(rows - first.length, 'more', 'more')}` : '';
  return `${rows === 1 ? 'row' : 'rows'} ${each.join(', ')}${more}`;
}

/** `3 added, 1 failed` */
export function countsText(counts: Counts): string {
  return STATUSES.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}

/** Everything that is known when a command ends: what the summaries for machines and for CI are made of. */
export interface Ending {
  readonly command: 'run' | 'follow-up' | 'check' | 'report' | 'merge' | 'groups';
  /** The file that was read, as the user named it; `-` is standard input. */
  readonly cohort: string;
  /** Where the results went; undefined: standard output, or nowhere. */
  readonly results: string | undefined;
  readonly ledger: string | undefined;
  readonly sandbox: boolean;
  readonly dryRun: boolean;
  /** Like `2/4`; undefined: the whole cohort. */
  readonly shard?: string | undefined;
  readonly tally: Tally;
  /** Of the people whom this run was to ask; undefined: it was to ask nobody. */
  readonly countries?: Countries | undefined;
  /** The phone's groups, where the command lists them. */
  readonly listed?: readonly GroupLine[] | undefined;
  /** Raw and untrusted, or '' while unknown. */
  readonly groupName: (chatId: ChatId) => string;
  readonly exit: ExitCode;
  /** Why it ended before its end. */
  readonly stopped: { readonly code: ReasonCode; readonly message: string } | undefined;
  /** What to do next, when something is left to do. */
  readonly next: string | undefined;
  readonly asks: number;
  /** Answers 429. */
  readonly throttled: number;
  /** Milliseconds in which somebody waited and nothing might start, by what was waited for. */
  readonly waitedMs: ReadonlyMap<string, number>;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** By the monotonic clock, which no change of the time of day touches. */
  readonly elapsedMs: number;
}
