/**
 * Where the server's wall clock stands against our monotonic one. `Date` has steps of a second and an answer takes
 * time, so the offset is an interval; every answer narrows it. Our own wall clock plays no part.
 */
import type { Span } from '../headers.ts';

/** The server's wall clock minus our monotonic clock, milliseconds, and when it was last narrowed. */
export interface ServerClock {
  readonly offset: Span | undefined;
  readonly at: number;
  /** How often `Date` contradicted itself: a clock is set now and then, but not time and again. */
  readonly leaps: number;
}

export const UNKNOWN_CLOCK: ServerClock = { offset: undefined, at: 0, leaps: 0 };

/** Clocks drift apart: two hundred parts in a million covers a bad crystal and a clock that is being slewed. */
const DRIFT = 2e-4;
/** `Date` may be a cached string that is renewed a little late (milliseconds). */
const DATE_LAG = 20;
/** A `Date` that leaps so often stands still, or is not a clock. */
const MOST_LEAPS = 3;

/** Narrows the offset with one answer. A server whose clock was set starts afresh. */
export function narrow(
  clock: ServerClock,
  date: number | undefined,
  sentAt: number,
  answeredAt: number,
): ServerClock {
  if (date === undefined || !isReliable(clock)) return clock;
  const seen: Span = { from: date - answeredAt, to: date + 1000 + DATE_LAG - sentAt };
  const known = offsetAt(clock, answeredAt);
  if (known === undefined) return { ...clock, offset: seen, at: answeredAt };
  const offset = { from: Math.max(known.from, seen.from), to: Math.min(known.to, seen.to) };
  if (offset.from <= offset.to) return { ...clock, offset, at: answeredAt };
  const leaps = clock.leaps + 1;
  return { offset: leaps < MOST_LEAPS ? seen : undefined, at: answeredAt, leaps };
}

/** Whether instants of the server's clock mean anything. */
export function isReliable(clock: ServerClock): boolean {
  return clock.leaps < MOST_LEAPS;
}

/** The offset as it can be vouched for at a later instant: wider by the drift. */
function offsetAt(clock: ServerClock, now: number): Span | undefined {
  const drift = Math.abs(now - clock.at) * DRIFT;
  return clock.offset && { from: clock.offset.from - drift, to: clock.offset.to + drift };
}

/** An instant of the server's wall clock on our monotonic clock: the interval in which it lies. */
export function toMonotonic(clock: ServerClock, wall: number): Span | undefined {
  return clock.offset && { from: wall - clock.offset.to, to: wall - clock.offset.from };
}
