/**
 * When asks reach the server: the duration of the way there, without the server's own time, and the log of the asks that
 * it may still count. An add takes WhatsApp a second or more, the way to it some milliseconds.
 */
import type { AskKind, Observation } from '../headers.ts';

/** Round trips of one kind, milliseconds. The mean forgets old values of a network that has changed. */
interface Trips {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

export interface Way {
  readonly trips: Readonly<Record<AskKind, Trips>>;
  /** TCP handshakes: there and back, without work. */
  readonly handshakes: Trips;
  /** Factor on the measured bounds: doubled by a refusal that they explain. */
  readonly caution: number;
  /** Largest delay of an ask's arrival over the quickest, unless something holds it up. */
  readonly spread: number;
  /** Lower bound of a round trip, by kind. */
  readonly shortest: Readonly<Record<AskKind, number>>;
}

const NOTHING: Trips = { count: 0, mean: 0, min: Number.POSITIVE_INFINITY, max: 0 };
export const UNKNOWN_WAY: Way = {
  trips: { ask: NOTHING, read: NOTHING },
  handshakes: NOTHING,
  caution: 1,
  spread: Number.POSITIVE_INFINITY,
  shortest: { ask: 0, read: 0 },
};

/** Number of exchanges in the mean. */
const REMEMBERED = 512;
/** Least difference between two ways, milliseconds: networks, timers and the event loops of both ends. */
const LEAST_SPREAD = 30;
/** Multiple of the longest duration so far beyond which an exchange was held up, perhaps on its way. */
const HELD_UP = 1.5;
/** Fewest exchanges for a meaningful mean. */
const FEW = 8;
const MOST_CAUTION = 16;

function added({ count, mean, min, max }: Trips, ms: number): Trips {
  const next = mean + (ms - mean) / Math.min(count + 1, REMEMBERED);
  return { count: count + 1, mean: next, min: Math.min(min, ms), max: Math.max(max, ms) };
}

/** The way after one more answered exchange. */
export function measured(way: Way, kind: AskKind, observation: Observation): Way {
  const { sentAt, answeredAt, tripMs = answeredAt - sentAt, handshakeMs } = observation;
  return bounded({
    ...way,
    trips: { ...way.trips, [kind]: added(way.trips[kind], tripMs) },
    handshakes: handshakeMs === undefined ? way.handshakes : added(way.handshakes, handshakeMs),
  });
}

export function moreCareful(way: Way): Way {
  return bounded({ ...way, caution: Math.min(way.caution * 2, MOST_CAUTION) });
}

/** The way with bounds by its measurements. */
function bounded(way: Way): Way {
  const { trips, caution } = way;
  const shortest = {
    ask: shortestRoundTrip(trips.ask, caution),
    read: shortestRoundTrip(trips.read, caution),
  };
  return { ...way, spread: spreadOf(way), shortest };
}

/**
 * Lower bound of a round trip, milliseconds. The smallest of few samples is too large, by about the spread over their
 * number, so the estimate starts at 0 (fully safe) and rises with the samples. The chance that the next exchange
 * undercuts it stays near one in a million for a uniform spread; the part of the spread that is always subtracted
 * serves distributions with a thin lower edge.
 */
function shortestRoundTrip({ count, mean, min }: Trips, caution: number): number {
  return count < FEW ? 0 : Math.max(0, min - (mean - min) * Math.max(40 / count, 0.15) * caution);
}

/** The longest round trip, milliseconds; 0 before any. */
export function longestRoundTrip({ trips }: Way, kind: AskKind): number {
  return trips[kind].max;
}

/** Mean of all exchanges, milliseconds; 0 before any. */
export function meanRoundTrip({ trips: { ask, read } }: Way): number {
  return (ask.count * ask.mean + read.count * read.mean) / Math.max(1, ask.count + read.count);
}

/** Longest exchange of this kind unless something holds it up, milliseconds; 0 before any. */
export function usualRoundTrip({ trips }: Way, kind: AskKind): number {
  const { count, mean, max } = trips[kind];
  // One delayed exchange raises the longest for good, the mean hardly.
  return count < FEW ? max * HELD_UP : 2 * mean;
}

/**
 * Largest delay of an ask's arrival over the quickest, unless something holds it up, milliseconds. A handshake, there
 * and back, is longer than the way there, so a few of them bound it.
 */
function spreadOf({ handshakes, trips, caution }: Way): number {
  const { count, min, max } = handshakes;
  const shortest = Math.min(trips.ask.min, trips.read.min);
  const known = count < 8 ? max * (count < 4 ? 2 : 1.25) : (max - min) * (1.25 + 4 / count);
  return Math.max(LEAST_SPREAD, count > 0 ? known : shortest * 2) * caution;
}

/**
 * One exchange in the log of those that the server may still count, oldest first: ours, and those of others as far as
 * the server's count shows them. The instant at which the server counted it is an interval. Both ends leave out the
 * shortest way there, which is the same for all, so that only differences mean something. Instants are monotonic
 * milliseconds.
 */
export interface Ask {
  readonly id: number;
  /** `other`: another client's on the same key. */
  readonly kind: AskKind | 'other';
  /** Instant at which its bytes went out; until then, of its grant. */
  readonly sentAt: number;
  /** undefined while in flight; a lost ask counts from the instant of giving up. */
  readonly answeredAt: number | undefined;
  /** Usual duration without a delay, as known at the grant, milliseconds. */
  readonly usual: number;
  /** Number in flight at the grant, it included. */
  readonly level: number;
  /** Refused: the server may not count it. */
  readonly refused: boolean;
  /** Sent on a conjecture: nothing else may start before its answer. */
  readonly solo: boolean;
  /** Sent by the server's word: a refusal means that another client came first, or that the word is incomplete. */
  readonly promised: boolean;
}

/** Latest instant at which the server can have counted the ask, as seen at `now`. */
export function latestArrival(ask: Ask, way: Way, now: number): number {
  const { kind, sentAt, answeredAt, usual } = ask;
  if (kind === 'other') return answeredAt ?? sentAt;
  const byWay = sentAt + way.spread;
  if (answeredAt === undefined) {
    return now - sentAt <= usual ? byWay : Number.POSITIVE_INFINITY;
  }
  const took = answeredAt - sentAt;
  const byAnswer = answeredAt - Math.min(way.shortest[kind], took);
  return took > usual ? byAnswer : Math.min(byWay, byAnswer);
}

/** Number of asks that an ask sent at `now` may find counted in a window of `windowMs`. */
export function countedAt(asks: readonly Ask[], way: Way, windowMs: number, now: number): number {
  let counted = 0;
  for (const ask of asks) if (latestArrival(ask, way, now) + windowMs > now) counted++;
  return counted;
}

/** Instant at which fewer than `limit` asks will be counted; Infinity while that needs an answer. */
export function freeAt(asks: readonly Ask[], way: Way, windowMs: number, limit: number, now: number): number {
  if (asks.length < limit) return Number.NEGATIVE_INFINITY;
  const arrivals = asks.map((ask) => latestArrival(ask, way, now)).sort((a, b) => b - a);
  return (arrivals[limit - 1] ?? Number.NEGATIVE_INFINITY) + windowMs;
}

export function inFlight(asks: readonly Ask[]): number {
  let count = 0;
  for (const ask of asks) if (ask.answeredAt === undefined) count++;
  return count;
}

/** Whether `one` was answered before `other` was sent. */
export function isBefore(one: Ask, other: Ask): boolean {
  return one.answeredAt !== undefined && one.answeredAt <= other.sentAt;
}
