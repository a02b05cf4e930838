/**
 * Reads the rate-limit headers of one answer into facts. The formats in the wild differ: three headers with the names
 * of FAMILIES, or one `RateLimit` with its `RateLimit-Policy`; `Reset` comes as epoch seconds (the documented form),
 * epoch milliseconds, a number of seconds from now, or a date. What cannot be read, or says something absurd, is left
 * out: no fact is better than a wrong one.
 */
import { type Item, listOf, pairOf } from './structured-header.ts';

/** What one HTTP exchange showed; built by the client. Instants are monotonic milliseconds. */
export interface Observation {
  /** Right before the bytes went out. */
  readonly sentAt: number;
  /** When the head of the answer was there, or when the exchange was given up without one. */
  readonly answeredAt: number;
  /** How long the TCP handshake took, where the exchange opened its connection itself: there and back, and no work. */
  readonly handshakeMs?: number | undefined;
  /** How long it took, where the two instants are widened by what a clock may be off; else their difference. */
  readonly tripMs?: number;
  /** HTTP status; undefined: no answer (lost). */
  readonly httpStatus: number | undefined;
  /** Lower-case names: x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, date, retry-after, … */
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

/** What the headers say of one limit. */
interface Word {
  /** Asks per window, 1 or more. */
  readonly limit: number | undefined;
  /** Asks that the server would still take, 0 or more. */
  readonly remaining: number | undefined;
  readonly reset: Reset | undefined;
  /** The length of the window as the server names it, milliseconds. */
  readonly windowMs: number | undefined;
}

/** Of several limits the one that has the least left. */
export interface Facts extends Word {
  /** Something of the above could be read. */
  readonly understood: boolean;
  /** `Date`, milliseconds since the epoch on the server's clock, in steps of a second. */
  readonly date: number | undefined;
  readonly retryAfter: RetryAfter | undefined;
  /** The server refused because of the rate. */
  readonly throttled: boolean;
}

/** One entry of `RateLimit-Policy`, or of a Limit with its window. */
interface Policy {
  readonly name: string;
  readonly limit: number | undefined;
  readonly windowMs: number | undefined;
  /** False: it counts bytes, or what is in flight. */
  readonly ofRequests: boolean;
}

type Headers = Observation['headers'];

/** Three headers each; the first family that can be read counts. */
const FAMILIES = ['x-ratelimit', 'x-rate-limit', 'ratelimit'].map((family) => ({
  limit: `${family}-limit`,
  remaining: `${family}-remaining`,
  reset: `${family}-reset`,
}));

/** A window longer than this is not believed (milliseconds). */
export const LONGEST_WINDOW = 3_600_000;
/** Longest wait that our own wall clock alone makes out of a date (milliseconds). */
const LONGEST_GUESS = 60_000;
/** Numbers from here on are an instant in seconds (September 2001), not a duration. */
const FIRST_EPOCH_SECOND = 1e9;
/** Numbers from here on are an instant in milliseconds (March 1973). */
const FIRST_EPOCH_MS = 1e11;

const NOTHING: Word = { limit: undefined, remaining: undefined, reset: undefined, windowMs: undefined };

export function readFacts(observation: Observation): Facts {
  const { headers, httpStatus } = observation;
  const date = dateOf(headers['date']);
  const word = wordOf(headers, date);
  return {
    limit: word.limit,
    remaining: word.remaining,
    reset: word.reset,
    windowMs: word.windowMs,
    understood: saysAnything(word),
    date,
    retryAfter: retryAfter(headers['retry-after']),
    throttled: httpStatus === 429,
  };
}

/**
 * How long the answer asks us to wait, ms, whatever its status. A date in it is taken by the server's own clock. Without
 * `Date` there is only our wall clock, `wallNow`, which may be wrong: it makes a short wait, or none that is known.
 */
export function toldToWaitMs({ retryAfter, date }: Facts, wallNow?: number): number | undefined {
  if (retryAfter === undefined || retryAfter.on === 'answer') return retryAfter?.in;
  if (date !== undefined) return Math.max(0, retryAfter.at - date);
  const guess = wallNow === undefined ? 0 : retryAfter.at - wallNow;
  return believable(guess) ? Math.min(guess, LONGEST_GUESS) : undefined;
}

/** Of the forms that the server writes, the first that says what is left, or else the first that says anything. */
function wordOf(headers: Headers, date: number | undefined): Word {
  const policies = listOf(headers['ratelimit-policy']).map(policyOf);
  let any: Word | undefined;
  for (let form = 0; form <= FAMILIES.length; form++) {
    const family = FAMILIES[form];
    const words =
      family === undefined
        ? oneHeader(headers['ratelimit'], policies, date)
        : threeHeaders(headers, family, policies, date);
    const word = tightest(words);
    if (word.remaining !== undefined) return word;
    if (any === undefined && saysAnything(word)) any = word;
  }
  return any ?? { ...NOTHING, limit: only(policies)?.limit, windowMs: only(policies)?.windowMs };
}

function saysAnything({ limit, remaining, reset, windowMs }: Word): boolean {
  return limit !== undefined || remaining !== undefined || reset !== undefined || windowMs !== undefined;
}

/** The smallest Remaining, of equal ones that which lasts longer: any of them can refuse an ask. */
function tightest(words: readonly Word[]): Word {
  let least: Word | undefined;
  for (const word of words) {
    if (word.remaining === undefined) continue;
    const left = least?.remaining ?? Number.POSITIVE_INFINITY;
    if (word.remaining < left || (word.remaining === left && isLater(word.reset, least?.reset))) least = word;
  }
  return least ?? words[0] ?? NOTHING;
}

function isLater(one: Reset | undefined, other: Reset | undefined): boolean {
  if (one?.on === 'wall' && other?.on === 'wall') return one.at > other.at;
  return one?.on === 'answer' && other?.on === 'answer' && one.in > other.in;
}

/** Values that stand at the same place of the three lists belong together. */
function threeHeaders(
  headers: Headers,
  family: (typeof FAMILIES)[number],
  policies: readonly Policy[],
  date: number | undefined,
): Word[] {
  const limits = listOf(headers[family.limit]);
  const remaining = listOf(headers[family.remaining]);
  const resets = listOf(headers[family.reset]);
  const count = Math.max(limits.length, remaining.length, resets.length);
  const known = [...policies, ...limits.map(policyOf)];
  return Array.from({ length: count }, (_, place) => {
    const limit = limits[place] ? policyOf(limits[place]) : count === 1 ? only(policies) : undefined;
    return {
      limit: limit?.limit,
      remaining: whole(remaining[place]?.value, 0),
      reset: reset(resets[place]?.value, date),
      windowMs: limit?.windowMs ?? windowFor(limit?.limit, known),
    };
  });
}

/** `"default";r=5;t=1`, whose Limit is in the policy of that name, or `limit=10, remaining=5, reset=1`. */
function oneHeader(text: string | undefined, policies: readonly Policy[], date: number | undefined): Word[] {
  const entries: { name: string | undefined; said: Map<string, string> }[] = [];
  for (const { value, params } of listOf(text)) {
    const [name, said] = pairOf(value);
    const last = entries.at(-1);
    if (!value.includes('=')) entries.push({ name: value, said: new Map(params) });
    else if (last === undefined || last.name !== undefined || last.said.has(name)) {
      entries.push({ name: undefined, said: new Map([[name, said], ...params]) });
    } else for (const [key, each] of [[name, said] as const, ...params]) last.said.set(key, each);
  }
  return entries.flatMap(({ name, said }) => {
    const limit = whole(said.get('limit'), 1);
    const alone =
      policies.length === 1 && entries.length === 1 && limit === undefined ? policies[0] : undefined;
    const policy = policies.find((each) => name !== undefined && each.name === name) ?? alone;
    if (policy?.ofRequests === false) return [];
    return {
      limit: limit ?? policy?.limit,
      remaining: whole(said.get('remaining') ?? said.get('r'), 0),
      reset: reset(said.get('reset') ?? said.get('t'), date),
      windowMs: policy?.windowMs ?? windowFor(limit, policies),
    };
  });
}

/** `10;w=1` or `"default";q=10;w=1`. */
function policyOf({ value, params }: Item): Policy {
  const seconds = decimal(params.get('w') ?? params.get('window')) ?? 0;
  return {
    name: value,
    limit: whole(params.get('q') ?? value, 1),
    windowMs: believable(seconds * 1000) ? seconds * 1000 : undefined,
    ofRequests: (params.get('qu') ?? 'requests') === 'requests',
  };
}

/** The one policy that there is. */
function only([policy, ...others]: readonly Policy[]): Policy | undefined {
  return others.length === 0 && policy?.ofRequests ? policy : undefined;
}

/** The window of the policies with that limit, where they agree on it. */
function windowFor(limit: number | undefined, policies: readonly Policy[]): number | undefined {
  const windows = new Set<number>();
  for (const policy of policies) {
    if (limit !== undefined && policy.limit === limit && policy.ofRequests && policy.windowMs !== undefined) {
      windows.add(policy.windowMs);
    }
  }
  return windows.size === 1 ? [...windows][0] : undefined;
}

/** A whole number, when it is at least `least`. */
function whole(text: string | undefined, least: number): number | undefined {
  const match = /^\s*(\d{1,12})(?:\.0+)?\s*$/.exec(text ?? '');
  const value = match === null ? Number.NaN : Number(match[1]);
  return value >= least ? value : undefined;
}

function decimal(text: string | undefined): number | undefined {
  return /^\s*\d{1,16}(\.\d+)?\s*$/.test(text ?? '') ? Number(text) : undefined;
}

/** `Date`, also when a proxy repeats it; two that differ are of two clocks. */
function dateOf(text: string | undefined): number | undefined {
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

/** Without `Date` an instant on the server's clock means nothing to us: our own wall clock is never trusted. */
function reset(text: string | undefined, date: number | undefined): Reset | undefined {
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
function believable(inMs: number): boolean {
  return inMs > 0 && inMs <= LONGEST_WINDOW;
}

/** Seconds; a date; or, from servers that take it for a Reset, an epoch in seconds or milliseconds. */
function retryAfter(text: string | undefined): RetryAfter | undefined {
  const number = decimal(text);
  if (number !== undefined && number < FIRST_EPOCH_SECOND) return { on: 'answer', in: number * 1000 };
  const at = number === undefined ? instant(text) : epochMs(number);
  return at === undefined ? undefined : { on: 'wall', at };
}

function epochMs(number: number): number {
  return number >= FIRST_EPOCH_MS ? number : number * 1000;
}
