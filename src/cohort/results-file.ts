/** A results CSV, read again: as a cohort, as evidence of who was asked, and for merging. */
import { type OnboardError, unfitColumns } from '../domain/errors.ts';
import { parseChatId, parseParticipant, personKey } from '../domain/ids.ts';
import { isReasonCode } from '../domain/reasons.ts';
import {
  ACCEPTED_STATUSES,
  type Pair,
  type Place,
  type Problem,
  RESULT_COLUMNS,
  type Reading,
  type ResultCells,
  type Row,
  rowText,
  STATUSES,
  type Status,
} from '../domain/words.ts';
import { quote } from './cell.ts';
import { statCohort, unreadable } from './file/bytes.ts';
import { findEncoding } from './file/encoding.ts';
import { type Layout, openTable, recordsBelow, recordsOf, type TableOptions, toRow } from './file/reader.ts';
import type { CsvRecord } from './file/records.ts';

/** Former results of a row, as values. */
export type Previous = Readonly<ReturnType<typeof wordsOf>> & { readonly status: Status };

/** Index of the first results column, when the header ends with all of them in order (trailing blanks aside). */
export function findResults(columns: readonly string[]): number | undefined {
  let end = columns.length;
  while (end > 0 && (columns[end - 1] as string).trim() === '') end--;
  const start = end - RESULT_COLUMNS.length;
  const all =
    start >= 0 && RESULT_COLUMNS.every((name, at) => columns[start + at]?.trim().toLowerCase() === name);
  return all ? start : undefined;
}

/** Column names that a cohort may have by chance; with enough of the others, the file is an edited results CSV. */
const USUAL: readonly (keyof ResultCells)[] = ['row', 'chat_id', 'status', 'message', 'attempts'];
const ENOUGH = 3;

/** Whether the header is that of a results CSV with moved or missing columns: it no longer tells who was asked. */
export function areResultsChanged(columns: readonly string[]): boolean {
  const names = new Set(columns.map((column) => column.trim().toLowerCase()));
  const telling = RESULT_COLUMNS.filter((name) => names.has(name) && !USUAL.includes(name));
  return findResults(columns) === undefined && telling.length >= ENOUGH;
}

const NOT_ASKED: readonly Status[] = ['planned', 'invalid', 'duplicate', 'not_attempted'];
/** Reasons of rows found invalid by a run. Such a row may still name a person asked before an edit. */
const UNUSABLE =
  /^(?:phone_(?!not_connected|blocked)|chat_id_|group_name_|too_(?:few|many)_fields$|unreadable_row$|sender_(?:missing|unreadable)$)/;

const EDITED = { code: 'status_edited' } as const;

