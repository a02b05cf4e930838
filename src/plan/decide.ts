import { ACCEPTED_STATUSES, type Status } from '../domain/words.ts';

/** Knowledge about the first row of a pair before any ask. */
export interface Known {
  /** State in the ledger. `not_done` is an ask that certainly did nothing. */
  readonly ledger: Status | 'in_doubt' | 'not_done' | undefined;
  /** Status of this row, when the cohort is itself a results CSV. */
  readonly previous: Status | undefined;
}

export interface Selection {
  readonly retry: readonly Status[];
  readonly onlyStatus: readonly Status[] | undefined;
}

/**
 * ask       ask now
 * settled   outcome in the ledger: not asked again
 * carried   outcome in a former results CSV: kept as it is
 */
export type Decision = 'ask' | 'settled' | 'carried';

const tried = (status: Status) =>
  status === 'failed' ||
  status === 'unknown' ||
  status === 'left' ||
  (ACCEPTED_STATUSES as readonly Status[]).includes(status);

/**
 * Decision for a pair (promise 2): nobody is asked twice, unless `--retry` names the status in the ledger, or the
 * status in a former results CSV for a pair that the ledger does not know.
 */
export function decide(known: Known, selection: Selection): Decision {
  const { ledger, previous } = known;
  if (isLeftAlone(previous, selection)) return 'carried';
  if (ledger !== undefined && ledger !== 'not_done') {
    // In doubt is not a status that can be retried: the reconciler settles it first.
    return ledger !== 'in_doubt' && selection.retry.includes(ledger) ? 'ask' : 'settled';
  }
  // A person who left is never asked again.
  if (previous === 'left') return 'carried';
  if (previous === undefined || previous === 'duplicate' || !tried(previous)) return 'ask';
  return selection.retry.includes(previous) ? 'ask' : 'carried';
}

/** Whether `--only-status` keeps a row of former results as it is. */
export function isLeftAlone(status: Status | undefined, { onlyStatus }: Selection): boolean {
  return status !== undefined && onlyStatus !== undefined && !onlyStatus.includes(status);
}
