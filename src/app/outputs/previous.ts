import type { PreviousResult } from '../../cohort/cohort.ts';
import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import type { Previous } from './project.ts';

/** A former results CSV's own words about a row, as values. Cells that people have edited into nonsense become nothing. */
export function previousOf(found: PreviousResult | undefined): Previous | undefined {
  if (found === undefined) return undefined;
  const { fields } = found;
  const time = (text: string) => {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : ms;
  };
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
  return {
    status: found.status,
    reasonCode: Object.hasOwn(REASONS, fields.reason_code) ? (fields.reason_code as ReasonCode) : '',
    message: fields.message,
    httpStatus: number(fields.http_status),
    attempts: number(fields.attempts) ?? 0,
    traceId: fields.trace_id,
    askedAt: time(fields.asked_at),
    settledAt: time(fields.settled_at),
  };
}
