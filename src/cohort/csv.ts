import { parse } from 'csv-parse/sync';

/** The three line breaks that spreadsheets write, in every file at once: mixed files exist. */
const BREAKS = ['\r\n', '\n', '\r'];

/** How csv-parse is to take quotes: `strict` as the format says, `relaxed` where a stray one is a character, `literal` none. */
export type Quotes = 'strict' | 'relaxed' | 'literal';

/** Records of text that ends where a record ends. Blank lines come as `['']`. Throws csv-parse's CsvError. */
export function parseCsv(text: string, delimiter: string, quotes: Quotes = 'strict'): string[][] {
  return parse(text, {
    delimiter,
    record_delimiter: BREAKS,
    relax_column_count: true,
    relax_quotes: quotes === 'relaxed',
    quote: quotes === 'literal' ? false : '"',
  });
}

/**
 * The first record of text that ends where a line ends, and how long it stands in the text, its line break included.
 * Reads no further than that record. Throws csv-parse's CsvError.
 */
export function firstCsvRecord(
  text: string,
  delimiter: string,
  quotes: Quotes,
): { readonly fields: readonly string[]; readonly length: number } {
  const [first] = parse(text, {
    delimiter,
    record_delimiter: BREAKS,
    relax_column_count: true,
    relax_quotes: quotes === 'relaxed',
    to: 1,
    raw: true,
  }) as unknown as readonly { readonly record: string[]; readonly raw: string }[];
  if (first === undefined) return { fields: [''], length: text.length };
  // csv-parse's raw text has the first character of the line break alone.
  const length = first.raw.length + (first.raw.endsWith('\r') && text[first.raw.length] === '\n' ? 1 : 0);
  return { fields: first.record, length };
}

/** How many line breaks a text holds. */
export function breaksIn(text: string): number {
  return text.includes('\n') || text.includes('\r') ? (text.match(/\r\n|\n|\r/g)?.length ?? 0) : 0;
}
