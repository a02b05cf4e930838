/** One value of a header as a number, an instant or a length. */
import { listOf } from './structured-header.ts';

/**
 * When the server says that the window ends. `at` is on the server's wall clock; `in` counts from the answer. The
 * true instant lies in (value − step, value]: the servers that we know round up.
 */
export type Reset =
  | { readonly on: 'wall'; readonly at: number; readonly step: number }
  | { readonly on: 'answer'; readonly in: number; readonly step: number };

export type RetryAfter =
  | { readonly on: 'wall'; readonly at: number }
  | { readonly on: 'answer'; readonly in: number };

/** A window longer than this is not believed (milliseconds). */
const LONGEST_WINDOW = 3_600_000;
/** A quota that comes back later than this is not believed: those that people set are of a day or a month (milliseconds). */
const LONGEST_QUOTA = 32 * 24 * 3_600_000;
/** Numbers from here on are an instant in seconds (September 2001), not a duration. */
const FIRST_EPOCH_SECOND = 1e9;
/** Numbers from here on are an instant in milliseconds (March 1973). */
const FIRST_EPOCH_MS = 1e11;

/** A whole number, when it is at least `least`. */
export function whole(text: string | undefined, least: number): number | undefined {
  const match = /^\s*(\d{1,12})(?:\.0+)?\s*$/.exec(text ?? '');
  const value = match === null ? Number.NaN : Number(match[1]);
  return value >= least ? value : undefined;
}

export function decimal(text: string | undefined): number | undefined {
  return /^\s*\d{1,16}(\.\d+)?\s*$/.test(text ?? '') ? Number(text) : undefined;
}

/** `Date`, also when a proxy repeats it; two that differ are of two clocks. */
export function dateOf(text: string | undefined): number | undefined {
  const [first, ...others] = listOf(text).map(({ value }) => instant(value));
  return others.every((other) => other === first) ? first : undefined;
}

/**
 * A date of HTTP in any of its three forms, or of ISO 8601, milliseconds since the epoch. V8 makes a date of any word
 * with a number, and takes one that names no zone for ours: HTTP's are GMT.
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

/** Time to a Reset that is hours or days away, milliseconds. Only the server's own clock tells how far away an instant is. */
export function quotaFor(text: string | undefined, date: number | undefined): number | undefined {
  const number = decimal(text);
  const isDuration = number !== undefined && number < FIRST_EPOCH_SECOND;
  const at = number === undefined ? instant(text) : epochMs(number);
  const inMs = isDuration ? number * 1000 : at === undefined || date === undefined ? 0 : at - date;
  return inMs > LONGEST_WINDOW && inMs <= LONGEST_QUOTA ? inMs : undefined;
}

/** Without `Date` an instant on the server's clock means nothing to us: our own wall clock is never trusted. */
export function reset(text: string | undefined, date: number | undefined): Reset | undefined {
  const number = decimal(text);
  if (number !== undefined && number < FIRST_EPOCH_SECOND) {
    const step = Number.isInteger(number) ? 1000 : 1;
    return believable(number * 1000) ? { on: 'answer', in: number * 1000, step } : undefined;
  }
  const isMs = number !== undefined && number >= FIRST_EPOCH_MS;
  const at = number === undefined ? instant(text) : epochMs(number);
  if (at === undefined || date === undefined || !believable(at - date)) return undefined;
  return { on: 'wall', at, step: isMs || at % 1000 !== 0 ? 1 : 1000 };
}

/** An end that is over, or hours away, says nothing about a window, nor do clocks that far apart about a wait. */
export function believable(inMs: number): boolean {
  return inMs > 0 && inMs <= LONGEST_WINDOW;
}

/** Seconds; a date; or, from servers that take it for a Reset, an epoch in seconds or milliseconds. */
export function retryAfter(text: string | undefined): RetryAfter | undefined {
  const number = decimal(text);
  if (number !== undefined && number < FIRST_EPOCH_SECOND) return { on: 'answer', in: number * 1000 };
  const at = number === undefined ? instant(text) : epochMs(number);
  return at === undefined ? undefined : { on: 'wall', at };
}

function epochMs(number: number): number {
  return number >= FIRST_EPOCH_MS ? number : number * 1000;
}
