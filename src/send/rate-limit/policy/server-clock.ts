/**
 * Offset between the server's wall clock and our monotonic one. `Date` has steps of a second and an answer takes time,
 * so it is an interval, which every answer narrows. Our own wall clock is not used.
 */
import type { Span } from '../headers.ts';

/** Offset: the server's wall clock minus our monotonic clock, milliseconds, and when it was last narrowed. */
export interface ServerClock {
  readonly offset: Span | undefined;
  readonly at: number;
  /** Number of times that `Date` contradicted itself: a clock is set now and then, but not often. */
  readonly leaps: number;
}

export const UNKNOWN_CLOCK: ServerClock = { offset: undefined, at: 0, leaps: 0 };

/** Drift between clocks: 200 parts per million cover a bad crystal and a clock that is being slewed. */
const DRIFT = 2e-4;
/** Largest lag of `Date`, milliseconds: it may be a cached string. */
const DATE_LAG = 20;
/** Most leaps of a usable `Date`: beyond, it stands still, or is not a clock. */
const MOST_LEAPS = 3;

/** Narrows the offset by one answer. A leap of the server's clock starts afresh. */
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

/** Whether instants of the server's clock are meaningful. */
export function isReliable(clock: ServerClock): boolean {
  return clock.leaps < MOST_LEAPS;
}

/** The offset as certain at a later instant: wider by the drift. */
function offsetAt(clock: ServerClock, now: number): Span | undefined {
  const drift = Math.abs(now - clock.at) * DRIFT;
  return clock.offset && { from: clock.offset.from - drift, to: clock.offset.to + drift };
}

/** Interval on our monotonic clock that contains an instant of the server's wall clock. */
export function toMonotonic(clock: ServerClock, wall: number): Span | undefined {
  return clock.offset && { from: wall - clock.offset.to, to: wall - clock.offset.from };
}
