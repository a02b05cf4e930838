import { parse } from 'csv-parse/sync';

/** The three line breaks that spreadsheets write, in every file at once: mixed files exist. */
const BREAKS = ['\r\n', '\n', '\r'];

/**
 * Records of text that ends where a record ends. Blank lines come as `['']`. A quote in a field that does not begin with
 * one is a character. Throws csv-parse's CsvError.
 */
export function parseCsv(text: string, delimiter: string): string[][] {
  return parse(text, {
    delimiter,
    record_delimiter: BREAKS,
    relax_column_count: true,
    relax_quotes: true,
  });
}

/** How many line breaks a text holds. */
export function breaksIn(text: string): number {
  return text.includes('\n') || text.includes('\r') ? (text.match(/\r\n|\n|\r/g)?.length ?? 0) : 0;
}
