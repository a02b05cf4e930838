import { ACCEPTED_STATUSES, type Status } from '../domain/words.ts';

/** What is known about the first row of a pair before anybody is asked. */
export interface Known {
  /** What the ledger has. `not_done` is an ask that certainly did nothing. */
  readonly ledger: Status | 'in_doubt' | 'not_done' | undefined;
  /** When the cohort is itself a results CSV: the status that it gives this row. */
  readonly previous: Status | undefined;
}

export interface Selection {
  readonly retry: readonly Status[];
  readonly onlyStatus: readonly Status[] | undefined;
}

/**
 * ask       ask now
 * settled   the ledger knows the outcome: not asked again
 * carried   a former results CSV knows the outcome: kept as it is
 */
export type Decision = 'ask' | 'settled' | 'carried';

const tried = (status: Status) =>
  status === 'failed' ||
  status === 'unknown' ||
  status === 'left' ||
  (ACCEPTED_STATUSES as readonly Status[]).includes(status);

/**
 * The rule of promise 2 in one place. Nobody is asked twice unless the user says so, by `--retry`: for what the ledger has,
 * and for what a former results CSV has that the ledger does not know.
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

/** Whether `--only-status` leaves a row of former results as it is. */
export function isLeftAlone(status: Status | undefined, { onlyStatus }: Selection): boolean {
  return status !== undefined && onlyStatus !== undefined && !onlyStatus.includes(status);
}
