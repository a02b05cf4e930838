/**
 * Log of the asks that the server may still count, oldest first: ours, and those of others as far as the server's count
 * shows them. The instant at which the server counted an ask is an interval. Both ends leave out the shortest way
 * there, which is the same for all, so that only differences mean something.
 */
import type { AskKind, Way } from './way.ts';

/** One exchange. Instants are monotonic milliseconds. */
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
