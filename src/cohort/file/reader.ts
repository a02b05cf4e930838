import { type Place, type Problem, RESULT_COLUMNS, type Row } from '../../domain/words.ts';
import type { Roles } from '../normalizer.ts';
import type { CohortFile } from './bytes.ts';
import { textOf } from './encoding.ts';
import { type CsvRecord, RecordSplitter, type SplitterOptions } from './records.ts';

/** What has to be known before a cohort's records can be read. */
export interface Layout {
  readonly file: CohortFile;
  readonly encoding: string;
  readonly delimiter: string;
  /** The first line says `sep=;`: it is no record. */
  readonly sepLine: boolean;
}

export interface RecordsOptions extends Pick<SplitterOptions, 'isRecord'> {
  /** Takes the place of each record of nothing but delimiters. */
  readonly onBlank?: (place: Place) => void;
}

/**
 * Records in batches, one batch per chunk of the file. Nothing is read ahead of the consumer. Records of nothing but
 * delimiters, which spreadsheets leave under a table by the thousand, are left out.
 */
export async function* recordsOf(
  layout: Layout,
  { onBlank, ...options }: RecordsOptions = {},
): AsyncGenerator<readonly CsvRecord[]> {
  const splitter = new RecordSplitter({
    delimiter: layout.delimiter,
    // Spreadsheets show no row for it.
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

/**
 * A record as a row of the header's width. Missing fields are '' and surplus ones are left out, so that the row
 * can be written under the header again; surplus fields that are all blank (trailing delimiters) are no problem.
 */
export function toRow(record: CsvRecord, width: number): Row {
  const { line, number, fields, broken } = record;
  const place = number === undefined ? { line } : { line, number };
  if (broken === undefined && fields.length === width) return { ...place, fields };
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
 * Whether a record too short for the header may be a row all the same, because spreadsheets leave empty fields at the end
 * out. A phone alone under a `--chat-id` is none: it may be the second line of the cell before it. A row of a results CSV
 * has its status, or nothing of what run wrote.
 */
export function mayBeShort(
  { fields, broken }: CsvRecord,
  { width, chat }: Pick<Roles, 'width' | 'chat'>,
  results: number | undefined,
): boolean {
  if (broken !== undefined || fields.length >= width) return false;
  if (results !== undefined && fields.length > results) return fields.length > results + STATUS;
  return chat.length > 0 || fields.length > 1;
}

/** Where among the results columns the status stands. */
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
