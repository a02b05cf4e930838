import { basename } from 'node:path';
import { usage } from '../../domain/errors.ts';
import { type Place, type Problem, RESULT_COLUMNS, type Row, rowText } from '../../domain/words.ts';
import { candidates } from '../columns/columns.ts';
import { type CohortFile, refuseOtherText, statCohort, unreadable } from './bytes.ts';
import { findEncoding, textOf } from './encoding.ts';
import { type CsvRecord, RecordSplitter, type SplitterOptions } from './records.ts';

/** Options for reading the bytes of a table. An undefined one is detected. */
export interface TableOptions {
  /** One character, or comma, semicolon, tab, pipe. */
  readonly delimiter?: string | undefined;
  /** A label of the Encoding Standard. */
  readonly encoding?: string | undefined;
  /** File name in messages; by default the base name. */
  readonly name?: string | undefined;
}

/** Opens a file as a table: encoding, delimiter, header and sample rows, before the header is understood. */
export async function openTable(path: string, options: TableOptions) {
  const file = await statCohort(path, options.name ?? basename(path));
  const encoding = await findEncoding(file, options.encoding);
  const head = await headOf(file, encoding.label);
  refuseOtherText(head, file.name);
  const delimiter = findDelimiter(head, options.delimiter);
  const layout: Layout = {
    file,
    encoding: encoding.label,
    delimiter: delimiter.char,
    sepLine: delimiter.sepLine,
  };
  return { file, encoding, delimiter, layout, ...(await headOfTable(layout)) };
}

async function headOf(file: CohortFile, label: string): Promise<string> {
  let head = '';
  for await (const text of textOf(file, label)) {
    head += text;
    if (head.length >= 64 * 1024) break;
  }
  return head;
}

/** Limits of the sample under the header, which helps to tell the columns apart: records, and characters of text. */
const SAMPLE = 500;
const SAMPLE_TEXT = 512 * 1024;

/** The header, which is the first record, and some records under it. Throws when the file has no record. */
async function headOfTable(layout: Layout) {
  const { name } = layout.file;
  let header: CsvRecord | undefined;
  const rows: CsvRecord[] = [];
  let text = 0;
  for await (const records of recordsOf(layout)) {
    for (const record of records) {
      if (header !== undefined) {
        rows.push(record);
        text += record.fields.reduce((sum, field) => sum + field.length, 0);
        continue;
      }
      header = record;
      if (header.broken !== undefined) {
        throw unreadable(name, `has no readable header: ${rowText(header)} ${header.broken}`);
      }
    }
    if (rows.length >= SAMPLE || text >= SAMPLE_TEXT) break;
  }
  if (header !== undefined && rows.length > 0) return { header: header.fields, rows: rows.slice(0, SAMPLE) };
  throw unreadable(
    name,
    header === undefined
      ? 'is empty: it needs a header line and a row per person'
      : 'holds a header and no rows: add a row per person',
  );
}

const CANDIDATES = [',', ';', '\t', '|'] as const;
const NAMES: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  pipe: '|',
};
const SNIFFED_LINES = 50;

/** Value of `--delimiter`: a character, or comma, semicolon, tab, pipe. Throws CONFIG. */
function delimiterOption(asked: string): string {
  const char = NAMES[asked.toLowerCase()] ?? asked;
  if (char.length === 1 && !/["\r\n]/.test(char)) return char;
  throw usage(`--delimiter ${JSON.stringify(asked)}: give one character, or comma, semicolon, tab or pipe`);
}

/**
 * Delimiter of a text, from its first lines, with a note for the user, and whether it has a `sep=;` line, which is not a
 * record. First the user's option, then that line, then the candidate under which the header names the most roles; then
 * the one with the most lines that hold it as often as the header; then the most frequent one in the header.
 */
function findDelimiter(head: string, asked?: string) {
  const sep = /^"?sep=([^\r\n"]|\t)"?[^\S\r\n]*(?:\r\n|\n|\r)/i.exec(head)?.[1];
  const said = asked === undefined ? sep : delimiterOption(asked);
  const char = said ?? sniff(head);
  return {
    char,
    sepLine: sep !== undefined,
    note:
      char === ',' || asked !== undefined
        ? undefined
        : `delimiter is ${char === '\t' ? 'a tab' : `“${char}”`}`,
  };
}

function sniff(head: string): string {
  const lines = linesOutsideQuotes(head);
  let best = { char: ',', roles: 0, agreeing: 0, width: 0 };
  for (const char of CANDIDATES) {
    const widths = lines.map((line) => line.split(char).length);
    const width = widths[0] ?? 1;
    if (width < 2) continue;
    const columns = (lines[0] ?? '').split(char).map((cell) => cell.replace(/^\s*"|"\s*$/g, ''));
    const roles = (['chat', 'phone'] as const).filter((role) => candidates(columns, role).length > 0).length;
    const agreeing = widths.filter((other) => other === width).length / lines.length;
    const better = roles - best.roles || agreeing - best.agreeing || width - best.width;
    if (better > 0) best = { char, roles, agreeing, width };
  }
  return best.char;
}

