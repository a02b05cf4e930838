import type { LimiterSnapshot } from '../limiter.ts';
import type { Wait } from './wait-board.ts';

/** What limiters of several phones are doing, as if they were one; `queued` waits before them. */
export function addedUp(
  all: readonly LimiterSnapshot[],
  besides: { readonly queued: number; readonly throttled: number; readonly waiting: Wait | undefined },
): LimiterSnapshot {
  const sum = (of: (one: LimiterSnapshot) => number | undefined): number | undefined => {
    const known = all.map(of).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
  };
  const limit = sum((one) => one.limit);
  const remaining = sum((one) => one.remaining);
  const ratePerSecond = sum((one) => one.ratePerSecond);
  const windows = all.map((one) => one.windowMs).filter((value) => value !== undefined);
  const { queued, throttled, waiting } = besides;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(windows.length === 0 ? {} : { windowMs: Math.max(...windows) }),
    inFlight: sum((one) => one.inFlight) ?? 0,
    queued: (sum((one) => one.queued) ?? 0) + queued,
    throttled,
    ...(waiting && { waitingUntil: waiting.untilMonotonic, waitingWhy: waiting.why }),
  };
}
