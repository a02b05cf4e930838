import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import { STATUSES, type Status } from '../../domain/words.ts';
import type { Counts, Tally } from './tally.ts';

/** Statuses that somebody has to do something about. */
const TROUBLED: readonly Status[] = ['failed', 'unknown', 'left', 'invalid', 'not_attempted'];

/** Rows that share what is to be done about them. */
export interface Trouble {
  readonly status: Status;
  readonly reasonCode: ReasonCode;
  readonly rows: number;
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

/** What to do, by reason, the most frequent first. */
export function troublesOf(tally: Pick<Tally, 'reasons'>): readonly Trouble[] {
  return reasonsOf(tally.reasons).flatMap(({ status, reasonCode, rows }) =>
    TROUBLED.includes(status) && reasonCode !== '' && REASONS[reasonCode] !== undefined
      ? [{ status, reasonCode, rows, ...REASONS[reasonCode] }]
      : [],
  );
}

/** `3 added, 1 failed` */
export function inWords(counts: Counts): string {
  return STATUSES.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}
