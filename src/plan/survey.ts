import { regionOfParticipant } from '../cohort/phone/numbering.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import {
  ACCEPTED_STATUSES,
  type ChatId,
  numberText,
  type Pair,
  type Participant,
  type Problem,
  type Reading,
  type Row,
  rowNumber,
  type Sender,
  STATUSES,
  type Status,
} from '../domain/words.ts';
import { grown, PairIndex } from '../lib/pair-index.ts';
import { type Countries, MOST_RARE } from '../report/summary/countries.ts';

/** Pair with the further facts of its first row. */
export interface Listed {
  readonly pair: Pair;
  /** Sending phone of its first row; undefined: the run's own. */
  readonly sender: Sender | undefined;
  /** Its status in a former results CSV. */
  readonly previous: Status | undefined;
}

/** Pairs per turn of the event loop. */
const PIECE = 1_000;

/**
 * Distinct pairs of a cohort in the order of their first rows, kept from the survey: a run asks exactly for the people
 * that were counted and agreed to, even if the file changes, and does not read it again. About 30 bytes a pair.
 */
export class PairList {
  /** The number of a pair is its participant: at most 15 digits, which a double holds. */
  readonly #index = new PairIndex();
  /** Entry → place in `#names` + 1; 0: the run's own phone. Empty until a row names a phone. */
  #senders = new Uint32Array(0);
  readonly #names: Sender[] = [];
  readonly #places = new Map<Sender, number>();
  /** Entry → place in STATUSES + 1; 0: none. Empty without former results. */
  #previous = new Uint8Array(0);

  get size(): number {
    return this.#index.size;
  }

