import { parse } from 'csv-parse/sync';
import { type Place, rowText } from '../../domain/words.ts';
import { afterBreak, boundsAt, breakFrom, CLOSED_LATER, quotesIn, TOO_LONG } from './bounds.ts';

/** Longest record, in characters. Longer ones are unreadable, so that memory stays bounded for any file. */
const LONGEST_RECORD = 1024 * 1024;
/** Characters kept of an overlong line, for messages. */
const KEPT = 16 * 1024;

export interface CsvRecord extends Place {
  readonly fields: readonly string[];
  /** Reason why the record is broken, if it is; its fields are then a rough cut of its line. */
  readonly broken?: string;
}

export interface SplitterOptions {
  readonly delimiter: string;
  /** Spreadsheet row in which the text starts; by default the line, 1. */
  readonly row?: number;
  readonly longest?: number;
  /** Whether the parsed fields of a record on several lines are a record: false where they do not fit the header. */
  readonly isRecord?: (fields: readonly string[], place: Place) => boolean;
}

/**
 * Splits text, in any chunks, into records. csv-parse parses whole records; this class finds them and handles the
 * others:
 *
 * - a quote inside an unquoted field is a plain character, as in spreadsheets;
 * - a record with a quoted field that is never closed or that goes on after its closing quote, or one refused by
 *   `isRecord`, is taken apart: each of its **lines** is a broken record, because any of them may be part of a cell;
 * - a line (or a quoted field) of more than `longest` characters is broken too.
 *
 * Chunk bounds make no difference. Blank lines are not records, but count as lines and, as in spreadsheets, as rows. A
 * record on several lines is one row, also where it is taken apart.
 */
export class RecordSplitter {
  readonly #delimiter: string;
  readonly #longest: number;
  readonly #isRecord: (fields: readonly string[], place: Place) => boolean;
  #line = 1;
  #row: number;
  /** Text not consumed yet; starts at a record, or at a line of one that is taken apart. */
  #rest = '';
  #apart: Apart | undefined;
  #out: CsvRecord[] = [];

  constructor(options: SplitterOptions) {
    this.#delimiter = options.delimiter;
    this.#row = options.row ?? this.#line;
    this.#longest = options.longest ?? LONGEST_RECORD;
    this.#isRecord = options.isRecord ?? (() => true);
  }

  /** Records completed by this chunk. */
  push(chunk: string): readonly CsvRecord[] {
    return this.#drain(chunk, false);
  }

  end(): readonly CsvRecord[] {
    return this.#drain('', true);
  }

