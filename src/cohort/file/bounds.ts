/**
 * Extent of the next record or records, judged by a single look at the quotes:
 *
 * - `plain`: lines up to `end` in which no field begins with a quote; each is a record;
 * - `quoted`: one record with some quoted fields; `several` when it spans several lines;
 * - `apart`: a broken record. It covers the next `known` characters; from there each quote opens or closes, starting
 *   with `inside`, and the record ends with the first line that ends outside quotes.
 */
type Bounds =
  | { readonly kind: 'plain'; readonly end: number }
  | { readonly kind: 'quoted'; readonly end: number; readonly several: boolean }
  | { readonly kind: 'apart'; readonly known: number; readonly inside: boolean; readonly why: string };

interface Looking {
  readonly delimiter: string;
  /** Longest record, in characters. */
  readonly longest: number;
  /** Whether the text ends where the file ends. */
  readonly last: boolean;
}

export const TOO_LONG = 'is longer than a row can be';
export const CLOSED_LATER = 'has a quote that is closed only in a later row';
const NEVER_CLOSED = 'has a quote that is never closed';
const GOES_ON = 'goes on after a closing quote';

/**
 * Bounds of the record or records at `at`; undefined: more text is needed. Looks at each character only a few times,
 * and not beyond the longest record, so that a file full of stray quotes is not slower than another.
 */
export function boundsAt(text: string, at: number, how: Looking): Bounds | undefined {
  const limit = at + how.longest;
  const quote = openingQuote(text, at, how.delimiter);
  let end = quote < 0 && how.last ? text.length : endOfLastLine(text, quote < 0 ? text.length : quote, at);
  if (end > limit) end = endOfLastLine(text, limit, at);
  if (end > at) return { kind: 'plain', end };
  if (quote >= 0 && quote < limit) return quotedAt(text, at, quote, how);
  return text.length > limit
    ? { kind: 'apart', known: how.longest, inside: false, why: TOO_LONG }
    : undefined;
}

/** Bounds of the record at `at`, whose first quoted field begins at `quote`, in the same line. */
function quotedAt(text: string, at: number, quote: number, how: Looking): Bounds | undefined {
  const { delimiter, longest, last } = how;
  const limit = at + longest;
  const short = !last && text.length <= limit;
  const apart = (to: number, why: string): Bounds => ({ kind: 'apart', known: to - at, inside: false, why });
  let several = false;
  let line = breakFrom(text, quote);
  for (;;) {
    const close = closingQuote(text, quote, limit);
    if (short && (close < 0 || close + 1 === text.length)) return undefined;
    if (close < 0) return apart(quote, line < limit ? NEVER_CLOSED : TOO_LONG);
    const spaced = quote > at && isSpace(text[quote - 1], delimiter);
    let from = close + 1;
    if (line < close) {
      // Some readers skip a space before a quote, some do not: over several lines they would read different people.
      if (spaced) return apart(quote, CLOSED_LATER);
      several = true;
      line = breakFrom(text, close);
    }
    if (spaced) from = quote;
    else if (from < text.length && text[from] !== delimiter && !isBreak(text[from]))
      return goesOn(text, at, from, how);
    // The rest of the line, up to its next quoted field or its end.
    for (;;) {
      const stop = fieldEnd(text, from, delimiter);
      if (stop >= limit || stop === text.length) {
        if (short) return undefined;
        return text.length > limit ? apart(from, TOO_LONG) : { kind: 'quoted', end: text.length, several };
      }
      if (text[stop] !== delimiter) {
        const end = afterBreak(text, stop, last);
        if (end === undefined) return undefined;
        return end > limit ? apart(stop, TOO_LONG) : { kind: 'quoted', end, several };
      }
      from = stop + 1;
      let next = from;
      while (isSpace(text[next], delimiter)) next++;
      if (text[next] !== '"') continue;
      quote = next;
      break;
    }
  }
}

