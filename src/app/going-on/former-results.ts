import type { Cohort } from '../../cohort/cohort.ts';
import {
  type FormerRow,
  formerPair,
  judgeFormerRow,
  openFormer,
  tellsOfAsk,
} from '../../cohort/results-file.ts';
import { OnboardError, usage } from '../../domain/errors.ts';
import { parseChatId } from '../../domain/ids.ts';
import { type Shard, shardOfGroup } from '../../domain/shard.ts';
import {
  ACCEPTED_STATUSES,
  type Pair,
  type Place,
  type Reading,
  type ResultCells,
  rowNumber,
  rowText,
  type Settlement,
  type Status,
} from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { PairIndex } from '../../lib/pair-index.ts';
import { count } from '../../lib/text.ts';
import { isLeftAlone, type Selection } from '../../plan/survey.ts';
import { shellWords } from '../exit.ts';

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
 * Reads all of a results CSV once, as a cohort, together with its ledger.
 * @param path names it in messages
 * @throws OnboardError CONFIG when the file is not as the ledger's last run left it: people of the ledger are missing,
 * or it is read otherwise than before
 */
export async function readFormerResults(
  cohort: Cohort,
  { ledger, ledgerPath, path, selection }: FormerParts,
) {
  const own = judged(cohort, (pair) => isAsked(ledger, pair));
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
      const fields = cohort.former(row);
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
      const status = cohort.previous(row)?.status;
      weigh(reading.pair, number, reading.corrected ? 0 : ((status && WEIGHT[status]) ?? 0));
      if (wasAsked && before && !knowsAsksOf(ledger, before, fields)) lost.add(row);
      const isAccepted = wasAsked && ACCEPTED_STATUSES.some((one) => one === status);
      if (isAccepted) accepted.all++;
      if (reading.corrected === undefined) continue;
      if (isAccepted) accepted.otherwise++;
      if (!isLeftAlone(status, selection)) corrected.push(reading.corrected);
    }
  }
  if (lost.count === 0) {
    assertSameReading(accepted, path);
    assertNobodyMissing(ledger, seenDone, path, ledgerPath);
  }
  return {
    /** Its rows by their own columns, each judged together with its results. */
    cohort: own,
    /** Asks in the results that the ledger does not know. */
    lost,
    /** Number of the row that counts for a pair: the first of the rows whose results say most. */
    rowOf: (pair: Pair) => {
      const found = best.get(pair);
      return found === undefined ? undefined : Math.floor(found / WEIGHTS);
    },
    // Another row may still be about the people who were asked for rows that have been corrected since.
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
export function judged(cohort: Cohort, isAsked: (pair: Pair) => boolean): Cohort {
  if (!cohort.isResults) return cohort;
  return {
    ...cohort,
    async *readings(signal) {
      for await (const batch of cohort.readings(signal))
        yield batch.map((reading) => judgeFormerRow(reading, cohort.former(reading.row), isAsked));
    },
  };
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
  throw usage(
    `${path} has no row of ${count(missing, 'person', 'people')} whom its ledger knows (${ledgerPath}): rows were taken out, or the file is older than the ledger; nobody is asked now: put the rows back, or run the cohort that it was made from, with --output ${path}`,
  );
}

/** Refuses results if most successful rows look corrected: then their cells are read otherwise than before. */
function assertSameReading(accepted: { readonly all: number; readonly otherwise: number }, path: string) {
  const { all, otherwise } = accepted;
  if (otherwise < 2 || otherwise * 2 <= all) return;
  throw usage(
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
  const settlements: Settlement[] = [];
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

export type Known = Pick<Ledger, 'state' | 'size'>;

export const NOTHING_KNOWN: Known = { state: () => undefined, size: 0 };

/** Whether the ledger has an ask of this pair that was done, or may have been. */
export function isAsked(ledger: Known, pair: Pair): boolean {
  const state = ledger.state(pair);
  return state !== undefined && state.attempts > 0 && state.status !== 'not_done';
}

/** Whether the ledger knows all asks in the results. An older copy knows fewer. */
function knowsAsksOf(ledger: Known, pair: Pair, { attempts }: ResultCells): boolean {
  const told = /^\d{1,6}$/.test(attempts) ? Number(attempts) : 0;
  return isAsked(ledger, pair) && (ledger.state(pair)?.attempts ?? 0) >= told;
}

/** Rows of results with asks that the ledger does not know. */
class LostAsks {
  count = 0;
  #first: Place = { line: 0 };

  add(row: Place): void {
    if (this.count++ === 0) this.#first = { line: row.line, number: row.number };
  }

  /**
   * @param how flags for the ledger's place and origin
   * @throws OnboardError CONFIG when there is such a row
   */
  refuse(results: string, ledger: string, isThere: boolean, how: readonly string[]): void {
    if (this.count === 0) return;
    const which = `${this.count === 1 ? '' : 'the first in '}${rowText(this.#first)}`;
    const but = isThere
      ? `the ledger knows nothing of it, or less (${ledger}): it was emptied, cut, or is an older copy`
      : `the ledger that keeps them from being asked again is missing (${ledger})`;
    throw usage(
      `${results} says that ${count(this.count, 'person', 'people')} ${this.count === 1 ? 'was' : 'were'} asked (${which}), but ${but}; nobody is asked now: restore the ledger, or have it made again from the results`,
      { command: shellWords(['rebuild-ledger', results, ...how]) },
    );
  }
}

/**
 * Finds asks in the results that the ledger does not know: it was lost, was cut, or is an older copy. Only the ledger
 * keeps a run from asking people again.
 * @param shard whose groups count; undefined: all do
 */
export async function lostAsksIn(results: string, ledger: Known, shard?: Shard): Promise<LostAsks> {
  const lost = new LostAsks();
  const known = new PairIndex();
  /** Rows that a spreadsheet has damaged: each is about a person whom the ledger has to know, and no other row names. */
  const nameless: Place[] = [];
  for await (const { row, fields } of formerRowsOf(results)) {
    const wasAsked = tellsOfAsk(fields);
    const pair = formerPair(fields);
    const chatId = pair?.chatId ?? parseChatId(fields.chat_id);
    if (shard !== undefined && (chatId === undefined || !isInShard({ chatId }, shard))) continue;
    if (pair === undefined) {
      if (wasAsked || fields.settled_at !== '') nameless.push({ line: row.line, number: row.number });
    } else if (wasAsked && !knowsAsksOf(ledger, pair, fields)) lost.add(row);
    else if (ledger.state(pair) !== undefined) known.add(pair);
  }
  for (const row of nameless.slice(0, Math.max(0, nameless.length - (ledger.size - known.size))))
    lost.add(row);
  return lost;
}

/** Whether the pair's group belongs to this shard; always true without one. */
export function isInShard({ chatId }: Pick<Pair, 'chatId'>, shard: Shard | undefined): boolean {
  return shard === undefined || shardOfGroup(chatId, shard.count) === shard.index;
}

/** Rows of a results CSV; empty when the file is missing, has no row, or is not a results CSV. */
export async function* formerRowsOf(path: string): AsyncGenerator<FormerRow> {
  const former = await openFormer(path).catch((error: unknown) => {
    if (error instanceof OnboardError && error.code === 'COHORT_UNREADABLE') return undefined;
    throw error;
  });
  if (former !== undefined) for await (const batch of former()) yield* batch;
}
