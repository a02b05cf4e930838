/**
 * The asks that the server may still count, oldest first: ours, and those of others as far as the server's own count
 * shows them. When the server counted one is an interval. Both ends leave out the quickest way there, which is the same
 * for all, so that only their differences mean something.
 */
import { type AskKind, longestHandshake, type Way } from './way.ts';

/** One exchange. Instants are monotonic milliseconds. */
export interface Ask {
  readonly id: number;
  /** `other`: somebody else's on the same key. */
  readonly kind: AskKind | 'other';
  /** When its bytes went out; when it was granted, until then. */
  readonly sentAt: number;
  /** Undefined while in flight; an ask that was lost counts from when it was given up. */
  readonly answeredAt: number | undefined;
  /** How long it takes unless something holds it up, as known when it was granted, milliseconds. */
  readonly usual: number;
  /** How many were in flight when it was granted, it included. */
  readonly level: number;
  /** It was refused: the server may not count it. */
  readonly refused: boolean;
  /** It went on a conjecture: nothing else may start before its answer. */
  readonly solo: boolean;
  /** It went by the server's word: a refusal means that somebody else came first, or that the word is not all. */
  readonly promised: boolean;
}

/** The latest instant at which the server can have counted the ask, as seen at `now`. */
export function latestArrival(ask: Ask, way: Way, now: number): number {
  const { kind, sentAt, answeredAt, usual } = ask;
  if (kind === 'other') return answeredAt ?? sentAt;
  const byWay = sentAt + way.spread;
  if (answeredAt === undefined) {
    return now - sentAt <= usual ? byWay : Number.POSITIVE_INFINITY;
  }
  const took = answeredAt - sentAt;
  const byAnswer = answeredAt - Math.min(way.shortest[kind], took);
  // Where the server hardly works on it, the answer tells as much by itself, and more surely.
  const isQuick = took < 2 * longestHandshake(way);
  return isQuick || took > usual ? byAnswer : Math.min(byWay, byAnswer);
}

/** How many asks an ask that is sent at `now` may find counted in a window of `windowMs`. */
export function countedAt(asks: readonly Ask[], way: Way, windowMs: number, now: number): number {
  let counted = 0;
  for (const ask of asks) if (latestArrival(ask, way, now) + windowMs > now) counted++;
  return counted;
}

/** When fewer than `limit` asks will be counted; Infinity while that takes an answer. */
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

/** Whether `one` had its answer before `other` was sent. */
export function isBefore(one: Ask, other: Ask): boolean {
  return one.answeredAt !== undefined && one.answeredAt <= other.sentAt;
}
