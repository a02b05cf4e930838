/**
 * How long an exchange takes at least. This is what lets an ask go out before the window is over on our clock: the
 * server counted the earlier ask at the latest `answeredAt − back`, and counts the next at the earliest
 * `sentAt + forth`, and `forth + back` is never below the shortest round trip; how it splits does not matter.
 */

/** Round trips of one kind, milliseconds. Two generations, so that a network that has become slower is forgotten. */
export interface RoundTrips {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly before: {
    readonly count: number;
    readonly sum: number;
    readonly min: number;
    readonly max: number;
  };
}

const NOTHING = { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 };
export const NO_ROUND_TRIPS: RoundTrips = { ...NOTHING, before: NOTHING };

const GENERATION = 512;

export function addRoundTrip(trips: RoundTrips, ms: number): RoundTrips {
  const old = trips.count >= GENERATION;
  const { count, sum, min, max } = old ? NOTHING : trips;
  return {
    count: count + 1,
    sum: sum + ms,
    min: Math.min(min, ms),
    max: Math.max(max, ms),
    before: old ? { count: trips.count, sum: trips.sum, min: trips.min, max: trips.max } : trips.before,
  };
}

/**
 * A round trip that the network will not beat, milliseconds. The smallest of few samples is too large, by about the
 * spread over their number, so the estimate starts at nothing (fully safe) and rises as samples come in. The chance
 * that the next exchange undercuts it stays near one in a million for a uniform spread; the part of the spread
 * that is always kept off serves distributions with a thin lower edge (several in a million where the two ways vary each
 * by itself). `caution` above 1 widens both.
 */
export function shortestRoundTrip(trips: RoundTrips, caution = 1): number {
  const count = trips.count + trips.before.count;
  if (count < 8) return 0;
  const min = Math.min(trips.min, trips.before.min);
  const spread = (trips.sum + trips.before.sum) / count - min;
  return Math.max(0, min - spread * Math.max(40 / count, 0.15) * caution);
}

/** The longest round trip of late, milliseconds. */
export function longestRoundTrip(trips: RoundTrips): number {
  return Math.max(trips.max, trips.before.max);
}

/** 0 before any. */
export function meanRoundTrip(trips: RoundTrips): number {
  const count = trips.count + trips.before.count;
  return count === 0 ? 0 : (trips.sum + trips.before.sum) / count;
}
