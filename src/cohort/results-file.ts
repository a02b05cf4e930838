import { OnboardError } from '../domain/errors.ts';
import {
  type Place,
  type Problem,
  RESULT_COLUMNS,
  type ResultColumn,
  type Row,
  rowText,
  STATUSES,
  type Status,
} from '../domain/words.ts';
import { quote } from './cell.ts';
import { statCohort } from './file/bytes.ts';
import { findEncoding } from './file/encoding.ts';
import { type Layout, recordsBelow, recordsOf, toRow } from './file/reader.ts';
import type { CsvRecord } from './file/records.ts';

/** Values of a row's results columns, when the cohort is itself a results CSV. */
export interface PreviousResult {
  readonly status: Status;
  readonly fields: Readonly<Record<ResultColumn, string>>;
}

/** Index of the first results column, when the header ends with all of them in order (trailing blanks aside). */
export function findResults(columns: readonly string[]): number | undefined {
  let end = columns.length;
  while (end > 0 && (columns[end - 1] as string).trim() === '') end--;
  const start = end - RESULT_COLUMNS.length;
  const all =
    start >= 0 && RESULT_COLUMNS.every((name, at) => columns[start + at]?.trim().toLowerCase() === name);
  return all ? start : undefined;
}

/** Column names that no cohort has by chance; with enough of them, the file is an edited results CSV. */
const TELLING: readonly ResultColumn[] = [
  'participant',
  'reason_code',
  'http_status',
  'trace_id',
  'asked_at',
  'settled_at',
];
const ENOUGH = 3;

/** Whether the header is that of a results CSV with moved or missing columns: it no longer tells who was asked. */
export function areResultsChanged(columns: readonly string[]): boolean {
  const names = new Set(columns.map((column) => column.trim().toLowerCase()));
  return findResults(columns) === undefined && TELLING.filter((name) => names.has(name)).length >= ENOUGH;
}

/** Statuses of rows that were not asked. */
const NOT_ASKED: readonly Status[] = ['planned', 'invalid', 'duplicate', 'not_attempted'];
/** Reasons of rows found invalid by a run. Such a row may still name a person asked before an edit. */
const UNUSABLE =
  /^(?:phone_(?!not_connected|blocked)|chat_id_|group_name_|too_(?:few|many)_fields$|unreadable_row$|sender_(?:missing|unreadable)$)/;

/** Problem with the results of a row, where an edit has changed whether this person was asked. */
export function editedStatus(row: Row, start: number): Problem | undefined {
  const cells = formerCells(row, start);
  const { status: said, reason_code: reason } = cells;
  const wasAsked = tellsOfAsk(cells);
  const status = STATUSES.find((one) => one === said.toLowerCase());
  const problem = (message: string): Problem => ({
    code: 'status_edited',
    message,
    column: 'status',
    value: said,
  });
  // Found by an earlier run, and still not corrected.
  if (status === 'invalid' && reason === 'status_edited')
    return problem(cells.message || edited('was edited'));
  if (status !== undefined) {
    if (!wasAsked || !NOT_ASKED.includes(status)) return undefined;
    if (status === 'invalid' && UNUSABLE.test(reason)) return undefined;
    return problem(
      edited(
        `is now ${quote(said)}, and ${cells.asked_at === '' ? 'attempts' : 'asked_at'} says that they were asked`,
      ),
    );
  }
  // A row added by hand has no results.
  if (said === '' && !wasAsked && cells.settled_at === '') return undefined;
  return problem(edited(said === '' ? 'was cleared' : `is now ${quote(said)}`));
}

function edited(what: string): string {
  return `the status ${what}, so that nobody knows whether this person was asked: put the word back, or clear all cells from “row” to “settled_at” (who was asked is not asked again by that)`;
}

