/** How the API is reached for reading: by `follow-up`, `groups`, and `check --online`. */
import type { Sender } from '../domain/words.ts';
import type { RedisTarget } from '../send/rate-limit/redis/redis-url.ts';
import { type Env, redisTarget, sender, type Target, target, usage } from './api.ts';
import type { GroupsFlags } from './flags.ts';

export type LimitPer = 'key' | 'phone';

/** What reads, at no pace but the server's. */
export interface ReachConfig {
  readonly target: Target;
  /** The phone that it is read through; undefined: the sandbox's own, or those of the rows. */
  readonly sender: Sender | undefined;
  readonly requestTimeoutMs: number;
  readonly redis: RedisTarget | undefined;
  readonly concurrency: number;
  readonly limitPer: LimitPer;
  readonly maxRate: undefined;
  readonly gap: undefined;
}

/** The default ceiling on asks in flight: above what 100 asks per second at 500 ms latency need. */
export const DEFAULT_CONCURRENCY = 100;

/** No timer of Node's is longer than 2^31 − 1 ms; one that is set to more goes off at once. */
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
