import { type Place, type Problem, RESULT_COLUMNS, type Row } from '../../domain/words.ts';
import type { Roles } from '../normalizer.ts';
import type { CohortFile } from './bytes.ts';
import { textOf } from './encoding.ts';
import { type CsvRecord, RecordSplitter, type SplitterOptions } from './records.ts';

/** Everything needed to read the records of a cohort. */
export interface Layout {
  readonly file: CohortFile;
  readonly encoding: string;
  readonly delimiter: string;
  /** Whether the first line is `sep=;`, which is not a record. */
  readonly sepLine: boolean;
}

export interface RecordsOptions extends Pick<SplitterOptions, 'isRecord'> {
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
  { width, chat }: Pick<Roles, 'width' | 'chat'>,
  results: number | undefined,
): boolean {
  if (broken !== undefined || fields.length >= width) return false;
  if (results !== undefined && fields.length > results) return fields.length > results + STATUS;
  return chat.length > 0 || fields.length > 1;
}

/** Index of the status in the results columns. */
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
