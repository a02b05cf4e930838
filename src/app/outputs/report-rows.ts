import type { Cohort } from '../../cohort/cohort.ts';
import type { OwnColumns, ReportRow } from '../../report/html/report.ts';
import type { ResultRow } from '../../report/results/results.ts';

/** The cohort's own columns, as the report shows them. */
export function ownColumnsOf(cohort: Cohort): OwnColumns {
  const names = cohort.columns.slice(0, cohort.ownWidth);
  const at = (name: string | undefined) => (name === undefined ? -1 : names.indexOf(name));
  return { names, chatAt: at(cohort.chatColumn), phoneAt: at(cohort.phoneColumn) };
}

/** A row of the results, as the report takes it. */
export function reportRow(result: ResultRow): ReportRow {
  const { row, chatId, participant, status, reasonCode, message, traceId, askedAt } = result;
  return {
    line: row.line,
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
