import type { Problem, Row } from '../domain/words.ts';
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

/** Records in batches, one batch per chunk of the file. Nothing is read ahead of the consumer. */
export async function* recordsOf(
  layout: Layout,
  swallows?: SplitterOptions['swallows'],
): AsyncGenerator<readonly CsvRecord[]> {
  const splitter = new RecordSplitter({
    delimiter: layout.delimiter,
    ...(swallows === undefined ? {} : { swallows }),
  });
  let skip = layout.sepLine ? 1 : 0;
  const withoutSep = (records: readonly CsvRecord[]) => {
    const kept = skip === 0 ? records : records.slice(skip);
    skip = Math.max(0, skip - records.length);
    return kept;
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
  const { line, fields, broken } = record;
  if (broken === undefined && fields.length === width) return { line, fields };
  const fitted = fields.slice(0, width);
  while (fitted.length < width) fitted.push('');
  if (broken !== undefined) {
    return { line, fields: fitted, problem: { code: 'unreadable_row', message: brokenMessage(broken) } };
  }
  if (fields.length > width && fields.slice(width).every((field) => field.trim() === '')) {
    return { line, fields: fitted };
  }
  return { line, fields: fitted, problem: widthProblem(fields.length, width) };
}

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
