import { decide, type Selection } from '../asking/decide.ts';
import type { StopReason } from '../asking/run-control.ts';
import { REASONS, type ReasonCode } from '../domain/reasons.ts';
import type { Pair, Reading, Row, Status } from '../domain/words.ts';
import type { ResultRow } from '../reporting/results.ts';

/** What a former results CSV says of a row, in its own words. */
export interface Previous {
  readonly status: Status;
  readonly reasonCode: ReasonCode | '';
  readonly message: string;
  readonly httpStatus: number | undefined;
  readonly attempts: number;
  readonly traceId: string;
  readonly askedAt: number | undefined;
  readonly settledAt: number | undefined;
}

/** What the ledger says of a pair. */
export interface Recorded extends Omit<Previous, 'status'> {
  readonly status: Status | 'in_doubt' | 'not_done';
}

export interface Projection {
  /** The line of the first row of this pair, which is this row's own line when it is the first. */
  firstLine(pair: Pair, line: number): number;
  recorded(pair: Pair): Recorded | undefined;
  previous(row: Row): Previous | undefined;
  readonly selection: Selection;
  readonly dryRun: boolean;
  /** Why the run ended before its end, if it did. */
  readonly stop: StopReason | undefined;
  /** True when `--limit` ended the asking. */
  readonly limited: boolean;
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

/** The cohort's row joined with what is known of it. A projection: the same truth gives the same row. */
export function project(reading: Reading, from: Projection): ResultRow {
  const { row } = reading;
  if (reading.kind === 'invalid') {
    const { code, message } = reading.problem;
    return { ...NOTHING, row, chatId: '', participant: '', status: 'invalid', reasonCode: code, message };
  }
  const { chatId, participant } = reading.pair;
  const pair = { row, chatId, participant };
  const first = from.firstLine(reading.pair, row.line);
  if (first !== row.line) {
    return { ...NOTHING, ...pair, status: 'duplicate', message: `the same person and group as row ${first}` };
  }
  const recorded = from.recorded(reading.pair);
  const previous = from.previous(row);
  const decision = decide({ ledger: recorded?.status, previous: previous?.status }, from.selection);
  if (decision === 'carried' && previous) return { ...pair, ...previous };
  if (from.dryRun && decision === 'ask') return { ...NOTHING, ...pair, status: 'planned' };
  if (recorded) {
    const { status } = recorded;
    if (status === 'in_doubt') {
      const message = recorded.message || REASONS.no_answer.meaning;
      return { ...pair, ...recorded, status: 'unknown', reasonCode: 'no_answer', message };
    }
    if (status !== 'not_done') return { ...pair, ...recorded, status };
  }
  const code: ReasonCode = from.stop?.code ?? (from.limited ? 'limit' : 'throttled');
  const message = from.stop?.message ?? REASONS[code].meaning;
  return {
    ...NOTHING,
    ...pair,
    status: 'not_attempted',
    reasonCode: code,
    message,
    attempts: recorded?.attempts ?? 0,
  };
}
