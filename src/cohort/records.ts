import { CsvError } from 'csv-parse/sync';
import { breaksIn, firstCsvRecord, parseCsv, type Quotes } from './csv.ts';

/** The longest record, in characters. Longer ones are unreadable: memory stays bounded whatever a file holds. */
export const LONGEST_RECORD = 1024 * 1024;
/** How much of an overlong record is kept to show what it was. */
const KEPT = 16 * 1024;

/** One record as it stands in the file. `line` is the line on which it starts (1-based). */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
  /** Why it is no record, when it is none: its fields are then a rough cut. */
  readonly broken?: string;
}

export interface SplitterOptions {
  readonly delimiter: string;
  /** The line of the file on which the text starts. */
  readonly line?: number;
  readonly longest?: number;
  /** Does a record of several lines hold rows of other people? See `swallow.ts`. */
  readonly swallows?: (fields: readonly string[]) => boolean;
}

/**
 * Text, in any chunks, → records. csv-parse decides what a record is; this class decides what it gets to see
 * (whole lines), and what happens when it objects:
 *
 * - a quote inside an unquoted field is a character like any other, as spreadsheets read it;
 * - a quoted field that is never closed, that goes on after its closing quote, or that swallows the rows of other
 *   people, makes its **first line** one broken record, and reading resumes at the **next line**;
 * - a line (or a quoted field) of more than `longest` characters is one broken record (or one per line).
 *
 * The chunks' bounds make no difference. Blank lines are no records, but are counted.
 */
export class RecordSplitter {
  readonly #delimiter: string;
  readonly #longest: number;
  readonly #swallows: (fields: readonly string[]) => boolean;
  #line: number;
  /** Text that is not consumed yet; it starts where a record starts. */
  #rest = '';
  /** Inside the tail of a line that was too long. */
  #skipping = false;
  #out: CsvRecord[] = [];

  constructor(options: SplitterOptions) {
    this.#delimiter = options.delimiter;
    this.#line = options.line ?? 1;
    this.#longest = options.longest ?? LONGEST_RECORD;
    this.#swallows = options.swallows ?? (() => false);
  }

  /** The records that this chunk completes. */
  push(chunk: string): readonly CsvRecord[] {
    return this.#drain(chunk, false);
  }

  /** The records that the end of the file completes. */
  end(): readonly CsvRecord[] {
    return this.#drain('', true);
  }

  #drain(chunk: string, last: boolean): readonly CsvRecord[] {
    this.#out = [];
    const text = this.#skipTail(this.#rest === '' ? chunk : this.#rest + chunk, last);
    this.#rest = text === '' ? this.#rest : text.slice(this.#consume(text, last));
    if (this.#rest.length > this.#longest && !last) this.#giveUpLine();
    return this.#out;
  }

