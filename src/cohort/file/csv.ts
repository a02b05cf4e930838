import { parse } from 'csv-parse/sync';

/** The three line breaks of spreadsheets, all accepted in every file: mixed files exist. */
const BREAKS = ['\r\n', '\n', '\r'];

/**
 * Records of a text that ends at the end of a record. A blank line gives `['']`. A quote inside a field that does not
 * begin with one is a plain character. Throws csv-parse's CsvError.
 */
export function parseCsv(text: string, delimiter: string): string[][] {
  return parse(text, {
    delimiter,
    record_delimiter: BREAKS,
    relax_column_count: true,
    relax_quotes: true,
  });
}

/** Number of line breaks in a text. */
export function breaksIn(text: string): number {
  return text.includes('\n') || text.includes('\r') ? (text.match(/\r\n|\n|\r/g)?.length ?? 0) : 0;
}