  #drain(chunk: string, last: boolean): readonly CsvRecord[] {
    this.#out = [];
    const text = this.#rest + chunk;
    let at = 0;
    while (at < text.length) {
      const next = this.#apart ? this.#takeApart(text, at, this.#apart, last) : this.#sound(text, at, last);
      if (next === undefined) break;
      at = next;
    }
    this.#rest = text.slice(at);
    return this.#out;
  }

  /** Emits all sound records from `at` on at once. Returns the position after them; undefined: more text is needed. */
  #sound(text: string, at: number, last: boolean): number | undefined {
    const how = { delimiter: this.#delimiter, longest: this.#longest, last };
    const several: string[] = [];
    let quoted = false;
    let end = at;
    for (;;) {
      const bounds = end < text.length ? boundsAt(text, end, how) : undefined;
      if (bounds?.kind === 'apart' && end === at)
        this.#apart = { ...bounds, from: this.#here(), begun: false };
      if (bounds === undefined || bounds.kind === 'apart') break;
      if (bounds.kind === 'quoted') {
        const record = text.slice(end, bounds.end);
        // `""` alone parses like a blank line but is a record: only the text tells them apart.
        if (/^"\s*"[^\S\r\n]*[\r\n]*$/.test(record)) {
          if (end > at) break;
          this.#emit(parseCsv(record, this.#delimiter)[0] ?? [''], true);
          return bounds.end;
        }
        quoted = true;
        if (bounds.several) several.push(record);
      }
      end = bounds.end;
    }
    const block = text.slice(at, end);
    if (quoted) this.#block(block, several);
    else if (end > at) this.#plain(block);
    else if (this.#apart === undefined) return undefined;
    return end;
  }

  /** Emits lines in which no field begins with a quote: each is a record, and its quotes are plain characters. */
  #plain(block: string): void {
    const lines = block.split(/\r\n|\n|\r/);
    // The last line break ends a line, and begins none.
    if (lines.at(-1) === '') lines.pop();
    for (const line of lines) {
      const fields = line.split(this.#delimiter);
      if (fields.length > 1 || line.trim() !== '') this.#out.push(this.#record(fields));
      this.#line++;
      this.#row++;
    }
  }

  /** Emits whole records. @param several the records on several lines */
  #block(block: string, several: readonly string[]): void {
    let next = 0;
    for (const fields of parseCsv(block, this.#delimiter)) {
      const onOneLine = next === several.length || fields.every((field) => breaksIn(field) === 0);
      const record = onOneLine ? undefined : several[next++];
      if (record === undefined || this.#isRecord(fields, this.#here())) this.#emit(fields);
      else this.#refuse(record);
    }
  }

  #emit(fields: readonly string[], evenBlank = false): void {
    if (evenBlank || fields.length > 1 || (fields[0] as string).trim() !== '')
      this.#out.push(this.#record(fields));
    this.#line = fields.reduce((line, field) => line + breaksIn(field), this.#line + 1);
    this.#row++;
  }

  /** A literal, because a million spread places take seconds. */
  #record(fields: readonly string[]): CsvRecord {
    return this.#row === this.#line
      ? { line: this.#line, fields }
      : { line: this.#line, number: this.#row, fields };
  }

  /** Place of the next record, or of the next line of one that is taken apart. */
  #here(): Place {
    return this.#row === this.#line ? { line: this.#line } : { line: this.#line, number: this.#row };
  }

  /** Takes a record apart that parses but is refused. */
  #refuse(record: string): void {
    const first = this.#here();
    for (let at = 0; at < record.length; ) {
      const stop = breakFrom(record, at);
      this.#broken(record.slice(at, stop), first, CLOSED_LATER);
      this.#line++;
      at = afterBreak(record, stop, true) as number;
    }
    this.#row++;
  }

  /** Consumes one line of a record that is taken apart, or the available part of an overlong one. */
  #takeApart(text: string, at: number, apart: Apart, last: boolean): number | undefined {
    const stop = breakFrom(text, at);
    const end = afterBreak(text, stop, last);
    const giant = (end ?? text.length) - at > this.#longest;
    if (end === undefined && !giant && !apart.begun) return undefined;
    if (!apart.begun) this.#broken(text.slice(at, stop), apart.from, giant ? TOO_LONG : apart.why);
    // Half a line break waits for its other half.
    const to = end ?? stop;
    const known = Math.min(apart.known, to - at);
    apart.known -= known;
    if (quotesIn(text, at + known, to) % 2 === 1) apart.inside = !apart.inside;
    apart.begun = end === undefined;
    if (end !== undefined) this.#line++;
    if (end !== undefined && apart.known === 0 && !apart.inside) {
      this.#apart = undefined;
      this.#row++;
    }
    return to === at ? undefined : to;
  }

  /** Emits a broken line that belongs to the record at `first`. */
  #broken(line: string, first: Place, why: string): void {
    if (line.trim() === '' && why !== TOO_LONG) return;
    const fields = line.slice(0, Math.min(KEPT, this.#longest)).split(this.#delimiter);
    const broken =
      this.#line === first.line || why === TOO_LONG
        ? why
        : `stands inside the quotes that open in ${rowText(first)}`;
    this.#out.push({ ...this.#here(), fields, broken });
  }
}

/** State of a record that is taken apart; see `Bounds`. */
interface Apart {
  known: number;
  inside: boolean;
  readonly why: string;
  readonly from: Place;
  /** Whether the rest is the tail of an overlong line that was already emitted. */
  begun: boolean;
}

/** The three line breaks of spreadsheets, all accepted in every file: mixed files exist. */
const BREAKS = ['\r\n', '\n', '\r'];

/**
 * Records of a text that ends at the end of a record. A blank line gives `['']`. A quote inside a field that does not
 * begin with one is a plain character. Throws csv-parse's CsvError.
 */
function parseCsv(text: string, delimiter: string): string[][] {
  return parse(text, {
    delimiter,
    record_delimiter: BREAKS,
    relax_column_count: true,
    relax_quotes: true,
  });
}

function breaksIn(text: string): number {
  return text.includes('\n') || text.includes('\r') ? (text.match(/\r\n|\n|\r/g)?.length ?? 0) : 0;
}
