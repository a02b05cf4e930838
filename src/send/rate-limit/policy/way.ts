/**
 * Duration of the way to the server, without the server's own time. It tells when an ask reached the server: an add
 * takes WhatsApp a second or more, the way to it some milliseconds.
 */
import type { Observation } from '../headers.ts';

/** A POST, or one of the GETs around it: our own pace counts only POSTs. */
export type AskKind = 'ask' | 'read';

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
