/**
 * How long the server's window is. Its headers only hint at it (a reset in whole seconds, rounded up), so lengths
 * are tried: with one ask of the allowance held back, an ask sent when the oldest one counted is just as old as the
 * length being tried shows by `Remaining` whether that one has been forgotten. The probe spends allowance that the
 * server has granted, so a wrong guess costs nothing.
 *
 * The one criterion, true of every kind of server (fixed window from the first ask or aligned to the clock, sliding
 * log, token bucket) for a length that is not too short: the server counts no more of our asks than we sent within
 * the last window.
 */
import type { Span } from '../headers.ts';
import type { ServerClock } from './server-clock.ts';

/** Milliseconds throughout. */
export interface WindowEstimate {
  /** Known to be too short: the window is longer than this. */
  readonly above: number;
  /** What the headers make of it: longer than `from`, at most `to`. */
  readonly hint: Span | undefined;
  /** The longest time to a Reset that an answer told. */
  readonly longest: number;
  /** How often the length being tried has held, and how many asks were seen to be forgotten by it. */
  readonly held: number;
  readonly forgotten: number;
  /** When it held, the Resets ruled out that the window is aligned to the clock, and longer. */
  readonly floating: boolean;
  /** How often in a row it looked too short beside others. */
  readonly doubts: number;
}

export const UNKNOWN_WINDOW: WindowEstimate = {
  above: 0,
  hint: undefined,
  longest: 0,
  held: 0,
  forgotten: 0,
  floating: false,
  doubts: 0,
};

/** Lengths that people choose, seconds; tried in this order where the headers do not help. */
const USUAL_SECONDS = [
  1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600,
];
/** Tried first, whatever the hint: a `Date` that is minutes behind makes minutes of the sample's second. */
const SHORTEST = 1000;
/** `Date` and Reset may come from two clocks, so far apart, milliseconds. */
const TWO_CLOCKS = 1060;
/** From here on a second more is little lost, and a bucket that is nearly as long would pass for the shorter one. */
const LONG = 8000;
/**
 * A window aligned to the clock may end by chance between two probes. Three times in a row it cannot, unless the
 * window is within half again of the length being tried.
 */
const HOLDS_TO_TRUST = 3;
const DOUBTS_TO_REFUTE = 6;

export function isLong(lengthMs: number): boolean {
  return lengthMs >= LONG;
}

/** The length to try next, milliseconds: the shortest whole number of seconds that nothing speaks against. */
export function candidate({ above, hint }: WindowEstimate): number {
  if (hint !== undefined && hint.to > above) {
    if (above < SHORTEST) return SHORTEST;
    const second = Math.floor(Math.max(above, least(hint), 0) / 1000 + 1) * 1000;
    return second <= hint.to ? second : Math.ceil(hint.to / 1000) * 1000;
  }
  const usual = USUAL_SECONDS.find((seconds) => seconds * 1000 > above);
  return usual === undefined ? above * 2 : usual * 1000;
}

/** The window is longer than this, by its Resets. */
function least({ from }: Span): number {
  return from < LONG ? from - TWO_CLOCKS : from;
}

/** Takes in what an answer's Reset says about the time from that ask to the end of its window. */
export function hinted(window: WindowEstimate, seen: Span): WindowEstimate {
  const { hint } = window;
  const next = { from: Math.max(hint?.from ?? 0, seen.from), to: Math.max(hint?.to ?? 0, seen.to) };
  if (hint !== undefined && next.from === hint.from && next.to === hint.to) return window;
  const changed = { ...window, hint: next, longest: Math.max(window.longest, seen.to) };
  return candidate(changed) === candidate(window)
    ? changed
    : { ...changed, held: 0, forgotten: 0, doubts: 0 };
}

export interface Evidence {
  readonly limit: number;
  /** Asks that the server counted, this one included: limit − Remaining. */
  readonly used: number;
  /** Asks of ours that the server counted the last time we heard, this one not included. */
  readonly counted: number;
  /** Of those: surely older than the length being tried. */
  readonly old: number;
  /** Were the windows as long as the next length that would come into question: asks in the last one, and how long ago
   * it would have begun, milliseconds. */
  readonly lastWindow: number;
  readonly elapsed: number;
  /** What others may have used since. */
  readonly others: number;
  /** The Resets rule out that the window is aligned to the clock, and longer than the length being tried. */
  readonly floating: boolean;
}

/** What an answer came to: the estimate after it, and whether the length being tried can be relied on from now on. */
export interface Judgement {
  readonly window: WindowEstimate;
  readonly trusted: boolean;
  /** Asks of others that it shows. */
  readonly others?: number;
}

