import type { Cohort } from '../../cohort/cohort.ts';
import { formerPair, judgeFormerRow, type Witness } from '../../cohort/former-row.ts';
import { tellsOfAsk } from '../../cohort/results-file.ts';
import { OnboardError } from '../../domain/errors.ts';
import {
  ACCEPTED_STATUSES,
  type Outcome,
  type Pair,
  type Reading,
  rowNumber,
  type Status,
} from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { PairIndex } from '../../lib/pair-index.ts';
import { count } from '../../lib/text.ts';
import { isLeftAlone, type Selection } from '../../plan/decide.ts';
import { isAsked, knowsAsksOf, LostAsks } from './lost-asks.ts';

/** A results CSV as a cohort, read together with its ledger. */
export interface FormerResults {
  /** Its rows by their own columns, each judged together with its results. */
  readonly cohort: Cohort;
  /** Asks in the results that the ledger does not know. */
  readonly lost: LostAsks;
  /** Number of the row that counts for a pair: the first of the rows whose results say most. */
  rowOf(pair: Pair): number | undefined;
  /** People who were asked for rows that have been corrected since. */
  readonly corrected: readonly Pair[];
}

/** Weight of a status: how much it tells of a person, from nothing on. A person who left is never asked again. */
const WEIGHT: Readonly<Partial<Record<Status, number>>> = {
  left: 7,
  joined: 6,
  added: 5,
  already_member: 5,
  invited: 4,
  unknown: 3,
  failed: 2,
};
/** Weight of an edited status: the original is unknown. */
const EDITED = 3;
/** Number of weights: the index stores row number and weight as one number. */
const WEIGHTS = 8;

/**
 * Reads all of the results once.
 * @param path names it in messages
 * @throws OnboardError CONFIG when the file is not as the ledger's last run left it: people of the ledger are missing,
 * or it is read otherwise than before
 */
export async function readFormerResults(
  cohort: Cohort,
  { ledger, ledgerPath, path, selection }: FormerParts,
): Promise<FormerResults> {
  const own = judged(cohort, { isAsked: (pair) => isAsked(ledger, pair) });
  const lost = new LostAsks();
  const best = new PairIndex();
  const seen = new PairIndex();
  let seenDone = 0;
  const corrected: Pair[] = [];
  const accepted = { all: 0, otherwise: 0 };
  const see = (pair: Pair | undefined) => {
    if (pair && isDone(ledger.state(pair)) && seen.add(pair)) seenDone++;
  };

  for await (const batch of own.readings()) {
    for (const reading of batch) {
      const { row } = reading;
      const number = rowNumber(row);
      const fields = cohort.former(reading.row);
      if (fields === undefined) continue;
      const before = formerPair(fields);
      const wasAsked = tellsOfAsk(fields);
      see(before);
      if (reading.kind === 'invalid') {
        if (wasAsked && before && !knowsAsksOf(ledger, before, fields) && !witnessed(reading)) lost.add(row);
        if (before && reading.problem.code === 'status_edited') weigh(before, number, EDITED);
        continue;
      }
      see(reading.pair);
      const status = cohort.previous(reading.row)?.status;
      weigh(reading.pair, number, reading.corrected ? 0 : ((status && WEIGHT[status]) ?? 0));
      if (wasAsked && before && !knowsAsksOf(ledger, before, fields)) lost.add(row);
      if (wasAsked && status && (ACCEPTED_STATUSES as readonly Status[]).includes(status)) accepted.all++;
      if (reading.corrected === undefined) continue;
      if (wasAsked && status && (ACCEPTED_STATUSES as readonly Status[]).includes(status))
        accepted.otherwise++;
      if (!isLeftAlone(status, selection)) corrected.push(reading.corrected);
    }
  }
  if (lost.count === 0) {
    assertSameReading(accepted, path);
    assertNobodyMissing(ledger, seenDone, path, ledgerPath);
  }
  return {
    cohort: own,
    lost,
    rowOf: (pair) => {
      const found = best.get(pair);
      return found === undefined ? undefined : Math.floor(found / WEIGHTS);
    },
    // Another row may still be about them.
    corrected: corrected.filter((pair) => best.get(pair) === undefined),
  };

  function weigh(pair: Pair, number: number, weight: number): void {
    const known = best.get(pair);
    if (known === undefined || known % WEIGHTS < weight) best.set(pair, number * WEIGHTS + weight);
  }
}