/** Results columns of a row, unchecked. */
export function formerCells(row: Row, start: number): PreviousResult['fields'] {
  // The results writer puts an apostrophe before anything that a spreadsheet would take for a formula.
  const cell = (at: number) => (row.fields[start + at] ?? '').trim().replace(/^'(?=[=+\-@\t\r＝＋－＠])/, '');
  return Object.fromEntries(RESULT_COLUMNS.map((name, at) => [name, cell(at)])) as PreviousResult['fields'];
}

/** Whether the results of a row tell of an ask, also after `asked_at` was cleared. */
export function tellsOfAsk(fields: PreviousResult['fields']): boolean {
  const isSettled = fields.settled_at !== '' && /^0*[1-9]\d*$/.test(fields.attempts);
  return fields.asked_at !== '' || isSettled;
}

/** Results of a row; undefined when its status cell holds no valid status (it was edited). */
export function readPrevious(row: Row, start: number): PreviousResult | undefined {
  const fields = formerCells(row, start);
  const status = STATUSES.find((one) => one === fields.status.toLowerCase());
  return status && { status, fields };
}

/** Record of a results CSV: its place there, its raw cells, and the values for merging it. */
export interface ResultsRecord extends Place {
  /** Row of the cohort, from the `row` cell. */
  readonly row: number;
  readonly status: Status;
  readonly fields: readonly string[];
}

/** Results CSV as `run` wrote it, for merging cell by cell. */
export interface ResultsFile {
  readonly path: string;
  readonly columns: readonly string[];
  /** Number of the cohort's own columns. */
  readonly ownWidth: number;
  /** Whether it was written with `--excel`. */
  readonly excel: boolean;
  /**
   * Every record in order, in batches; `row` rises from each to the next, except within the lines of one unreadable
   * record. Throws COHORT_UNREADABLE where the file is damaged.
   */
  records(): AsyncGenerator<readonly ResultsRecord[], void, undefined>;
}

const ROW = 0;
const STATUS = 3;
const REASON = 4;

/**
 * Opens a results CSV. It may have no rows: a shard may have no group.
 * @throws OnboardError COHORT_UNREADABLE (no such file, …), COHORT_COLUMNS (not a results CSV)
 */
export async function openResultsFile(path: string): Promise<ResultsFile> {
  const file = await statCohort(path, path);
  const layout: Layout = { file, encoding: 'utf-8', delimiter: ',', sepLine: false };
  const columns = await headerOf(layout);
  const start = columns && findResults(columns);
  if (columns === undefined || start === undefined) {
    throw new OnboardError('COHORT_COLUMNS', `${path} is not a results CSV: give the files that run wrote`);
  }
  // Written with `--excel`, it begins with a byte order mark.
  const { marked: excel } = await findEncoding(file, layout.encoding);
  return { path, columns, ownWidth: start, excel, records: () => records(path, layout, columns, start) };
}

async function headerOf(layout: Layout): Promise<readonly string[] | undefined> {
  for await (const [first] of recordsOf(layout)) return first?.fields;
  return undefined;
}

async function* records(
  path: string,
  layout: Layout,
  columns: readonly string[],
  start: number,
): AsyncGenerator<readonly ResultsRecord[], void, undefined> {
  let last: Place & { readonly row: number } = { line: 0, row: 0 };
  for await (const batch of recordsBelow(layout)) {
    yield batch.map((record) => {
      const read = recordOf(path, record, columns.length, start);
      if (read.row < last.row || (read.row === last.row && read.fields[start + REASON] !== 'unreadable_row'))
        throw outOfOrder(path, read, last);
      last = read;
      return read;
    });
  }
}

function recordOf(path: string, record: CsvRecord, width: number, start: number): ResultsRecord {
  const { line, number, broken } = record;
  const wrong = (what: string) =>
    new OnboardError(
      'COHORT_UNREADABLE',
      `${path} ${rowText(record)}: ${what}: the file was edited; run its shard again`,
    );
  if (broken !== undefined) throw wrong(`the row ${broken}`);
  const whole = toRow(record, width);
  // Spreadsheets leave out empty fields at the end.
  if (whole.problem?.code === 'too_many_fields' || record.fields.length <= start + STATUS)
    throw wrong(`${record.fields.length} fields, and the header has ${width}`);
  const { fields } = whole;
  const row = Number(fields[start + ROW]);
  if (!Number.isSafeInteger(row) || row < 1) throw wrong('its row cell is not a row number');
  const status = STATUSES.find((one) => one === fields[start + STATUS]);
  if (status === undefined) throw wrong('its status cell is no status');
  return { line, number, row, status, fields };
}

function outOfOrder(
  path: string,
  now: Place & { readonly row: number },
  last: Place & { readonly row: number },
): OnboardError {
  const what =
    now.row === last.row
      ? `row ${now.row} of the cohort is there twice (${rowText(last)} too): remove one of the two`
      : `row ${now.row} of the cohort comes after row ${last.row}: sort the file by its row column`;
  return new OnboardError('COHORT_UNREADABLE', `${path} ${rowText(now)}: ${what}`);
}
