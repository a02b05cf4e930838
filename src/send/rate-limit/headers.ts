/**
 * Reads the rate-limit headers of one answer into facts. The formats differ: three headers with the names of FAMILIES,
 * or one `RateLimit` with its `RateLimit-Policy`; `Reset` is in epoch seconds (documented), epoch milliseconds, seconds
 * from now, or a date. Unreadable or absurd values are left out: no fact is better than a wrong one.
 */
import type { Log } from '../ports.ts';
import {
  believable,
  dateOf,
  decimal,
  type End,
  endOf,
  type Item,
  listOf,
  pairOf,
  type RetryAfter,
  retryAfter,
  whole,
} from './header-values.ts';

/** A POST, or one of the GETs around it: our own pace counts only POSTs. */
export type AskKind = 'ask' | 'read';

/** Observation of one HTTP exchange, built by the client. Instants are monotonic milliseconds. */
export interface Observation {
  /** Right before the bytes went out. */
  readonly sentAt: number;
  /** Arrival of the answer's head, or the instant of giving up without one. */
  readonly answeredAt: number;
  /** Duration of the TCP handshake if the exchange opened its connection itself: there and back, without work. */
  readonly handshakeMs?: number | undefined;
  /** Duration of the exchange if the two instants include a clock's error; otherwise their difference. */
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

/** One limit by the headers. */
interface Word extends End {
  /** Asks per window, 1 or more. */
  readonly limit: number | undefined;
  /** Asks that the server would still take, 0 or more. */
  readonly remaining: number | undefined;
  /** Length of the window by the server, milliseconds. */
  readonly windowMs: number | undefined;
}

/** Facts of one answer; of several limits, the one with the least left. */
export interface Facts extends Word {
  /** At least one of the fields above was readable. */
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
  /** False: a policy on bytes, or on exchanges in flight. */
  readonly ofRequests: boolean;
}

type Headers = Observation['headers'];

/** Header names, three each; the first readable family counts. */
const FAMILIES = ['x-ratelimit', 'x-rate-limit', 'ratelimit'].map((family) => ({
  limit: `${family}-limit`,
  remaining: `${family}-remaining`,
  reset: `${family}-reset`,
}));

/** Longest wait by a date and our own wall clock alone, milliseconds. */
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
    ...word,
    understood: saysAnything(word),
    date,
    retryAfter: retryAfter(headers['retry-after']),
    throttled: httpStatus === 429,
  };
}

/**
 * Wait that the answer asks for, ms, whatever its status; for a refusal without `Retry-After` by a used-up quota: until
 * its Reset. A date counts by the server's own clock. Without `Date` only our wall clock, `wallNow`, is left, which may
 * be wrong: the wait is then short, or unknown.
 */
export function toldToWaitMs(facts: Facts, wallNow?: number): number | undefined {
  const { retryAfter, date, throttled, remaining, quotaMs } = facts;
  if (retryAfter === undefined) return throttled && remaining === 0 ? quotaMs : undefined;
  if (retryAfter.on === 'answer') return retryAfter.in;
  if (date !== undefined) return Math.max(0, retryAfter.at - date);
  const guess = wallNow === undefined ? 0 : retryAfter.at - wallNow;
  return believable(guess) ? Math.min(guess, LONGEST_GUESS) : undefined;
}

/** Limit by the first of the server's header forms with a Remaining, or else by the first readable one. */
function wordOf(headers: Headers, date: number | undefined): Word {
  const policies = listOf(headers['ratelimit-policy']).map(policyOf);
  let other: Word | undefined;
  for (const family of [...FAMILIES, undefined]) {
    const limits = family
      ? threeHeaders(headers, family, policies, date)
      : oneHeader(headers['ratelimit'], policies, date);
    const word = tightest(limits);
    if (word.remaining !== undefined) return word;
    if (saysAnything(word)) other ??= word;
  }
  return other ?? { ...NOTHING, limit: only(policies)?.limit, windowMs: only(policies)?.windowMs };
}

function saysAnything({ limit, remaining, reset, windowMs }: Word): boolean {
  return limit !== undefined || remaining !== undefined || reset !== undefined || windowMs !== undefined;
}

/** The limit with the smallest Remaining, of equal ones the longest: any of them can refuse an ask. */
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

/** Limits of three list headers, joined by position. */
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
  if (count === 0) return [];
  const known = [...policies, ...limits.map(policyOf)];
  return Array.from({ length: count }, (_, place) => {
    const limit = limits[place] ? policyOf(limits[place]) : count === 1 ? only(policies) : undefined;
    return {
      limit: limit?.limit,
      remaining: whole(remaining[place]?.value, 0),
      ...endOf(resets[place]?.value, date),
      windowMs: limit?.windowMs ?? windowFor(limit?.limit, known),
    };
  });
}

/** Limits of `"default";r=5;t=1`, whose Limit is in the policy of that name, or of `limit=10, remaining=5, reset=1`. */
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
      ...endOf(said.get('reset') ?? said.get('t'), date),
      windowMs: policy?.windowMs ?? windowFor(limit, policies),
    };
  });
}

/** Parses `10;w=1` or `"default";q=10;w=1`. */
function policyOf({ value, params }: Item): Policy {
  const seconds = decimal(params.get('w') ?? params.get('window')) ?? 0;
  return {
    name: value,
    limit: whole(params.get('q') ?? value, 1),
    windowMs: believable(seconds * 1000) ? seconds * 1000 : undefined,
    ofRequests: (params.get('qu') ?? 'requests') === 'requests',
  };
}

/** The policy, if there is exactly one. */
function only([policy, ...others]: readonly Policy[]): Policy | undefined {
  return others.length === 0 && policy?.ofRequests ? policy : undefined;
}

/** Window of the policies with that limit, if they agree. */
function windowFor(limit: number | undefined, policies: readonly Policy[]): number | undefined {
  const windows = new Set<number>();
  for (const policy of policies) {
    if (limit !== undefined && policy.limit === limit && policy.ofRequests && policy.windowMs !== undefined) {
      windows.add(policy.windowMs);
    }
  }
  return windows.size === 1 ? [...windows][0] : undefined;
}

/** Number of 200 answers without rate-limit headers before the warning: servers often do not count reads. */
const ENOUGH: Readonly<Record<AskKind, number>> = { ask: 1, read: 3 };

/** Warns once per run that no header shows the rate limit, which makes the run slow. */
export class HeaderWatch {
  readonly #log: Log;
  readonly #silent: Record<AskKind, number> = { ask: 0, read: 0 };
  #isOver = false;

  constructor(log: Log) {
    this.#log = log;
  }

  saw(kind: AskKind, observation: Observation | undefined): void {
    if (this.#isOver || observation?.httpStatus !== 200) return;
    if (readFacts(observation).understood) {
      this.#isOver = true;
    } else if (++this.#silent[kind] >= ENOUGH[kind]) {
      this.#isOver = true;
      this.#log.warn(
        {},
        'the answers show no rate limit in a header that we know (X-RateLimit-*, X-Rate-Limit-*, RateLimit-*, RateLimit): ' +
          'one request per second, or as --max-rate says',
      );
    }
  }
}
