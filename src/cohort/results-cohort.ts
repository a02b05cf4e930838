import { RESULT_COLUMNS, type ResultColumn } from '../domain/results-columns.ts';
import { type Problem, type Row, STATUSES, type Status } from '../domain/words.ts';
import { quote } from './file/quote.ts';

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

/** Names that no cohort has by chance, and how many of them make it a results CSV that somebody has changed. */
const TELLING: readonly ResultColumn[] = [
  'participant',
  'reason_code',
  'http_status',
  'trace_id',
  'asked_at',
  'settled_at',
];
const ENOUGH = 3;

/** Whether the header is that of results whose columns are not all where they were: who was asked cannot be read there. */
export function areResultsChanged(columns: readonly string[]): boolean {
  const names = new Set(columns.map((column) => column.trim().toLowerCase()));
  return findResults(columns) === undefined && TELLING.filter((name) => names.has(name)).length >= ENOUGH;
}

/** What is wrong with the row's own results, where somebody has edited what says whether this person was asked. */
export function editedStatus(row: Row, start: number): Problem | undefined {
  const cell = (name: ResultColumn) => (row.fields[start + RESULT_COLUMNS.indexOf(name)] ?? '').trim();
  const said = cell('status');
  const known = STATUSES.some((one) => one === said.toLowerCase());
  // A row that somebody has added has none of it.
  if (known || (said === '' && cell('asked_at') === '' && cell('settled_at') === '')) return undefined;
  const what = said === '' ? 'was cleared' : `is now ${quote(said)}`;
  const message = `the status ${what}, so that nobody knows whether this person was asked: put the word back, or clear all cells from “row” to “settled_at” to have them asked`;
  return { code: 'status_edited', message, column: 'status', value: said };
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
