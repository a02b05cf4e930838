import { basename } from 'node:path';
import { rowText } from '../../domain/words.ts';
import { type CohortFile, statCohort, unreadable } from './bytes.ts';
import { findDelimiter } from './delimiter.ts';
import { findEncoding, textOf } from './encoding.ts';
import { refuseOtherText } from './not-csv.ts';
import { type Layout, recordsOf } from './reader.ts';
import type { CsvRecord } from './records.ts';

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
  const { columns: header, rows } = await headOfTable(layout);
  return { file, encoding, delimiter, layout, header, rows };
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
async function headOfTable(
  layout: Layout,
): Promise<{ readonly columns: readonly string[]; readonly rows: readonly CsvRecord[] }> {
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
  if (header !== undefined && rows.length > 0) return { columns: header.fields, rows: rows.slice(0, SAMPLE) };
  throw unreadable(
    name,
    header === undefined
      ? 'is empty: it needs a header line and a row per person'
      : 'holds a header and no rows: add a row per person',
  );
}
