/**
 * Reads the rate-limit headers of one answer into facts. The formats in the wild differ: three headers with the names
 * of FAMILIES, or one `RateLimit` with its `RateLimit-Policy`; `Reset` comes as epoch seconds (the documented form),
 * epoch milliseconds, a number of seconds from now, or a date. What cannot be read, or says something absurd, is left
 * out: no fact is better than a wrong one.
 */
import {
  believable,
  dateOf,
  decimal,
  quotaFor,
  type Reset,
  type RetryAfter,
  reset,
  retryAfter,
  whole,
} from './header-values.ts';
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

/** What the headers say of one limit. */
interface Word {
  /** Asks per window, 1 or more. */
  readonly limit: number | undefined;
  /** Asks that the server would still take, 0 or more. */
  readonly remaining: number | undefined;
  readonly reset: Reset | undefined;
  /** The length of the window as the server names it, milliseconds. */
  readonly windowMs: number | undefined;
  /** Time to a Reset that is too far away to end a window, milliseconds: that of a quota. */
  readonly quotaMs: number | undefined;
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

/** Longest wait that our own wall clock alone makes out of a date (milliseconds). */
const LONGEST_GUESS = 60_000;
const NOTHING: Word = {
  limit: undefined,
  remaining: undefined,
  reset: undefined,
  windowMs: undefined,
  quotaMs: undefined,
};

export function readFacts(observation: Observation): Facts {
  const { headers, httpStatus } = observation;
  const date = dateOf(headers['date']);
  const word = wordOf(headers, date);
  return {
    limit: word.limit,
    remaining: word.remaining,
    reset: word.reset,
    windowMs: word.windowMs,
    quotaMs: word.quotaMs,
    understood: saysAnything(word),
    date,
    retryAfter: retryAfter(headers['retry-after']),
    throttled: httpStatus === 429,
  };
}

/**
 * How long the answer asks us to wait, ms, whatever its status; a refusal without `Retry-After` by a quota that is used up:
 * until its Reset. A date in it is taken by the server's own clock. Without `Date` there is only our wall clock, `wallNow`,
 * which may be wrong: it makes a short wait, or none that is known.
 */
export function toldToWaitMs(facts: Facts, wallNow?: number): number | undefined {
  const { retryAfter, date, throttled, remaining, quotaMs } = facts;
  if (retryAfter === undefined) return throttled && remaining === 0 ? quotaMs : undefined;
  if (retryAfter.on === 'answer') return retryAfter.in;
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
    if (word.remaining < left || (word.remaining === left && isLater(word, least))) least = word;
  }
  return least ?? words[0] ?? NOTHING;
}

function isLater({ reset: one, quotaMs }: Word, before: Word | undefined): boolean {
  const other = before?.reset;
  if (quotaMs !== undefined) return quotaMs > (before?.quotaMs ?? 0);
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
      quotaMs: quotaFor(resets[place]?.value, date),
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
      quotaMs: quotaFor(said.get('reset') ?? said.get('t'), date),
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
