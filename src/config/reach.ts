/** Access to the API for reading: `follow-up`, `groups`, and `check --online`. */
import type { Sender } from '../domain/words.ts';
import type { RedisTarget } from '../send/rate-limit/redis/redis-url.ts';
import { type Env, redisTarget, sender, type Target, target, usage } from './api.ts';
import type { GroupsFlags } from './flags.ts';

export type LimitPer = 'key' | 'phone';

/** Configuration of reads, paced only by the server. */
export interface ReachConfig {
  readonly target: Target;
  /** Phone used for reading; undefined: the sandbox's own, or those of the rows. */
  readonly sender: Sender | undefined;
  readonly requestTimeoutMs: number;
  readonly redis: RedisTarget | undefined;
  readonly concurrency: number;
  readonly limitPer: LimitPer;
  readonly maxRate: undefined;
  readonly gap: undefined;
}

/** Default ceiling on asks in flight: above the need of 100 asks per second at 500 ms latency. */
export const DEFAULT_CONCURRENCY = 100;

/** Longest timeout, ms. Node fires a timer of more than 2^31 − 1 ms at once. */
const LONGEST_TIMEOUT_MS = 86_400_000;

export function requestTimeout(flags: Pick<GroupsFlags, 'requestTimeout'>): number {
  const ms = flags.requestTimeout;
  if (ms > LONGEST_TIMEOUT_MS)
    throw usage('--request-timeout is longer than a day: no answer takes that long; give 30s or so');
  return ms;
}

type ReachFlags = Pick<GroupsFlags, 'baseUrl' | 'requestTimeout' | 'limitPer'> &
  Partial<Pick<GroupsFlags, 'sandbox' | 'phone' | 'redisUrl'>>;

/** @throws OnboardError KEY_MISSING, CONFIG */
export function reachConfig(flags: ReachFlags, env: Env): ReachConfig {
  return Object.freeze({
    target: target(flags, env, false) as Target,
    sender: sender(flags),
    requestTimeoutMs: requestTimeout(flags),
    redis: redisTarget(flags, env),
    concurrency: DEFAULT_CONCURRENCY,
    limitPer: flags.limitPer,
    maxRate: undefined,
    gap: undefined,
  });
}