/**
 * Bounds of a record with text after a closing quote, at `from`. For another reader, its line may continue in quotes.
 */
function goesOn(text: string, at: number, from: number, how: Looking): Bounds | undefined {
  const stop = breakFrom(text, from);
  const end = afterBreak(text, stop, how.last);
  const limit = at + how.longest;
  const apart = (to: number, inside: boolean): Bounds => ({
    kind: 'apart',
    known: to - at,
    inside,
    why: GOES_ON,
  });
  if (stop >= limit) return apart(from, false);
  if (end === undefined) return undefined;
  if (quotesIn(text, from, end) % 2 === 0) return apart(end, false);
  const inside = closesBelow(text, end, limit, how);
  return inside === undefined ? undefined : apart(end, inside);
}

/** Whether the next line with an odd number of quotes closes a field opened above it. */
function closesBelow(text: string, from: number, limit: number, how: Looking): boolean | undefined {
  for (let at = from; ; ) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : breakFrom(text, quote);
    if (end >= limit) return false;
    if (end === text.length && !how.last) return undefined;
    if (quote < 0) return false;
    if (quotesIn(text, quote, end) % 2 === 1) {
      const next = text[quote + 1];
      const ends = next === undefined || next === how.delimiter || isBreak(next);
      return ends && !isOpening(text, quote, from, how.delimiter);
    }
    at = end;
  }
}

/** Position of the next quote that begins a field, or -1. Any other quote is a plain character. */
function openingQuote(text: string, from: number, delimiter: string): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    if (isOpening(text, at, from, delimiter)) return at;
  }
  return -1;
}

function isOpening(text: string, quote: number, from: number, delimiter: string): boolean {
  let at = quote;
  while (at > from && isSpace(text[at - 1], delimiter)) at--;
  return at === from || text[at - 1] === delimiter || isBreak(text[at - 1]);
}

/** Position of the quote that closes the one at `opening`, or -1; two in a row are one character. */
function closingQuote(text: string, opening: number, limit: number): number {
  let at = text.indexOf('"', opening + 1);
  while (at >= 0 && at < limit && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at < limit ? at : -1;
}

function fieldEnd(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && !isBreak(text[at])) at++;
  return at;
}

function isSpace(char: string | undefined, delimiter: string): boolean {
  return (char === ' ' || char === '\t') && char !== delimiter;
}

function isBreak(char: string | undefined): boolean {
  return char === '\n' || char === '\r';
}

/**
 * Number of quotes in `from`…`end`. Searches only this part: a search to the end of the text, per line, would be
 * quadratic.
 */
export function quotesIn(text: string, from: number, end: number): number {
  const stretch = text.slice(from, end);
  let count = 0;
  for (let at = stretch.indexOf('"'); at >= 0; at = stretch.indexOf('"', at + 1)) count++;
  return count;
}

/** Position of the next line break, or the end of the text. */
export function breakFrom(text: string, from: number): number {
  BREAK.lastIndex = from;
  return BREAK.test(text) ? BREAK.lastIndex - 1 : text.length;
}

const BREAK = /[\r\n]/g;

/** Position after the line break at `stop`; undefined: more text may complete or bring it. */
export function afterBreak(text: string, stop: number, last: boolean): number | undefined {
  if (stop + 1 < text.length) return stop + (text[stop] === '\r' && text[stop + 1] === '\n' ? 2 : 1);
  return last || text[stop] === '\n' ? text.length : undefined;
}

/**
 * Position after the last line break in `from`…`end`, or `from`. Skips a `\r` right before `end`, which may be half of
 * a line break. Searches only this part: a search of the whole text, per quote, would be quadratic.
 */
function endOfLastLine(text: string, end: number, from: number): number {
  const half = text[end - 1] === '\r' && (end === text.length || text[end] === '\n');
  const stretch = text.slice(from, half ? end - 1 : end);
  return from + Math.max(stretch.lastIndexOf('\n'), stretch.lastIndexOf('\r')) + 1;
}
