/** Parsers of header values: lists, numbers, instants and lengths. */

/**
 * End of the window by the server. `at` is on the server's wall clock; `in` counts from the answer. The true instant
 * lies in (value − step, value], because the known servers round up.
 */
export type Reset =
  | { readonly on: 'wall'; readonly at: number; readonly step: number }
  | { readonly on: 'answer'; readonly in: number; readonly step: number };

export type RetryAfter =
  | { readonly on: 'wall'; readonly at: number }
  | { readonly on: 'answer'; readonly in: number };

/** Longest plausible window, milliseconds. */
const LONGEST_WINDOW = 3_600_000;
/** Longest plausible time until a quota renews, milliseconds: people set quotas of a day or a month. */
const LONGEST_QUOTA = 32 * 24 * 3_600_000;
/** Smallest number read as an instant in seconds (September 2001), not a duration. */
const FIRST_EPOCH_SECOND = 1e9;
/** Smallest number read as an instant in milliseconds (March 1973). */
const FIRST_EPOCH_MS = 1e11;

/** A whole number of at least `least`; otherwise undefined. */
export function whole(text: string | undefined, least: number): number | undefined {
  const match = /^\s*(\d{1,12})(?:\.0+)?\s*$/.exec(text ?? '');
  const value = match === null ? Number.NaN : Number(match[1]);
  return value >= least ? value : undefined;
}

export function decimal(text: string | undefined): number | undefined {
  return /^\s*\d{1,16}(\.\d+)?\s*$/.test(text ?? '') ? Number(text) : undefined;
}

/** Value of `Date`, even if a proxy repeats it; undefined for two that differ, because they come from two clocks. */
export function dateOf(text: string | undefined): number | undefined {
  const [first, ...others] = listOf(text).map(({ value }) => instant(value));
  return others.every((other) => other === first) ? first : undefined;
}

/**
 * Epoch ms of an HTTP date in any of its three forms, or of an ISO 8601 date. V8 makes a date of any word with a
 * number, and assumes local time without a zone; HTTP means GMT.
 */
function instant(text: string | undefined): number | undefined {
  const isDate = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b|^\d{4}-\d\d-\d\dT/i;
  if (text === undefined || !isDate.test(text) || !/\d\d:\d\d:\d\d/.test(text)) return undefined;
  const at = Date.parse(
    /(?:gmt|utc|z|[+-]\d\d:?\d\d)\s*$/i.test(text) ? text : `${text.trim()}${zoneFor(text)}`,
  );
  return Number.isNaN(at) ? undefined : at;
}

function zoneFor(text: string): string {
  return /^\d{4}-/.test(text) ? 'Z' : ' GMT';
}

/** A Reset as the end of a window, or, hours or days away, as that of a quota. */
export interface End {
  readonly reset: Reset | undefined;
  /** Time to the end of a quota, milliseconds. */
  readonly quotaMs: number | undefined;
}

/** End by a Reset. An instant without `Date` is useless, because our own wall clock is never trusted. */
export function endOf(text: string | undefined, date: number | undefined): End {
  const number = decimal(text);
  const at = retryAfter(text);
  const inMs = at === undefined ? 0 : at.on === 'answer' ? at.in : date === undefined ? 0 : at.at - date;
  const quotaMs = inMs > LONGEST_WINDOW && inMs <= LONGEST_QUOTA ? inMs : undefined;
  if (at === undefined || !believable(inMs)) return { reset: undefined, quotaMs };
  if (at.on === 'answer') return { reset: { ...at, step: Number.isInteger(number) ? 1000 : 1 }, quotaMs };
  const isMs = number !== undefined && number >= FIRST_EPOCH_MS;
  return { reset: { ...at, step: isMs || at.at % 1000 !== 0 ? 1 : 1000 }, quotaMs };
}

/**
 * Whether an end is plausible: one that is past, or hours away, says nothing about a window, nor does a wait by clocks
 * so far apart.
 */
export function believable(inMs: number): boolean {
  return inMs > 0 && inMs <= LONGEST_WINDOW;
}

/** A Retry-After: seconds; a date; or, from servers that confuse it with a Reset, epoch seconds or milliseconds. */
export function retryAfter(text: string | undefined): RetryAfter | undefined {
  const number = decimal(text);
  if (number !== undefined && number < FIRST_EPOCH_SECOND) return { on: 'answer', in: number * 1000 };
  const at = number === undefined ? instant(text) : epochMs(number);
  return at === undefined ? undefined : { on: 'wall', at };
}

function epochMs(number: number): number {
  return number >= FIRST_EPOCH_MS ? number : number * 1000;
}

/** Item of a header that is a list, with its parameters. */
export interface Item {
  /** Without the quotes. */
  readonly value: string;
  /** By lower-case name, without quotes. */
  readonly params: ReadonlyMap<string, string>;
}

/** Longest value read, characters; no real rate limit takes more. */
const LONGEST_VALUE = 2000;

const NONE: ReadonlyMap<string, string> = new Map();

const WEEKDAY = /^\s*(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*$/i;

/**
 * Items of a list with parameters, close to RFC 9651 and lenient: `"default";r=5;t=1, "day";r=90`, `10, 100;w=60`. Node
 * joins two headers of one name with a comma, so they read as one list. An HTTP date, which contains a comma, stays
 * whole. Empty places count, because headers are matched by position.
 */
export function listOf(text: string | undefined): Item[] {
  if (text === undefined || text.trim() === '' || text.length > LONGEST_VALUE) return [];
  // Fast path: most are a plain number, and each answer has one.
  if (!/[,;"]/.test(text)) return [{ value: text.trim(), params: NONE }];
  return split(text, ',').map((piece) => {
    const [value = '', ...params] = split(piece, ';');
    return { value: unquoted(value), params: new Map(params.map(pairOf)) };
  });
}

/** Splits `name=value`, the name in lower case; the value is empty without a `=`. */
export function pairOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 0) return [text.trim().toLowerCase(), ''];
  return [text.slice(0, at).trim().toLowerCase(), unquoted(text.slice(at + 1))];
}

/** Splits outside of quotes, and not after the weekday of a date. */
function split(text: string, separator: ',' | ';'): string[] {
  const pieces: string[] = [];
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted && !WEEKDAY.test(text.slice(from, at))) {
      pieces.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...pieces, text.slice(from)];
}

function unquoted(text: string): string {
  const inner = /^"(.*)"$/s.exec(text.trim())?.[1];
  return inner === undefined ? text.trim() : inner.replace(/\\(.)/gs, '$1');
}