interface FormerParts {
  readonly ledger: Ledger;
  readonly ledgerPath: string;
  readonly path: string;
  readonly selection: Selection;
}

/** Cohort with each row judged together with its own results, if it is a results CSV. */
export function judged(cohort: Cohort, witness: Witness): Cohort {
  if (!cohort.isResults) return cohort;
  return { ...cohort, readings: (signal) => judge(cohort, witness, signal) };
}

async function* judge(
  cohort: Cohort,
  witness: Witness,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Reading[]> {
  for await (const batch of cohort.readings(signal))
    yield batch.map((reading) => judgeFormerRow(reading, cohort.previous(reading.row), witness));
}

/** Whether a row's results name somebody else than its own columns do, who was asked. */
function witnessed(reading: Reading): boolean {
  return reading.kind === 'invalid' && reading.problem.code === 'phone_conflict';
}

/** Whether a pair has an outcome that a row should show. A number that failed is often corrected, and then gone. */
function isDone(state: ReturnType<Ledger['state']>): boolean {
  return (
    state !== undefined &&
    state.status !== 'failed' &&
    state.status !== 'not_done' &&
    state.reasonCode !== 'row_corrected'
  );
}

function assertNobodyMissing(ledger: Ledger, seen: number, path: string, ledgerPath: string): void {
  const { counts } = ledger;
  let done = ledger.size - counts.failed - counts.not_done;
  for (const [status, people] of ledger.settledWith('row_corrected'))
    if (status !== 'failed' && status !== 'not_done') done -= people;
  const missing = done - seen;
  if (missing <= 0) return;
  throw new OnboardError(
    'CONFIG',
    `${path} has no row of ${count(missing, 'person', 'people')} whom its ledger knows (${ledgerPath}): rows were taken out, or the file is older than the ledger; nobody is asked now: put the rows back, or run the cohort that it was made from, with --output ${path}`,
  );
}

/** Refuses results if most successful rows look corrected: then their cells are read otherwise than before. */
function assertSameReading(accepted: { readonly all: number; readonly otherwise: number }, path: string) {
  const { all, otherwise } = accepted;
  if (otherwise < 2 || otherwise * 2 <= all) return;
  throw new OnboardError(
    'CONFIG',
    `${path}: ${otherwise} of ${all} rows with an accepted outcome name another person or group than was asked, as they are read now; nobody is asked: give the flags that the first run had (--chat-id, --chat-column, --phone-column, --default-country, …)`,
  );
}

/**
 * Status in former results of the person that a row means now; a corrected row means somebody else, once it is
 * selected.
 */
export function formerStatus(reading: Reading, cohort: Cohort, selection: Selection): Status | undefined {
  const status = cohort.previous(reading.row)?.status;
  const isNew = reading.kind === 'pair' && reading.corrected !== undefined;
  return isNew && !isLeftAlone(status, selection) ? undefined : status;
}

/** Records in the ledger that no row tells of these people any more. Their outcomes stay. */
export async function settleCorrected(corrected: readonly Pair[], ledger: Ledger): Promise<void> {
  const settlements: { pair: Pair; outcome: Outcome }[] = [];
  for (const pair of corrected) {
    const state = ledger.state(pair);
    if (state === undefined || !isDone(state)) continue;
    const { status } = state;
    if (status === 'not_done') continue;
    const { message = '', httpStatus, traceId = '' } = ledger.outcome(pair) ?? {};
    const outcome = { message, httpStatus, traceId, reasonCode: 'row_corrected' } as const;
    settlements.push({ pair, outcome: { ...outcome, status: status === 'in_doubt' ? 'unknown' : status } });
  }
  await ledger.settle(undefined, settlements);
}
