/**
 * Reads the rate-limit headers of one answer into facts. The formats in the wild differ: `X-RateLimit-Reset` comes
 * as epoch seconds (the documented form), epoch milliseconds, a number of seconds from now, or an HTTP date. What
 * cannot be read, or says something absurd, is left out: no fact is better than a wrong one.
 */

/** What one HTTP exchange showed; built by the client. Instants are monotonic milliseconds. */
export interface Observation {
  /** Right before the bytes went out. */
  readonly sentAt: number;
  /** When the answer was there, or when the exchange was given up. */
  readonly answeredAt: number;
  /** How long it took, where the two instants are widened by what a clock may be off; else their difference. */
  readonly tripMs?: number;
  /** HTTP status; undefined: no answer (lost). */
  readonly httpStatus: number | undefined;
  /** Lower-case names: x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, date, retry-after. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** An interval of milliseconds, both ends included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

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

export interface Facts {
  /** Asks per window, 1 or more. */
  readonly limit: number | undefined;
  /** Asks that the server would still take, 0 or more. */
  readonly remaining: number | undefined;
  readonly reset: Reset | undefined;
  /** `Date`, milliseconds since the epoch on the server's clock, in steps of a second. */
  readonly date: number | undefined;
  readonly retryAfter: RetryAfter | undefined;
  /** The server refused because of the rate. */
  readonly throttled: boolean;
}

/** A window longer than this is not believed (milliseconds). */
export const LONGEST_WINDOW = 3_600_000;
/** Numbers from here on are an instant in seconds (September 2001), not a duration. */
const FIRST_EPOCH_SECOND = 1e9;
/** Numbers from here on are an instant in milliseconds (March 1973). */
const FIRST_EPOCH_MS = 1e11;

export function readFacts(observation: Observation): Facts {
  const { headers, httpStatus } = observation;
  const date = instant(headers['date']);
  return {
    limit: whole(headers['x-ratelimit-limit'], 1),
    remaining: whole(headers['x-ratelimit-remaining'], 0),
    reset: reset(headers['x-ratelimit-reset'], date),
    date,
    retryAfter: retryAfter(headers['retry-after']),
    throttled: httpStatus === 429,
  };
}

/** How long the answer asks us to wait, ms; a date in it is taken by the server's own clock. RFC 9110, 10.2.3. */
export function toldToWaitMs({ retryAfter, date }: Facts): number | undefined {
  if (retryAfter?.on === 'answer') return retryAfter.in;
  return retryAfter === undefined || date === undefined ? undefined : Math.max(0, retryAfter.at - date);
}

/** The leading whole number (`10`, `10;w=60`, `10, 100`), when it is at least `least`. */
function whole(text: string | undefined, least: number): number | undefined {
  const match = /^\s*(\d{1,12})(?:\.0+)?\s*(?:[;,].*)?$/.exec(text ?? '');
  const value = match === null ? Number.NaN : Number(match[1]);
  return value >= least ? value : undefined;
}

function decimal(text: string | undefined): number | undefined {
  return /^\s*\d{1,16}(\.\d+)?\s*$/.test(text ?? '') ? Number(text) : undefined;
}

/** An HTTP date (it names a month; a bare number is not one), milliseconds since the epoch. */
function instant(text: string | undefined): number | undefined {
  if (text === undefined || !/[a-z]{3}/i.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Without `Date` an instant on the server's clock means nothing to us: our own wall clock is never trusted. */
function reset(text: string | undefined, date: number | undefined): Reset | undefined {
  const number = decimal(text);
  if (number !== undefined && number < FIRST_EPOCH_SECOND) {
    const step = Number.isInteger(number) ? 1000 : 1;
    return believable(number * 1000) ? { on: 'answer', in: number * 1000, step } : undefined;
  }
  const isMs = number !== undefined && number >= FIRST_EPOCH_MS;
  const at = number === undefined ? instant(text) : isMs ? number : number * 1000;
  if (at === undefined || date === undefined || !believable(at - date)) return undefined;
  return { on: 'wall', at, step: isMs || at % 1000 !== 0 ? 1 : 1000 };
}

/** A reset that is over, or hours away, says nothing about a window. */
function believable(inMs: number): boolean {
  return inMs > 0 && inMs <= LONGEST_WINDOW;
}

function retryAfter(text: string | undefined): RetryAfter | undefined {
  const seconds = decimal(text);
  if (seconds !== undefined) return { on: 'answer', in: seconds * 1000 };
  const at = instant(text);
  return at === undefined ? undefined : { on: 'wall', at };
}
