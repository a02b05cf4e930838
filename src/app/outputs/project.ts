import type { Cohort } from '../../cohort/cohort.ts';
import { type Previous, previousOf } from '../../cohort/results-file.ts';
import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import {
  type Pair,
  type Reading,
  type ResultCells,
  type Row,
  rowNumber,
  type Sender,
  type Status,
} from '../../domain/words.ts';
import { decide, isLeftAlone, type Selection } from '../../plan/survey.ts';
import type { OwnColumns, ReportRow } from '../../report/html/people.ts';
import { bareCell, type ResultRow } from '../../report/results/results.ts';
import type { StopReason } from '../../send/run-control.ts';

/** Knowledge about a pair besides its status. */
type Words = Omit<Previous, 'status'>;

export interface Recorded extends Words {
  readonly status: Status | 'in_doubt' | 'not_done';
}

export interface Projection {
  /** Number of the first row of this pair; the row's own number when it is the first. */
  firstRow(pair: Pair, number: number): number;
  recorded(pair: Pair): Recorded | undefined;
  /** Former results of the person that the row names now. */
  previous(reading: Reading): Previous | undefined;
  /** Cells of a row's own results, where the cohort is a results CSV. */
  former?(row: Row): ResultCells | undefined;
  readonly selection: Selection;
  readonly dryRun: boolean;
  readonly stop: StopReason | undefined;
  /** Reason why one phone of several was stopped early, while the run went on. */
  stopOf?(sender: Sender | undefined): StopReason | undefined;
  readonly limited: boolean;
  /** Whether WhatsApp throttled this pair to the end. */
  throttled?(pair: Pair): boolean;
}

const NOTHING = {
  reasonCode: '',
  message: '',
  httpStatus: undefined,
  attempts: 0,
  traceId: '',
  askedAt: undefined,
  settledAt: undefined,
} as const;

/** Cohort's row joined with the known facts about it. A projection: the same facts give the same row. */
export function project(reading: Reading, from: Projection): ResultRow {
  const result = joined(reading, from);
  // A row of results keeps the number that it has in the cohort.
  const number = Number(from.former?.(reading.row)?.row);
  return Number.isSafeInteger(number) && number > 0 ? { ...result, number } : result;
}

function joined(reading: Reading, from: Projection): ResultRow {
  const { row } = reading;
  const former = from.former?.(row);
  if (reading.kind === 'invalid') return unusable(reading, former, from);
  const { pair } = reading;
  const own = rowNumber(row);
  const first = from.firstRow(pair, own);
  if (first !== own) {
    return resultRow(row, pair, 'duplicate', {
      ...NOTHING,
      message: `the same person and group as row ${first}`,
    });
  }
  const recorded = from.recorded(pair);
  const previous = from.previous(reading);
  const decision = decide({ ledger: recorded?.status, previous: previous?.status }, from.selection);
  if (decision === 'carried' && previous) return asItWas(row, pair, previous, former);
  if (from.dryRun && decision === 'ask') return resultRow(row, pair, 'planned', NOTHING);
  if (recorded?.status === 'in_doubt') {
    const message = recorded.message || REASONS.no_answer.meaning;
    return resultRow(row, pair, 'unknown', { ...recorded, reasonCode: 'no_answer', message });
  }
  if (recorded && recorded.status !== 'not_done') return resultRow(row, pair, recorded.status, recorded);
  const stop = recorded && from.throttled?.(pair) ? undefined : (from.stopOf?.(reading.sender) ?? from.stop);
  const reasonCode: ReasonCode = stop?.code ?? reasonWithoutStop(from, pair, recorded);
  const message = stop?.message ?? REASONS[reasonCode].meaning;
  return resultRow(row, pair, 'not_attempted', {
    ...NOTHING,
    reasonCode,
    message,
    attempts: recorded?.attempts ?? 0,
  });
}

/**
 * Row that can not be used. Keeps the former results of a person who was asked, or may have been: the next run reads
 * them there.
 */
function unusable(
  { row, problem }: Extract<Reading, { kind: 'invalid' }>,
  former: ResultCells | undefined,
  { selection }: Projection,
): ResultRow {
  const { code: reasonCode, message } = problem;
  const previous = former && previousOf(former);
  if (previous && isLeftAlone(previous.status, selection)) return asItWas(row, undefined, previous, former);
  const result = resultRow(row, undefined, 'invalid', { ...NOTHING, reasonCode, message });
  if (former === undefined || (former.asked_at === '' && reasonCode !== 'status_edited')) return result;
  return { ...result, former: { ...former, status: 'invalid', reason_code: reasonCode, message } };
}

/** Row of former results, cell by cell. */
function asItWas(
  row: Row,
  pair: Pair | undefined,
  previous: Previous,
  former: ResultCells | undefined,
): ResultRow {
  const result = resultRow(row, pair, previous.status, previous);
  return former ? { ...result, former } : result;
}

/**
 * Reason of a row without a result in a run that was not stopped. Every surveyed pair is in the ledger when the asking
 * has ended: a pair that is not was added since.
 */
function reasonWithoutStop(
  { limited, throttled }: Projection,
  pair: Pair,
  recorded: Recorded | undefined,
): ReasonCode {
  if (recorded && throttled?.(pair)) return 'whatsapp_throttled';
  if (limited) return 'limit';
  return recorded ? 'throttled' : 'cohort_changed';
}

function resultRow(row: Row, pair: Pair | undefined, status: Status, facts: Words): ResultRow {
  return { row, chatId: '', participant: '', ...pair, ...facts, status };
}

/** The cohort's own columns, as the report shows them. */
export function ownColumnsOf(cohort: Cohort): OwnColumns {
  const names = cohort.columns.slice(0, cohort.ownWidth);
  const at = (name: string | undefined) => (name === undefined ? -1 : names.indexOf(name));
  return {
    names,
    chatAt: at(cohort.chatColumn),
    phoneAt: at(cohort.phoneColumn),
    nameAt: cohort.nameColumns,
  };
}

/** Row of the results, as the page and the to-do list show it. */
export function reportRow(result: ResultRow, name: string): ReportRow {
  const { row, chatId, participant, status, reasonCode, message, traceId, askedAt } = result;
  return {
    number: result.number ?? rowNumber(row),
    ...(row.number !== undefined && { line: row.line }),
    name,
    own: row.fields,
    chatId,
    participant,
    status,
    reasonCode,
    message,
    traceId,
    askedAt,
  };
}

/** Row of existing results in the file's own words; undefined when it holds no status. */
export function writtenRow(cohort: Cohort, row: Row): ReportRow | undefined {
  const fields = cohort.former(row);
  const previous = previousOf(fields);
  if (!fields || !previous) return undefined;
  const { status, reasonCode, message, traceId, askedAt } = previous;
  return {
    number: Number(fields.row) || rowNumber(row),
    name: bareCell(cohort.nameOf(row)),
    own: row.fields.slice(0, cohort.ownWidth).map(bareCell),
    chatId: bareCell(fields.chat_id),
    participant: bareCell(fields.participant),
    ...{ status, reasonCode, message, traceId, askedAt },
  };
}
