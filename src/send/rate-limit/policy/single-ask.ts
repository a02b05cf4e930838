/**
 * The window of a server that allows one ask at a time. There is no allowance left to probe with, so its Reset has
 * to be taken at its word, which in whole seconds, rounded up, wastes up to half. A few asks at different phases of
 * the server's second settle it: each of them may be explained by one length only, if the window starts with the
 * ask. Whether it does is seen from the Resets: those of a window aligned to the clock lie whole windows apart.
 */
import type { Span } from '../headers.ts';
import type { ServerClock } from './server-clock.ts';

/** One ask: when it may have arrived (monotonic milliseconds), and the Reset that it brought (server's clock). */
export interface Sample {
  readonly arrival: Span;
  readonly resetAt: number;
  readonly step: number;
  /** How far away the Reset was by the answer's Date. */
  readonly said: number;
}

/** How much later than the Reset the next ask goes: by another whole second, and at another phase. */
const SHIFTS = [0, 1400, 0, 1000, 700, 0];

export function shiftOf(samples: readonly Sample[]): number {
  return SHIFTS[samples.length] ?? 0;
}

/** Enough has been asked; where nothing was settled, the Reset is all there is. */
export function isExhausted(samples: readonly Sample[]): boolean {
  return samples.length > SHIFTS.length;
}

/** The one whole number of seconds that explains every sample; undefined while another explanation is left. */
export function settled(samples: readonly Sample[], clock: ServerClock): number | undefined {
  const { offset } = clock;
  if (samples.length < 3 || offset === undefined || !floating(samples)) return undefined;
  const from = Math.max(...samples.map((sample) => sample.resetAt - sample.step - sample.arrival.to));
  const to = Math.min(...samples.map((sample) => sample.resetAt - sample.arrival.from));
  if (from >= to) return undefined;
  const second = Math.floor((to - offset.from) / 1000) * 1000;
  return second > from - offset.to && second > 0 ? second : undefined;
}

function floating(samples: readonly Sample[]): boolean {
  if (samples.some((sample) => sample.resetAt % 1000 !== 0)) return true;
  const apart = samples.slice(1).reduce((gcd, sample, index) => {
    return commonDivisor(gcd, sample.resetAt - (samples[index]?.resetAt ?? 0));
  }, 0);
  return apart > 0 && apart < Math.max(...samples.map((sample) => sample.said));
}

/** The greatest number that divides both; `a` itself where `b` is 0. */
function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
