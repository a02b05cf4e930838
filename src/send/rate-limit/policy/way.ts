/**
 * Duration of the way to the server, without the server's own time. It tells when an ask reached the server: an add
 * takes WhatsApp a second or more, the way to it some milliseconds.
 */
import type { Observation } from '../headers.ts';

/** A POST, or one of the GETs around it: our own pace counts only POSTs. */
export type AskKind = 'ask' | 'read';

/** Round trips of one kind, milliseconds. */
interface Trips {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Two generations of round trips, so that old values of a network that has changed are forgotten. */
export interface RoundTrips extends Trips {
  readonly before: Trips;
}

export interface Way {
  readonly trips: Readonly<Record<AskKind, RoundTrips>>;
  /** TCP handshakes: there and back, without work. */
  readonly handshakes: Trips;
  /** Factor on the measured bounds: doubled by a refusal that they explain. */
  readonly caution: number;
  /** Largest delay of an ask's arrival over the quickest, unless something holds it up. */
  readonly spread: number;
  /** Lower bound of a round trip, by kind. */
  readonly shortest: Readonly<Record<AskKind, number>>;
}

const NOTHING: Trips = { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 };
const NO_TRIPS: RoundTrips = { ...NOTHING, before: NOTHING };
export const UNKNOWN_WAY: Way = {
  trips: { ask: NO_TRIPS, read: NO_TRIPS },
  handshakes: NOTHING,
  caution: 1,
  spread: Number.POSITIVE_INFINITY,
  shortest: { ask: 0, read: 0 },
};

const GENERATION = 512;
/** Least difference between two ways, milliseconds: networks, timers and the event loops of both ends. */
const LEAST_SPREAD = 30;
/** Multiple of the longest duration so far beyond which an exchange was held up, perhaps on its way. */
const HELD_UP = 1.5;
/** Fewest exchanges for a meaningful mean. */
const FEW = 8;
const MOST_CAUTION = 16;

function added(trips: Trips, ms: number): Trips {
  const { count, sum, min, max } = trips;
  return { count: count + 1, sum: sum + ms, min: Math.min(min, ms), max: Math.max(max, ms) };
}

function addRoundTrip(trips: RoundTrips, ms: number): RoundTrips {
  if (trips.count < GENERATION) return { ...added(trips, ms), before: trips.before };
  const { count, sum, min, max } = trips;
  return { ...added(NOTHING, ms), before: { count, sum, min, max } };
}

/** The way after one more answered exchange. */
export function measured(way: Way, kind: AskKind, observation: Observation): Way {
  const { sentAt, answeredAt, tripMs = answeredAt - sentAt, handshakeMs } = observation;
  return bounded({
    ...way,
    trips: { ...way.trips, [kind]: addRoundTrip(way.trips[kind], tripMs) },
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
function shortestRoundTrip(trips: RoundTrips, caution: number): number {
  const count = trips.count + trips.before.count;
  if (count < 8) return 0;
  const min = Math.min(trips.min, trips.before.min);
  const spread = (trips.sum + trips.before.sum) / count - min;
  return Math.max(0, min - spread * Math.max(40 / count, 0.15) * caution);
}

/** The longest round trip, milliseconds; 0 before any. */
export function longestRoundTrip({ trips }: Way, kind: AskKind): number {
  return Math.max(trips[kind].max, trips[kind].before.max);
}

/** Mean of all exchanges, milliseconds; 0 before any. */
export function meanRoundTrip({ trips: { ask, read } }: Way): number {
  const count = ask.count + ask.before.count + read.count + read.before.count;
  return count === 0 ? 0 : (ask.sum + ask.before.sum + read.sum + read.before.sum) / count;
}

/** Longest exchange of this kind unless something holds it up, milliseconds; 0 before any. */
export function usualRoundTrip(way: Way, kind: AskKind): number {
  const { count, sum, before } = way.trips[kind];
  const all = count + before.count;
  // One delayed exchange raises the longest for good, the mean hardly.
  return all < FEW ? longestRoundTrip(way, kind) * HELD_UP : (2 * (sum + before.sum)) / all;
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