/** Judges the length being tried: too short when most of the old asks seem to be counted still. */
export function judged(window: WindowEstimate, length: number, evidence: Evidence): Judgement {
  const { used, counted, old, elapsed, lastWindow, limit, floating, others } = evidence;
  if (old < 1) return { window, trusted: false };
  const young = counted - old + 1;
  const strange = used - young;
  const strangers = others === 0 ? 0 : Math.min(others + 2 * Math.sqrt(others), 0.7 * limit);
  if (strange > Math.max(old / 2, strangers)) {
    const beyond = isBeyond(window, length);
    if (beyond && others > 0 && old - strange > 1) return { window, trusted: false, others: strange };
    return {
      window: others > 0 || beyond ? doubted(window, length, limit) : tooShort(window, length, limit),
      trusted: false,
    };
  }
  if (elapsed >= length + 1000 || limit === 1) return { window, trusted: false };
  const byBucket = Math.ceil((limit * elapsed) / (length + 1000)) + 1;
  if (strange > strangers) {
    // More is there again than a bucket of the next length had given back: it is somebody else. So it is where no Reset
    // told of a longer window.
    if (isBeyond(window, length) || (length < LONG && old - strange > byBucket))
      return { window: { ...window, doubts: 0 }, trusted: false, others: strange };
    return { window: doubted(window, length, limit), trusted: false };
  }
  const calm = window.doubts > 0 && strange < old / 2 ? { ...window, doubts: 0 } : window;
  // A bucket gives back little by little: more has to be there again than one of the next length had given back.
  if (lastWindow < Math.min(limit - 1, byBucket) - others) return { window: calm, trusted: false };
  const held = window.held + 1;
  const forgotten = window.forgotten + counted + 1 - used;
  const holds = floating ? (isLong(length) ? 2 : 1) : HOLDS_TO_TRUST;
  const enough = forgotten >= Math.min(8, (limit - 1) / 4) && held >= holds;
  return { window: { ...window, held, forgotten, floating, doubts: 0 }, trusted: enough };
}

/** The length looked too short, or others were quicker: only time and again it is held to be. */
export function doubted(window: WindowEstimate, length: number, limit: number): WindowEstimate {
  const doubts = window.doubts + 1;
  return doubts < DOUBTS_TO_REFUTE ? { ...window, doubts } : tooShort(window, length, limit);
}

/** The length turned out to be too short, or cannot be relied on. */
export function tooShort(window: WindowEstimate, length: number, limit: number): WindowEstimate {
  const { hint, above } = window;
  // They told when a single ask comes back.
  const next = hint !== undefined && isBeyond(window, length);
  return {
    ...window,
    above: Math.max(above, length),
    hint: next ? { from: 0, to: hint.to * Math.max(2, limit) } : hint,
    held: 0,
    forgotten: 0,
    doubts: 0,
  };
}

/** Whether the length is all that the Resets ever said: where it is too short, either they are of a single ask, or somebody else asks. */
function isBeyond({ hint }: WindowEstimate, length: number): boolean {
  return hint !== undefined && length >= hint.to;
}

/** The length to go by beside others: where a second more is little lost, the longest that the Resets allow. */
export function amongOthers({ longest }: WindowEstimate, length: number): number {
  return length < LONG ? length : Math.max(length, Math.ceil(longest / 1000) * 1000);
}

/** Whether the Resets say that the window is longer than `length`. A second that held in spite of them is one. */
export function isOutgrown({ hint }: WindowEstimate, length: number): boolean {
  return hint !== undefined && length > SHORTEST && least(hint) >= length;
}

/*
 * The window of a server that allows one ask at a time. There is no allowance left to probe with, so its Reset has
 * to be taken at its word, which in whole seconds, rounded up, wastes up to half. A few asks at different phases of
 * the server's second settle it: each of them may be explained by one length only, if the window starts with the
 * ask. Whether it does is seen from the Resets: those of a window aligned to the clock lie whole windows apart.
 */

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
  if (samples.length < 3 || offset === undefined || !startsWithAsk(samples)) return undefined;
  const from = Math.max(...samples.map((sample) => sample.resetAt - sample.step - sample.arrival.to));
  const to = Math.min(...samples.map((sample) => sample.resetAt - sample.arrival.from));
  if (from >= to) return undefined;
  const second = Math.floor((to - offset.from) / 1000) * 1000;
  return second > from - offset.to && second > 0 ? second : undefined;
}

function startsWithAsk(samples: readonly Sample[]): boolean {
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
