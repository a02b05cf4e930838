import { regionOfParticipant } from '../cohort/phone/numbering.ts';
import { numberText, rowNumber } from '../domain/place.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Pair, Problem, Reading, Row, Sender, Status } from '../domain/words.ts';
import { type Countries, MOST_RARE } from '../report/summary/countries.ts';
import { decide, type Selection } from './decide.ts';
import { PairList } from './pair-list.ts';

/** Everything that a first reading of the cohort shows, without asking anybody. */
export interface Survey {
  readonly rows: number;
  /** Different pairs. */
  readonly pairs: number;
  /** These, in the order of their first rows. */
  readonly list: PairList;
  readonly duplicates: number;
  readonly invalid: number;
  /** Pairs whose outcome is known from the ledger, or carried over from a former results CSV. */
  readonly known: number;
  /** These by what is known of them. */
  readonly knownByStatus: ReadonlyMap<Status | 'in_doubt', number>;
  /** Pairs that a run would ask now. */
  readonly toAsk: number;
  /** Per group in order of appearance: people to ask. */
  readonly groups: ReadonlyMap<ChatId, number>;
  /** The same, per sending phone; undefined: the run's own. */
  readonly routes: ReadonlyMap<ChatId, ReadonlyMap<Sender | undefined, number>>;
  readonly invalidByReason: ReadonlyMap<ReasonCode, number>;
  /** Per country in order of appearance: people to ask. */
  readonly countries: Countries;
  /** Pairs that the ledger has as `unknown`, and that are not asked: the group's membership may settle them by now. */
  readonly unknown: readonly Pair[];
}

export interface Knowledge {
  /** What the ledger has of a pair. */
  ledger(pair: Pair): Status | 'in_doubt' | 'not_done' | undefined;
  /** What a former results CSV has of a row. */
  previous(reading: Reading): Status | undefined;
  /** The number of the row that counts for a pair, where that may not be the first one. */
  rowOf?(pair: Pair): number | undefined;
}

/** Reads the whole cohort once, in memory that grows only with the list of pairs and the number of groups. */
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

/** Counts one more person of a region; the rows of the first few are kept, as those of a rare country are shown. */
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

/** What one sending phone has to do. */
export interface Workload {
  readonly people: number;
  readonly asks: number;
}

/** Per sending phone in order of appearance; undefined: the run's own. Those with nobody to ask are among them. */
export function workloads(plan: Survey, batchSize: number): ReadonlyMap<Sender | undefined, Workload> {
  const found = new Map<Sender | undefined, Workload>();
  for (const route of plan.routes.values()) {
    for (const [sender, people] of route) {
      const before = found.get(sender) ?? { people: 0, asks: 0 };
      const asks = before.asks + Math.ceil(people / batchSize);
      found.set(sender, { people: before.people + people, asks });
    }
  }
  return found;
}

/** The phone with most to do, within what the run does at most (`--limit`). */
export function busiestOf(all: readonly Workload[], asks: number, people: number): Workload {
  return {
    people: Math.min(people, Math.max(0, ...all.map((one) => one.people))),
    asks: Math.min(asks, Math.max(0, ...all.map((one) => one.asks))),
  };
}

/** How many asks the plan needs, in batches of at most `batchSize` people of one group and one sender. */
export function asksNeeded(plan: Survey, batchSize: number): number {
  return [...workloads(plan, batchSize).values()].reduce((sum, { asks }) => sum + asks, 0);
}

/**
 * What to say of ids that look like what JavaScript leaves of long numbers: a script, or a JSON export, has read them as
 * numbers, and another group's id may have come out. One true id in sixteen looks like that; of several, hardly all do.
 */
export function roundedIdsNote(groups: Iterable<ChatId>): string | undefined {
  const ids = [...groups].map((id) => id.replace(/@.*$/, '')).filter((id) => /^\d{16,}$/.test(id));
  if (ids.length === 0 || !ids.every((id) => id.endsWith('0') && String(Number(id)) === id)) return undefined;
  const which = ids.length === 1 ? 'the chat_id ends' : `all ${ids.length} chat_ids end`;
  return `${which} in 0, as a script leaves ids that it has read as numbers, which changes their last digits: compare ${ids.length === 1 ? 'it' : 'one'} with the chat’s info in the Periskope console`;
}
