/**
 * The start of a text, as far as one look at its quotes tells where records end:
 *
 * - `plain`: lines in which no field begins with a quote, up to `end`: a record each;
 * - `quoted`: one record with quotes around some of its fields; `several` when it stands on several lines;
 * - `apart`: a record that is none. It reaches over the next `known` characters; from there on each quote leads in or
 *   out, beginning with `inside`, and it ends with the first line that ends outside.
 */
export type Bounds =
  | { readonly kind: 'plain'; readonly end: number }
  | { readonly kind: 'quoted'; readonly end: number; readonly several: boolean }
  | { readonly kind: 'apart'; readonly known: number; readonly inside: boolean; readonly why: string };

export interface Looking {
  readonly delimiter: string;
  /** The longest record, in characters. */
  readonly longest: number;
  /** The text ends where the file ends. */
  readonly last: boolean;
}

export const TOO_LONG = 'is longer than a row can be';
export const CLOSED_LATER = 'has a quote that is closed only in a later row';
const NEVER_CLOSED = 'has a quote that is never closed';
const GOES_ON = 'goes on after a closing quote';

/**
 * What starts at `at`; undefined when more text is needed to tell. Looks at no character more often than a few times, and
 * not beyond the longest record, so that a file of stray quotes takes no longer than another.
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

/** The record at `at`, the first quoted field of which begins at `quote`, in the same line. */
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
      // Some readers pass over a space before a quote, and some do not: over several lines they read other people.
      if (spaced) return apart(quote, CLOSED_LATER);
      several = true;
      line = breakFrom(text, close);
    }
    if (spaced) from = quote;
    else if (from < text.length && text[from] !== delimiter && !isBreak(text[from]))
      return goesOn(text, at, from, how);
    // The rest of the line, up to its next quoted field or to its end.
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

/** A record with text after a closing quote, at `from`. Its line may go on in the quotes that another reader sees. */
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

/** Whether the next line with an odd number of quotes closes a field that was opened above it. */
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

/** The next quote that begins a field, or -1. Any other quote is a character. */
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

/** The quote that closes the one at `opening`, or -1: two in a row are one character. */
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

/** How many quotes stand in `from`…`end`. Only there: a search that runs on, for each line of many, would cost a look at all. */
export function quotesIn(text: string, from: number, end: number): number {
  const stretch = text.slice(from, end);
  let count = 0;
  for (let at = stretch.indexOf('"'); at >= 0; at = stretch.indexOf('"', at + 1)) count++;
  return count;
}

/** The place of the next line break, or the end of the text. */
export function breakFrom(text: string, from: number): number {
  BREAK.lastIndex = from;
  return BREAK.test(text) ? BREAK.lastIndex - 1 : text.length;
}

const BREAK = /[\r\n]/g;

/** The place after the line break at `stop`; undefined when more text may bring the rest of it, or it at all. */
export function afterBreak(text: string, stop: number, last: boolean): number | undefined {
  if (stop + 1 < text.length) return stop + (text[stop] === '\r' && text[stop + 1] === '\n' ? 2 : 1);
  return last || text[stop] === '\n' ? text.length : undefined;
}

/**
 * The place after the last line break in `from`…`end`, or `from`. A `\r` right before `end` may be half of one, and is
 * passed over. Only this stretch is looked at: over the whole text, each of many quotes would cost a look at all of it.
 */
function endOfLastLine(text: string, end: number, from: number): number {
  const half = text[end - 1] === '\r' && (end === text.length || text[end] === '\n');
  const stretch = text.slice(from, half ? end - 1 : end);
  return from + Math.max(stretch.lastIndexOf('\n'), stretch.lastIndexOf('\r')) + 1;
}
