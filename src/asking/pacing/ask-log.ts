/**
 * The asks that the server may still be counting, oldest first. When the server counted one is an interval: it
 * cannot be before it was sent, nor after its answer less the way back. Both ends leave out the way forth, which is
 * the same for all, so that only their differences mean something.
 */
import { type RoundTrips, shortestRoundTrip } from './round-trip.ts';

/** A POST, or one of the GETs around it: the server counts both, our own pace only the first. */
export type AskKind = 'ask' | 'read';

/** One exchange. Instants are monotonic milliseconds. */
export interface Ask {
  readonly id: number;
  readonly kind: AskKind;
  readonly grantedAt: number;
  /** Undefined until the bytes go out. */
  readonly sentAt: number | undefined;
  /** Undefined while in flight; an ask that was lost counts from when it was given up. */
  readonly answeredAt: number | undefined;
  /** What the server said remained after it. */
  readonly remaining: number | undefined;
  /** It was refused: the server may not count it. */
  readonly refused: boolean;
  /** It went on a conjecture: nothing else may start before its answer. */
  readonly solo: boolean;
  /** It went by the server's word: a refusal means that somebody else came first. */
  readonly promised: boolean;
}

/** The shortest round trip of each kind: reads are quicker than asks, and each is compared with its own. */
export type Shortest = Readonly<Record<AskKind, number>>;

export function shortestOf(trips: Readonly<Record<AskKind, RoundTrips>>, caution: number): Shortest {
  return { ask: shortestRoundTrip(trips.ask, caution), read: shortestRoundTrip(trips.read, caution) };
}

/** Where the ask stands among `asks`, which are in the order of their ids; −1 when it is no longer among them. */
export function placeOf(asks: readonly Ask[], id: number): number {
  let low = 0;
  let high = asks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = asks[middle]?.id ?? 0;
    if (at === id) return middle;
    if (at < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

export function earliestArrival(ask: Ask): number {
  return ask.sentAt ?? ask.grantedAt;
}

/** Infinity while the ask is in flight: it may yet arrive. */
export function latestArrival(ask: Ask, shortest: Shortest): number {
  if (ask.answeredAt === undefined) return Number.POSITIVE_INFINITY;
  return ask.answeredAt - Math.min(shortest[ask.kind], ask.answeredAt - earliestArrival(ask));
}

/** How many asks an ask that is sent at `now` may find counted in a window of `windowMs`. */
export function countedAt(asks: readonly Ask[], shortest: Shortest, windowMs: number, now: number): number {
  let counted = 0;
  for (const ask of asks) if (latestArrival(ask, shortest) + windowMs > now) counted++;
  return counted;
}

/** When fewer than `limit` asks will be counted; Infinity while too many are in flight. */
export function freeAt(asks: readonly Ask[], shortest: Shortest, windowMs: number, limit: number): number {
  if (asks.length < limit) return Number.NEGATIVE_INFINITY;
  const arrivals = asks.map((ask) => latestArrival(ask, shortest)).sort((a, b) => b - a);
  return (arrivals[limit - 1] ?? Number.NEGATIVE_INFINITY) + windowMs;
}

export function inFlight(asks: readonly Ask[]): number {
  let count = 0;
  for (const ask of asks) if (ask.answeredAt === undefined) count++;
  return count;
}

/**
 * When at least `many` asks that the server counted at `heardAt` will be older than the window: sound for every kind
 * of server even when others use the key too, as it takes their asks for granted. Infinity while that is open.
 */
export function returnedAt(
  asks: readonly Ask[],
  shortest: Shortest,
  windowMs: number,
  heardAt: number,
  many: number,
): number {
  const ends = asks
    .filter((ask) => !ask.refused && earliestArrival(ask) + windowMs > heardAt)
    .map((ask) => latestArrival(ask, shortest) + windowMs)
    .sort((a, b) => a - b);
  return ends[Math.min(many, ends.length) - 1] ?? heardAt;
}

/** The last time from `from` to `to` at which one of the asks grows older than the window; `from` when none does. */
export function lastBackBy(
  asks: readonly Ask[],
  shortest: Shortest,
  windowMs: number,
  from: number,
  to: number,
): number {
  let last = from;
  for (const ask of asks) {
    const at = latestArrival(ask, shortest) + windowMs;
    if (!ask.refused && at > last && at <= to) last = at;
  }
  return last;
}