  /** How much of the text was made into records. */
  #consume(text: string, last: boolean): number {
    const end = last ? text.length : endOfLastLine(text, text.length);
    const unquoted = openingQuote(text, 0, this.#delimiter) < 0;
    const cut = last || unquoted ? end : outsideQuotes(text, end);
    if (cut > 0 && cut <= this.#longest && this.#wellFormed(text.slice(0, cut))) return cut;
    // Nothing but an open quote so far: wait for its end, as long as a record may be.
    if (cut === 0 && text.length <= this.#longest) return 0;
    return this.#lineByLine(text, end, last);
  }

  /** The usual case: a block that csv-parse takes as a whole. False, and nothing done, when it does not. */
  #wellFormed(block: string): boolean {
    if (openingQuote(block, 0, this.#delimiter) < 0) {
      this.#unquoted(block);
      return true;
    }
    let records: string[][];
    try {
      records = parseCsv(block, this.#delimiter);
    } catch (error) {
      if (error instanceof CsvError) return false;
      throw error;
    }
    const spans = records.map(spanOf);
    if (records.some((fields, at) => (spans[at] as number) > 1 && this.#swallows(fields))) return false;
    // `""` alone reads like a blank line, and is none: only the text can tell.
    if (records.some(isBlank) && /^"\s*"[^\S\r\n]*$/m.test(block)) return false;
    for (const [at, fields] of records.entries()) this.#emit(fields, spans[at] as number);
    return true;
  }

  /** Lines in which no field begins with a quote: each is a record, and its quotes are characters. */
  #unquoted(lines: string): void {
    for (const fields of parseCsv(lines, this.#delimiter, 'literal')) this.#emit(fields, 1);
  }

  /** The careful case: record by record, so that a broken one costs its own line and no other. */
  #lineByLine(text: string, end: number, last: boolean): number {
    let at = 0;
    while (at < end) {
      const line = endOfLine(text, at, end);
      const quote = openingQuote(text, at, this.#delimiter);
      if (line - at > this.#longest) {
        this.#broken(text.slice(at, line), 'is longer than a row can be');
        at = line;
      } else if (quote < 0 || quote >= line) {
        const run = Math.min(quote < 0 ? end : quote, at + this.#longest, end);
        const stop = run === end ? end : Math.max(line, endOfLastLine(text, run, at));
        this.#unquoted(text.slice(at, stop));
        at = stop;
      } else {
        const next = this.#quotedRecord(text, at, line, end, last);
        if (next === undefined) return at;
        at = next;
      }
    }
    return at;
  }

  /** One record with quotes in it; the place after it, or undefined when more text is needed to tell. */
  #quotedRecord(text: string, at: number, firstEnd: number, end: number, last: boolean): number | undefined {
    // Its own line first, then wider and wider views: a quote that is never closed costs little more than one look.
    let verdict: Verdict = 'open';
    let seen = at;
    for (const view of [0, 4096, 65_536, this.#longest]) {
      if (verdict !== 'open') break;
      const limit = Math.min(at + Math.min(view, this.#longest), end);
      const stop = Math.max(firstEnd, limit === end ? end : endOfLastLine(text, limit, at));
      if (stop === seen) continue;
      seen = stop;
      verdict = this.#verdict(text.slice(at, stop));
    }
    if (verdict === 'open' && !last && text.length - at <= this.#longest) return undefined;
    let broken: string;
    if (typeof verdict === 'string') {
      broken = verdict === 'open' ? 'has a quote that is never closed' : 'goes on after a closing quote';
    } else {
      const span = spanOf(verdict.fields);
      if (span === 1 || !this.#swallows(verdict.fields)) {
        this.#emit(verdict.fields, span, true);
        return at + verdict.length;
      }
      broken = 'has a quote that is closed only in a later row';
    }
    this.#broken(text.slice(at, firstEnd), broken);
    return firstEnd;
  }

  #verdict(view: string, quotes: Quotes = 'strict'): Verdict {
    try {
      return firstCsvRecord(view, this.#delimiter, quotes);
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      if (error.code === 'CSV_QUOTE_NOT_CLOSED') return 'open';
      if (error.code === 'INVALID_OPENING_QUOTE' && quotes === 'strict')
        return this.#verdict(view, 'relaxed');
      return 'wrong';
    }
  }

  #emit(fields: readonly string[], span: number, quoted = false): void {
    if (quoted || !isBlank(fields)) this.#out.push({ line: this.#line, fields });
    this.#line += span;
  }

  #broken(line: string, broken: string): void {
    const shown = line.length > KEPT ? line.slice(0, KEPT) : line;
    const fields = parseCsv(shown.replace(/[\r\n]+$/, ''), this.#delimiter, 'literal')[0] ?? [''];
    this.#out.push({ line: this.#line, fields, broken });
    this.#line += 1;
  }

  /** A line without an end within bounds: it becomes a broken record now, and its tail is not kept. */
  #giveUpLine(): void {
    if (/[\r\n]/.test(this.#rest)) return;
    this.#broken(this.#rest, 'is longer than a row can be');
    this.#line -= 1;
    this.#rest = '';
    this.#skipping = true;
  }

  #skipTail(text: string, last: boolean): string {
    if (!this.#skipping) return text;
    const end = endOfLine(text, 0, text.length);
    const open =
      !/[\r\n]$/.test(text.slice(0, end)) ||
      (!last && text.slice(0, end).endsWith('\r') && end === text.length);
    if (open && !last) {
      this.#rest = text.endsWith('\r') ? '\r' : '';
      return '';
    }
    this.#skipping = false;
    this.#rest = '';
    this.#line += 1;
    return text.slice(end);
  }
}

/** What csv-parse makes of the start of a text. */
type Verdict = ReturnType<typeof firstCsvRecord> | 'open' | 'wrong';

/** How many lines a record stands on. */
function spanOf(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + breaksIn(field), 1);
}

/** The next quote that begins a field, or -1. Any other quote is a character. */
function openingQuote(text: string, from: number, delimiter: string): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    const before = at === from ? '\n' : text[at - 1];
    if (before === delimiter || before === '\n' || before === '\r') return at;
  }
  return -1;
}

function isBlank(fields: readonly string[]): boolean {
  return fields.length === 1 && (fields[0] as string).trim() === '';
}

/** The place after the line that `at` is in. */
function endOfLine(text: string, at: number, end: number): number {
  const breaks = /\r\n|\n|\r/g;
  breaks.lastIndex = at;
  return breaks.test(text) ? Math.min(breaks.lastIndex, end) : end;
}

/**
 * The place after the last line break in `from`…`end`, or `from`. A `\r` right before `end` may be half of one, and is
 * passed over. Only this stretch is looked at: over the whole text, each of many quotes would cost a look at all of it.
 */
function endOfLastLine(text: string, end: number, from = 0): number {
  const half = text[end - 1] === '\r' && (end === text.length || text[end] === '\n');
  const stretch = text.slice(from, half ? end - 1 : end);
  return from + Math.max(stretch.lastIndexOf('\n'), stretch.lastIndexOf('\r')) + 1;
}

/** The last line end up to `end` that has an even number of quotes before it: outside quotes, in a sound file. */
function outsideQuotes(text: string, end: number): number {
  const quotes: number[] = [];
  for (let at = text.indexOf('"'); at >= 0 && at < end; at = text.indexOf('"', at + 1)) quotes.push(at);
  if (quotes.length === 0) return end;
  let upTo = end;
  for (let inside = quotes.length; inside >= 0; inside--) {
    const from = inside === 0 ? 0 : (quotes[inside - 1] as number) + 1;
    if (inside % 2 === 0) {
      const cut = endOfLastLine(text, upTo, from);
      if (cut > from) return cut;
    }
    upTo = from - 1;
  }
  return 0;
}
