import { decide, type Selection } from '../asking/decide.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Pair, Problem, Reading, Status } from '../domain/words.ts';

/** Everything that a first reading of the cohort shows, without asking anybody. */
export interface Survey {
  readonly rows: number;
  /** Different pairs. */
  readonly pairs: number;
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
  readonly invalidByReason: ReadonlyMap<ReasonCode, number>;
  /** Pairs that the ledger has as `unknown`, and that are not asked: the group's membership may settle them by now. */
  readonly unknown: readonly Pair[];
}

export interface Knowledge {
  /** What the ledger has of a pair. */
  ledger(pair: Pair): Status | 'in_doubt' | 'not_done' | undefined;
  /** What a former results CSV has of a row. */
  previous(reading: Reading): Status | undefined;
}

export interface Seen {
  /** True the first time that this pair comes by. A variant of a participant is the same person. */
  first(pair: Pair): boolean;
}

/** Reads the whole cohort once, in memory that grows only with the index of pairs and the number of groups. */
export async function survey(
  readings: AsyncIterable<readonly Reading[]>,
  seen: Seen,
  knowledge: Knowledge,
  selection: Selection,
  onProblem?: (line: number, problem: Problem) => void,
): Promise<Survey> {
  let rows = 0;
  let pairs = 0;
  let duplicates = 0;
  let invalid = 0;
  let known = 0;
  const knownByStatus = new Map<Status | 'in_doubt', number>();
  let toAsk = 0;
  const groups = new Map<ChatId, number>();
  const invalidByReason = new Map<ReasonCode, number>();
  const unknown: Pair[] = [];
  for await (const batch of readings) {
    for (const reading of batch) {
      rows++;
      if (reading.kind === 'invalid') {
        invalid++;
        const { code } = reading.problem;
        invalidByReason.set(code, (invalidByReason.get(code) ?? 0) + 1);
        onProblem?.(reading.row.line, reading.problem);
      } else if (!seen.first(reading.pair)) {
        duplicates++;
      } else {
        pairs++;
        const ledger = knowledge.ledger(reading.pair);
        const { chatId } = reading.pair;
        const previous = knowledge.previous(reading);
        const decision = decide({ ledger, previous }, selection);
        if (decision === 'ask') {
          toAsk++;
          groups.set(chatId, (groups.get(chatId) ?? 0) + 1);
        } else {
          known++;
          const status = (decision === 'carried' ? previous : ledger) as Status | 'in_doubt';
          knownByStatus.set(status, (knownByStatus.get(status) ?? 0) + 1);
          if (ledger === 'unknown') unknown.push(reading.pair);
          if (!groups.has(chatId)) groups.set(chatId, 0);
        }
      }
    }
  }
  return { rows, pairs, duplicates, invalid, known, knownByStatus, toAsk, groups, invalidByReason, unknown };
}

/** How many asks the plan needs, in batches of at most `batchSize` people of one group. */
export function asksNeeded(plan: Survey, batchSize: number): number {
  let asks = 0;
  for (const people of plan.groups.values()) asks += Math.ceil(people / batchSize);
  return asks;
}