/** The first records, one line each, without the line breaks and delimiters inside quotes. */
function linesOutsideQuotes(head: string): readonly string[] {
  const flat = head.replace(/"(?:[^"]|"")*"/g, (quoted) => quoted.replace(/[^\p{L}\p{N} _-]/gu, ''));
  return flat
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, SNIFFED_LINES);
}

export interface Layout {
  readonly file: CohortFile;
  readonly encoding: string;
  readonly delimiter: string;
  /** Whether the first line is `sep=;`, which is not a record. */
  readonly sepLine: boolean;
}

interface RecordsOptions extends Pick<SplitterOptions, 'isRecord'> {
  /** Called with the place of each record that holds only delimiters. */
  readonly onBlank?: (place: Place) => void;
}

/**
 * Records in batches, one batch per chunk of the file; reads no further than the consumer pulls. Leaves out records
 * that hold only delimiters, which spreadsheets leave under a table by the thousand.
 */
export async function* recordsOf(
  layout: Layout,
  { onBlank, ...options }: RecordsOptions = {},
): AsyncGenerator<readonly CsvRecord[]> {
  const splitter = new RecordSplitter({
    delimiter: layout.delimiter,
    // Spreadsheets show no row for a `sep=` line.
    ...(layout.sepLine && { row: 0 }),
    ...options,
  });
  let skip = layout.sepLine ? 1 : 0;
  const withoutSep = (records: readonly CsvRecord[]) => {
    const kept = skip === 0 ? records : records.slice(skip);
    skip = Math.max(0, skip - records.length);
    return kept.filter((record) => {
      const { fields, broken } = record;
      const blank = broken === undefined && fields.every((field) => field.trim() === '');
      if (blank) onBlank?.(record);
      return !blank;
    });
  };
  for await (const text of textOf(layout.file, layout.encoding)) {
    const records = withoutSep(splitter.push(text));
    if (records.length > 0) yield records;
  }
  const records = withoutSep(splitter.end());
  if (records.length > 0) yield records;
}

/** Records below the header, in batches; none of them is empty. */
export async function* recordsBelow(
  layout: Layout,
  options?: RecordsOptions,
): AsyncGenerator<readonly CsvRecord[]> {
  let header = 1;
  for await (const batch of recordsOf(layout, options)) {
    const below = batch.slice(header);
    header = 0;
    if (below.length > 0) yield below;
  }
}

/**
 * Record as a row of the header's width. Missing fields are '' and surplus ones are dropped, so that the row can be
 * written under the header again; surplus fields that are all blank (trailing delimiters) are not a problem.
 */
export function toRow(record: CsvRecord, width: number): Row {
  const { line, number, fields, broken } = record;
  if (broken === undefined && fields.length === width) return record;
  const place = number === undefined ? { line } : { line, number };
  const fitted = fields.slice(0, width);
  while (fitted.length < width) fitted.push('');
  if (broken !== undefined) {
    return { ...place, fields: fitted, problem: { code: 'unreadable_row', message: brokenMessage(broken) } };
  }
  if (fields.length > width && fields.slice(width).every((field) => field.trim() === '')) {
    return { ...place, fields: fitted };
  }
  return { ...place, fields: fitted, problem: widthProblem(fields.length, width) };
}

/**
 * Whether a record shorter than the header may still be a row, because spreadsheets leave out empty fields at the end.
 * A lone phone under `--chat-id` is not a row: it may be the second line of the cell before it. A row of a results CSV
 * has its status, or nothing written by a run.
 */
export function mayBeShort(
  { fields, broken }: CsvRecord,
  { width, chat }: { readonly width: number; readonly chat: readonly unknown[] },
  results: number | undefined,
): boolean {
  if (broken !== undefined || fields.length >= width) return false;
  if (results !== undefined && fields.length > results) return fields.length > results + STATUS;
  return chat.length > 0 || fields.length > 1;
}

const STATUS = RESULT_COLUMNS.indexOf('status');

function brokenMessage(broken: string): string {
  const advice = broken.startsWith('is longer') ? 'shorten its fields' : 'correct its quotes';
  return `the row ${broken}: ${advice}`;
}

function widthProblem(found: number, width: number): Problem {
  const counts = `the row has ${found} field${found === 1 ? '' : 's'} and the header has ${width}`;
  return found < width
    ? { code: 'too_few_fields', message: `${counts}: add the missing fields (a delimiter for each)` }
    : { code: 'too_many_fields', message: `${counts}: put quotes around the field that holds the delimiter` };
}
