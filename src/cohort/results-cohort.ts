import { RESULT_COLUMNS, type ResultColumn } from '../domain/results-columns.ts';
import { type Row, STATUSES, type Status } from '../domain/words.ts';

/** What a row's own results columns say, when the cohort is itself a results CSV. */
export interface PreviousResult {
  readonly status: Status;
  readonly fields: Readonly<Record<ResultColumn, string>>;
}

/** Where the results columns begin, when the header ends with all of them in order (trailing blanks aside). */
export function findResults(columns: readonly string[]): number | undefined {
  let end = columns.length;
  while (end > 0 && (columns[end - 1] as string).trim() === '') end--;
  const start = end - RESULT_COLUMNS.length;
  const all =
    start >= 0 && RESULT_COLUMNS.every((name, at) => columns[start + at]?.trim().toLowerCase() === name);
  return all ? start : undefined;
}

/** The results of a row, or undefined when its status cell holds no status (somebody has edited it). */
export function readPrevious(row: Row, start: number): PreviousResult | undefined {
  const cell = (at: number) => (row.fields[start + at] ?? '').trim();
  const said = cell(RESULT_COLUMNS.indexOf('status')).toLowerCase();
  const status = STATUSES.find((one) => one === said);
  if (status === undefined) return undefined;
  // The results writer sets an apostrophe before what a spreadsheet would take for a formula.
  const entries = RESULT_COLUMNS.map((name, at) => [name, cell(at).replace(/^'(?=[=+\-@\t\r＝＋－＠])/, '')]);
  return { status, fields: Object.fromEntries(entries) as Record<ResultColumn, string> };
}