  /** Adds the pair. False, without effect, when it is listed already: a variant of a participant is the same person. */
  add(pair: Pair, sender: Sender | undefined, previous: Status | undefined): boolean {
    const entry = this.#index.size;
    if (!this.#index.add(pair)) return false;
    this.#index.setAt(entry, Number(pair.participant));
    if (sender !== undefined) {
      this.#senders = grown(this.#senders, entry + 1);
      this.#senders[entry] = this.#placeOf(sender);
    }
    if (previous !== undefined) {
      this.#previous = grown(this.#previous, entry + 1);
      this.#previous[entry] = STATUSES.indexOf(previous) + 1;
    }
    return true;
  }

  /** The listed pair; undefined: not listed. */
  find(pair: Pair): Listed | undefined {
    const entry = this.#index.find(pair);
    return entry === -1 ? undefined : this.#at(entry);
  }

  *[Symbol.iterator](): Generator<Listed, void, undefined> {
    for (let entry = 0; entry < this.size; entry++) yield this.#at(entry);
  }

  /** The pairs in pieces, each in its own turn of the event loop, so that a million do not block everything else. */
  async *pieces(): AsyncGenerator<readonly Listed[], void, undefined> {
    for (let from = 0; from < this.size; from += PIECE) {
      const to = Math.min(from + PIECE, this.size);
      yield Array.from({ length: to - from }, (_, i) => this.#at(from + i));
      // After pending answers, timers and signals.
      if (to < this.size) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #at(entry: number): Listed {
    const chatId = this.#index.chatAt(entry);
    const participant = String(this.#index.valueAt(entry)) as Participant;
    return {
      pair: { chatId, participant },
      sender: this.#names[(this.#senders[entry] ?? 0) - 1],
      previous: STATUSES[(this.#previous[entry] ?? 0) - 1],
    };
  }

  #placeOf(sender: Sender): number {
    let place = this.#places.get(sender);
    if (place === undefined) {
      place = this.#names.push(sender);
      this.#places.set(sender, place);
    }
    return place;
  }
}

/** Returns a function that gives the number of the first row of a pair, for every row of it. */
export function firstRows(): (pair: Pair, number: number) => number {
  const index = new PairIndex();
  return (pair, number) => {
    const before = index.size;
    const entry = index.insert(pair);
    if (entry === before) index.setAt(entry, number);
    return index.valueAt(entry);
  };
}

/** Everything that a first reading of the cohort shows, before any ask. */
export interface Survey {
  readonly rows: number;
  /** Number of distinct pairs. */
  readonly pairs: number;
  /** Distinct pairs in the order of their first rows. */
  readonly list: PairList;
  readonly duplicates: number;
  readonly invalid: number;
  /** Number of pairs with an outcome in the ledger or in a former results CSV. */
  readonly known: number;
  /** Known pairs per status. */
  readonly knownByStatus: ReadonlyMap<Status | 'in_doubt', number>;
  /** Number of pairs that a run would ask now. */
  readonly toAsk: number;
  /** People to ask per group, in order of appearance. */
  readonly groups: ReadonlyMap<ChatId, number>;
  /** People to ask per group and sending phone; undefined: the run's own. */
  readonly routes: ReadonlyMap<ChatId, ReadonlyMap<Sender | undefined, number>>;
  readonly invalidByReason: ReadonlyMap<ReasonCode, number>;
  /** People to ask per country, in order of appearance. */
  readonly countries: Countries;
  /** Pairs that the ledger has as `unknown` and that are not asked: the group's membership may settle them by now. */
  readonly unknown: readonly Pair[];
}

export interface Knowledge {
  /** State of a pair in the ledger. */
  ledger(pair: Pair): Status | 'in_doubt' | 'not_done' | undefined;
  /** Status of a row in a former results CSV. */
  previous(reading: Reading): Status | undefined;
  /** Number of the row that counts for a pair, where it may not be the first one. */
  rowOf?(pair: Pair): number | undefined;
}

/** Reads the whole cohort once. Memory grows only with the list of pairs and the number of groups. */
export async function survey(
  readings: AsyncIterable<readonly Reading[]>,
  knowledge: Knowledge,
  selection: Selection,
  onProblem?: (row: Row, problem: Problem) => void,
): Promise<Survey> {
  let rows = 0;
  let duplicates = 0;
  let invalid = 0;
  let known = 0;
  const knownByStatus = new Map<Status | 'in_doubt', number>();
  let toAsk = 0;
  const groups = new Map<ChatId, number>();
  const routes = new Map<ChatId, Map<Sender | undefined, number>>();
  const invalidByReason = new Map<ReasonCode, number>();
  const countries = new Map<string, { people: number; readonly rows: string[] }>();
  const unknown: Pair[] = [];
  const list = new PairList();
  for await (const batch of readings) {
    for (const reading of batch) {
      rows++;
      if (reading.kind === 'invalid') {
        invalid++;
        const { code } = reading.problem;
        invalidByReason.set(code, (invalidByReason.get(code) ?? 0) + 1);
        onProblem?.(reading.row, reading.problem);
        continue;
      }
      const previous = knowledge.previous(reading);
      const counts = knowledge.rowOf?.(reading.pair);
      const isCopy = counts !== undefined && counts !== rowNumber(reading.row);
      if (isCopy || !list.add(reading.pair, reading.sender, previous)) {
        duplicates++;
        continue;
      }
      const ledger = knowledge.ledger(reading.pair);
      const { chatId } = reading.pair;
      const decision = decide({ ledger, previous }, selection);
      const route = routes.get(chatId) ?? new Map<Sender | undefined, number>();
      if (route.size === 0) routes.set(chatId, route);
      const before = route.get(reading.sender) ?? 0;
      route.set(reading.sender, before);
      if (decision === 'ask') {
        toAsk++;
        groups.set(chatId, (groups.get(chatId) ?? 0) + 1);
        route.set(reading.sender, before + 1);
        addTo(countries, regionOfParticipant(reading.pair.participant), reading.row);
      } else {
        known++;
        const status = (decision === 'carried' ? previous : ledger) as Status | 'in_doubt';
        knownByStatus.set(status, (knownByStatus.get(status) ?? 0) + 1);
        if (ledger === 'unknown') unknown.push(reading.pair);
        if (!groups.has(chatId)) groups.set(chatId, 0);
      }
    }
  }
  const counts = { rows, pairs: list.size, duplicates, invalid, known, toAsk };
  return { ...counts, list, knownByStatus, groups, routes, invalidByReason, countries, unknown };
}

/** Counts one more person of a region; keeps the first few rows, which are shown for a rare country. */
function addTo(
  countries: Map<string, { people: number; readonly rows: string[] }>,
  region: string,
  row: Row,
): void {
  const known = countries.get(region);
  if (known === undefined) {
    countries.set(region, { people: 1, rows: [numberText(row)] });
    return;
  }
  known.people++;
  if (known.people <= MOST_RARE) known.rows.push(numberText(row));
}

/**
 * Warning about ids that look rounded by JavaScript: a script or a JSON export has read them as numbers, and the result
 * may be another group's id. One true id in sixteen looks like that; of several, hardly all do.
 */
export function roundedIdsNote(groups: Iterable<ChatId>): string | undefined {
  const ids = [...groups].map((id) => id.replace(/@.*$/, '')).filter((id) => /^\d{16,}$/.test(id));
  if (ids.length === 0 || !ids.every((id) => id.endsWith('0') && String(Number(id)) === id)) return undefined;
  const which = ids.length === 1 ? 'the chat_id ends' : `all ${ids.length} chat_ids end`;
  return `${which} in 0, as a script leaves ids that it has read as numbers, which changes their last digits: compare ${ids.length === 1 ? 'it' : 'one'} with the chat’s info in the Periskope console`;
}

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