/** Problem with the results of a row, where an edit has changed whether this person was asked. */
export function editedStatus(row: Row, start: number): Problem | undefined {
  const cells = formerCells(row, start);
  const { status: said, reason_code: reason } = cells;
  const wasAsked = tellsOfAsk(cells);
  const status = statusOf(said);
  const problem = (message: string): Problem => ({ ...EDITED, message, column: 'status', value: said });
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
export function formerCells(row: Row, start: number): ResultCells {
  // The results writer puts an apostrophe before anything that a spreadsheet would take for a formula.
  const cell = (at: number) => (row.fields[start + at] ?? '').trim().replace(/^'(?=[=+\-@\t\r＝＋－＠])/, '');
  return Object.fromEntries(RESULT_COLUMNS.map((name, at) => [name, cell(at)])) as ResultCells;
}

/** Whether the results of a row tell of an ask, also after `asked_at` was cleared. */
export function tellsOfAsk(fields: ResultCells): boolean {
  const isSettled = fields.settled_at !== '' && /^0*[1-9]\d*$/.test(fields.attempts);
  return fields.asked_at !== '' || isSettled;
}

/**
 * Former results of a row, as values; undefined when its status is unknown. Cells that people have edited into nonsense
 * are dropped.
 */
export function previousOf(fields: ResultCells | undefined): Previous | undefined {
  const status = fields && statusOf(fields.status);
  return status && { status, ...wordsOf(fields) };
}

/** Former results of a row, without the status, as values. */
export function wordsOf(fields: ResultCells) {
  const time = (text: string) => {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : ms;
  };
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
  return {
    reasonCode: isReasonCode(fields.reason_code) ? fields.reason_code : ('' as const),
    message: fields.message,
    httpStatus: number(fields.http_status),
    attempts: number(fields.attempts) ?? 0,
    traceId: fields.trace_id,
    askedAt: time(fields.asked_at),
    settledAt: time(fields.settled_at),
  };
}

function statusOf(cell: string): Status | undefined {
  return STATUSES.find((one) => one === cell.toLowerCase());
}

/** Record of a results CSV: its place there, its raw cells, and the values for merging it. */
export interface ResultsRecord extends Place {
  /** Row of the cohort, from the `row` cell. */
  readonly row: number;
  readonly status: Status;
  readonly fields: readonly string[];
}

/** Results CSV as `run` wrote it, for merging cell by cell. */
export type ResultsFile = Awaited<ReturnType<typeof openResultsFile>>;

const ROW = 0;
const STATUS = 3;
const REASON = 4;

/**
 * Opens a results CSV. It may have no rows: a shard may have no group.
 * @throws OnboardError COHORT_UNREADABLE (no such file, …), COHORT_COLUMNS (not a results CSV)
 */
export async function openResultsFile(path: string) {
  const file = await statCohort(path, path);
  const layout: Layout = { file, encoding: 'utf-8', delimiter: ',', sepLine: false };
  const columns = await headerOf(layout);
  const start = columns && findResults(columns);
  if (columns === undefined || start === undefined) {
    throw unfitColumns(`${path} is not a results CSV: give the files that run wrote`);
  }
  // Written with `--excel`, it begins with a byte order mark.
  const { marked: excel } = await findEncoding(file, layout.encoding);
  return {
    path,
    columns,
    ownWidth: start,
    excel,
    records: () => records(layout, columns.length, start),
  };
}

async function headerOf(layout: Layout): Promise<readonly string[] | undefined> {
  for await (const [first] of recordsOf(layout)) return first?.fields;
  return undefined;
}

/**
 * Every record in order, in batches; `row` rises from each to the next, except within the lines of one unreadable
 * record. Throws COHORT_UNREADABLE where the file is damaged.
 */
async function* records(layout: Layout, width: number, start: number) {
  const path = layout.file.name;
  let last: ResultsRecord | undefined;
  for await (const batch of recordsBelow(layout)) {
    yield batch.map((record) => {
      const read = recordOf(path, record, width, start);
      // The lines of one unreadable record have one row.
      const least = (last?.row ?? 0) + (read.fields[start + REASON] === 'unreadable_row' ? 0 : 1);
      if (last !== undefined && read.row < least) throw outOfOrder(path, read, last);
      last = read;
      return read;
    });
  }
}

function recordOf(path: string, record: CsvRecord, width: number, start: number): ResultsRecord {
  const { line, number, broken } = record;
  const wrong = (what: string) =>
    unreadable(path, `${rowText(record)}: ${what}: the file was edited; run its shard again`);
  if (broken !== undefined) throw wrong(`the row ${broken}`);
  const whole = toRow(record, width);
  // Spreadsheets leave out empty fields at the end.
  if (whole.problem?.code === 'too_many_fields' || record.fields.length <= start + STATUS)
    throw wrong(`${record.fields.length} fields, and the header has ${width}`);
  const { fields } = whole;
  const row = Number(fields[start + ROW]);
  if (!Number.isSafeInteger(row) || row < 1) throw wrong('its row cell is not a row number');
  const status = STATUSES.find((one) => one === fields[start + STATUS]);
  if (status === undefined) throw wrong('its status cell is not a status');
  return { line, number, row, status, fields };
}

function outOfOrder(path: string, now: ResultsRecord, last: ResultsRecord): OnboardError {
  const what =
    now.row === last.row
      ? `row ${now.row} of the cohort is there twice (${rowText(last)} too): remove one of the two`
      : `row ${now.row} of the cohort comes after row ${last.row}: sort the file by its row column`;
  return unreadable(path, `${rowText(now)}: ${what}`);
}

export interface FormerRow {
  readonly row: Place;
  readonly fields: ResultCells;
}

/**
 * Reader of the results columns of each row, without the cohort's own columns; undefined: not a results CSV.
 * @throws OnboardError COHORT_UNREADABLE where it cannot be read
 */
export async function openFormer(path: string, options: TableOptions = {}) {
  const { layout, header } = await openTable(path, options);
  const start = findResults(header);
  if (start === undefined) return undefined;
  return async function* (): AsyncGenerator<readonly FormerRow[]> {
    for await (const batch of recordsBelow(layout))
      yield batch.map((row) => ({ row, fields: formerCells(row, start) }));
  };
}

/** Pair named by the results columns of a row; undefined: none, or not readable any more. */
export function formerPair(fields: ResultCells): Pair | undefined {
  const chatId = parseChatId(digitsOf(fields.chat_id));
  const participant = parseParticipant(digitsOf(fields.participant));
  return chatId && participant && { chatId, participant };
}

/** Text without what a spreadsheet adds to whole numbers: the apostrophe of `--excel`, a plus, and zeros as decimals. */
function digitsOf(cell: string): string {
  return cell
    .trim()
    .replace(/^'?\+?/, '')
    .replace(/^(\d+)[.,]0+$/, '$1');
}

/**
 * Reading of a results row, from the cohort's own columns and its results columns, which name the person asked. Where
 * the two differ, the row was corrected and now means somebody else. Where it is unclear which of them was edited, the
 * row is invalid.
 * @param isAsked whether the ledger has an ask of a pair
 */
export function judgeFormerRow(
  reading: Reading,
  fields: ResultCells | undefined,
  isAsked: (pair: Pair) => boolean,
): Reading {
  const status = statusOf(fields?.status ?? '');
  if (fields === undefined || status === undefined || reading.row.problem !== undefined) return reading;
  const wasAsked = tellsOfAsk(fields);
  const before = formerPair(fields);
  if (reading.kind === 'invalid') {
    // A spreadsheet may have damaged the own cell of a person who is done.
    const isKept = wasAsked && isDone(status) && reading.problem.code !== 'status_edited';
    return isKept && before && isAsked(before) ? { kind: 'pair', row: reading.row, pair: before } : reading;
  }
  const { row, pair } = reading;
  const invalid = (problem: Problem): Reading => ({ kind: 'invalid', row, problem });
  if (before === undefined) return wasAsked && !isAsked(pair) ? invalid(namesNobody(fields, pair)) : reading;
  if (before.chatId === pair.chatId && isSamePerson(before, pair)) return reading;
  if (wasAsked && !isAsked(before) && isAsked(pair)) return invalid(twoPairs(before, pair));
  return { ...reading, corrected: before };
}

function isSamePerson(one: Pair, other: Pair): boolean {
  return personKey(one.participant) === personKey(other.participant);
}

function isDone(status: Status): boolean {
  return status === 'left' || (ACCEPTED_STATUSES as readonly Status[]).includes(status);
}

function namesNobody(fields: ResultCells, pair: Pair): Problem {
  const message = `the cells “chat_id” and “participant” (now ${quote(fields.chat_id)}, ${quote(fields.participant)}) do not say any more who was asked, and the ledger knows nothing of ${pair.participant}: put them back`;
  return { ...EDITED, message, column: 'participant', value: fields.participant };
}

/** Problem of a row edited in the wrong cell: its results name a person never asked, its own columns one who was. */
function twoPairs(before: Pair, pair: Pair): Problem {
  const [column, now, own] = isSamePerson(before, pair)
    ? ['chat_id', before.chatId, pair.chatId]
    : ['participant', before.participant, pair.participant];
  const message = `the cell “${column}” of the results says ${now}, who was never asked, and your own columns say ${own}, who was: correct your own column, and put “${column}” back`;
  return { code: 'phone_conflict', message, column, value: now };
}
