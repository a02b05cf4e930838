/**
 * The window of a server that allows one ask at a time. There is no allowance left to probe with, so its Reset has
 * to be taken at its word, which in whole seconds, rounded up, wastes up to half. Three asks at different phases of
 * the server's second settle it: the second goes one and a half seconds later than it might. A window that starts
 * with the ask moves along with it; one that is aligned to the clock does not, and there the Reset is exact.
 */
import type { Reset, Span } from './headers.ts';
import type { ServerClock } from './server-clock.ts';

/** One ask: when it may have arrived (monotonic milliseconds), and the Reset that it brought. */
interface Sample {
  readonly arrival: Span;
  readonly reset: Reset;
}

export interface SingleAsk {
  readonly samples: readonly Sample[];
  /** How often three samples did not agree. */
  readonly failures: number;
}

export const NO_SINGLE_ASK: SingleAsk = { samples: [], failures: 0 };

/** Moves the phase by half a second, and by more than the step of a Reset in whole seconds. */
const SHIFT = 1500;
const SAMPLES = 3;
const MOST_FAILURES = 2;

/** How much later than the Reset the next ask should go, for what it would show (milliseconds). */
export function shiftOf(single: SingleAsk): number {
  return single.samples.length === 1 && single.failures < MOST_FAILURES ? SHIFT : 0;
}

/** Takes in one answer; `length` is the window's, milliseconds, once it is settled. */
export function sampled(
  single: SingleAsk,
  sample: Sample,
  clock: ServerClock,
): { readonly single: SingleAsk; readonly length: number | undefined } {
  const samples = [...single.samples, sample];
  if (single.failures >= MOST_FAILURES || samples.length < SAMPLES)
    return { single: { ...single, samples: samples.slice(-SAMPLES) }, length: undefined };
  const length = agreed(samples, clock);
  const failures = single.failures + (length === undefined ? 1 : 0);
  return { single: { samples: length === undefined ? [] : samples, failures }, length };
}

/** The one whole number of seconds that explains every sample; safe to the upper side where none does. */
function agreed(samples: readonly Sample[], clock: ServerClock): number | undefined {
  const spans = samples.map(({ arrival, reset }): Span => {
    const end = reset.on === 'wall' ? reset.at : reset.in;
    const opened: Span = reset.on === 'wall' ? arrival : { from: 0, to: 0 };
    return { from: end - reset.step - opened.to, to: end - opened.from };
  });
  const from = Math.max(...spans.map((span) => span.from));
  const to = Math.min(...spans.map((span) => span.to));
  if (from >= to) return undefined;
  const onWall = samples[0]?.reset.on === 'wall';
  if (onWall && clock.offset === undefined) return undefined;
  const shortest = from - (onWall ? (clock.offset?.to ?? 0) : 0);
  const longest = to - (onWall ? (clock.offset?.from ?? 0) : 0);
  const second = Math.floor(longest / 1000) * 1000;
  return second > shortest && second > 0 ? second : Math.ceil(longest / 1000) * 1000;
}
