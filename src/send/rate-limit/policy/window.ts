/**
 * Estimate of the length of the server's window. Its headers only hint at it (a reset in whole seconds, rounded up), so
 * lengths are tried: one ask of the allowance is held back as a probe, and sent when the oldest counted ask is as old
 * as the length being tried; its `Remaining` shows whether that one has been forgotten. The probe spends allowance that
 * the server has granted, so a wrong guess costs nothing.
 * Criterion for a length that is not too short, true of every kind of server (fixed window from the first ask or
 * aligned to the clock, sliding log, token bucket): the server counts no more of our asks than we sent within the last
 * window.
 */
import type { Span } from '../headers.ts';
import type { ServerClock } from './server-clock.ts';

/** Milliseconds throughout. */
export interface WindowEstimate {
  /** Lower bound: the window is longer than this. */
  readonly above: number;
  /** Range by the headers: longer than `from`, at most `to`. */
  readonly hint: Span | undefined;
  /** Longest time to a Reset in any answer. */
  readonly longest: number;
  /** Number of times that the length being tried has held, and of asks seen to be forgotten by it. */
  readonly held: number;
  readonly forgotten: number;
  /** While it held, the Resets ruled out a longer window aligned to the clock. */
  readonly floating: boolean;
  /** Number of times in a row that it looked too short with others present. */
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

/** Lengths that people choose, seconds; tried in this order if the headers do not help. */
const USUAL_SECONDS = [
  1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600,
];
/** Length tried first behind a far Reset: a `Date` that is behind the clock of Reset makes any length of it. */
const SHORTEST = 1000;
/** Reset from which on the sample's second is not among the first lengths tried anyway, milliseconds. */
const FAR = 3_000;
/** Largest difference between `Date` and Reset if they come from two clocks, milliseconds. */
const TWO_CLOCKS = 1060;
/** Length from which an extra second costs little, and a nearly equal bucket would pass for the shorter window. */
const LONG = 8000;
/**
 * Number of times that a length must hold. A window aligned to the clock may end by chance between two probes, but not
 * three times in a row, unless it is within half again of the length being tried.
 */
const HOLDS_TO_TRUST = 3;
const DOUBTS_TO_REFUTE = 6;

/** Length to try next, milliseconds: the shortest whole number of seconds without contrary evidence. */
export function candidate({ above, hint }: WindowEstimate): number {
  if (hint !== undefined && hint.to > above) {
    if (above < SHORTEST && hint.to > FAR) return SHORTEST;
    const second = Math.floor(Math.max(above, least(hint), 0) / 1000 + 1) * 1000;
    return second <= hint.to ? second : Math.ceil(hint.to / 1000) * 1000;
  }
  const usual = USUAL_SECONDS.find((seconds) => seconds * 1000 > above);
  return usual === undefined ? above * 2 : usual * 1000;
}

/** Lower bound of the window by its Resets. */
function least({ from }: Span): number {
  return from < LONG ? from - TWO_CLOCKS : from;
}

/** Estimate after an answer's Reset, which bounds the time from that ask to the end of its window. */
export function hinted(window: WindowEstimate, seen: Span): WindowEstimate {
  const { hint } = window;
  const next = { from: Math.max(hint?.from ?? 0, seen.from), to: Math.max(hint?.to ?? 0, seen.to) };
  if (hint !== undefined && next.from === hint.from && next.to === hint.to) return window;
  return { ...window, hint: next, longest: Math.max(window.longest, seen.to) };
}

export interface Evidence {
  readonly limit: number;
  /** Asks counted by the server, this one included: limit − Remaining. */
  readonly used: number;
  /** Our asks counted at the last word, without this one. */
  readonly counted: number;
  /** Of those, the ones surely older than the length being tried. */
  readonly old: number;
  /** Asks in the last window, and its age, milliseconds, if windows had the next possible length. */
  readonly lastWindow: number;
  readonly elapsed: number;
  /** Asks that others may have used since. */
  readonly others: number;
  /** The Resets rule out a window that is aligned to the clock and longer than the length being tried. */
  readonly floating: boolean;
}

/** Result of an answer: the estimate after it, and whether the length being tried is reliable from now on. */
export interface Judgement {
  readonly window: WindowEstimate;
  readonly trusted: boolean;
  /** Asks of others that it shows. */
  readonly others?: number;
}

/** Judges the length being tried: too short if the server seems to count most of the old asks still. */
export function judged(window: WindowEstimate, length: number, evidence: Evidence): Judgement {
  const { used, counted, old, elapsed, lastWindow, limit, floating, others } = evidence;
  if (old < 1) return { window, trusted: false };
  const young = counted - old + 1;
  const strange = used - young;
  const strangers = others === 0 ? 0 : Math.min(others + 2 * Math.sqrt(others), 0.7 * limit);
  if (strange > Math.max(old / 2, strangers)) {
    const beyond = isBeyond(window, length);
    if (beyond && others > 0 && old - strange > 1) return { window, trusted: false, others: strange };
    // A length that the Resets rule out as well is refuted at once, even beside others.
    const isRuledOut = window.hint !== undefined && least(window.hint) >= length;
    const isDoubtful = (others > 0 || beyond) && !isRuledOut;
    return {
      window: isDoubtful ? doubted(window, length, limit) : tooShort(window, length, limit),
      trusted: false,
    };
  }
  if (elapsed >= length + 1000 || limit === 1) return { window, trusted: false };
  if (strange > strangers) {
    // No Reset showed a longer window: another client is the cause.
    if (isBeyond(window, length))
      return { window: { ...window, doubts: 0 }, trusted: false, others: strange };
    return { window: doubted(window, length, limit), trusted: false };
  }
  const byBucket = Math.ceil((limit * elapsed) / (length + 1000)) + 1;
  // A bucket refills gradually: more must have come back than one of the next length would give.
  if (lastWindow < Math.min(limit - 1, byBucket) - others) {
    const isCalm = strange < old / 2;
    return { window: isCalm ? { ...window, doubts: 0 } : window, trusted: false };
  }
  const held = window.held + 1;
  const forgotten = window.forgotten + counted + 1 - used;
  const holds = !floating ? HOLDS_TO_TRUST : length < LONG ? 1 : 2;
  const enough = forgotten >= Math.min(8, (limit - 1) / 4) && held >= holds;
  return { window: { ...window, held, forgotten, floating, doubts: 0 }, trusted: enough };
}

/** Estimate after the length looked too short, or others were quicker: only repeated doubts count. */
export function doubted(window: WindowEstimate, length: number, limit: number): WindowEstimate {
  const doubts = window.doubts + 1;
  return doubts < DOUBTS_TO_REFUTE ? { ...window, doubts } : tooShort(window, length, limit);
}

/** Estimate after the length proved too short, or unreliable. */
export function tooShort(window: WindowEstimate, length: number, limit: number): WindowEstimate {
  const { hint, above } = window;
  // The Resets showed when a single ask comes back.
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

/**
 * Whether the length is all that the Resets ever said: if it is too short, they are about a single ask, or another
 * client asks.
 */
function isBeyond({ hint }: WindowEstimate, length: number): boolean {
  return hint !== undefined && length >= hint.to;
}

/** Whether the Resets say that the window is longer than `length`. A second that held in spite of them is believed. */
export function isOutgrown({ hint }: WindowEstimate, length: number): boolean {
  return hint !== undefined && length > SHORTEST && least(hint) >= length;
}

/**
 * Whether a long window that held may be tried with all of its allowance: a bucket would give nearly all of it back,
 * too.
 */
export function isNearlySure(window: WindowEstimate): boolean {
  return window.held > 0 && window.floating && candidate(window) >= LONG;
}

/** Length to use with others present: where an extra second costs little, the longest that the Resets allow. */
export function amongOthers({ longest }: WindowEstimate, length: number): number {
  return length < LONG ? length : Math.max(length, Math.ceil(longest / 1000) * 1000);
}

/*
 * Window of a server that allows one ask at a time. No allowance is left for a probe, so only its Reset counts, which
 * in whole seconds, rounded up, wastes up to half. A few asks at different phases of the server's second settle it:
 * only one length explains each of them if the window starts with the ask.
 */

/** One ask: its possible arrival (monotonic milliseconds), and its Reset (server's clock). */
export interface Sample {
  readonly arrival: Span;
  readonly resetAt: number;
  readonly step: number;
}

/** Delay of the next ask after the Reset: another whole second, and another phase. */
const SHIFTS = [0, 1400, 0, 1000, 700, 0];

export function shiftOf(samples: readonly Sample[]): number {
  return SHIFTS[samples.length] ?? 0;
}

/** Whether enough samples exist; if nothing is settled, the Reset alone counts. */
export function isExhausted(samples: readonly Sample[]): boolean {
  return samples.length > SHIFTS.length;
}

/** The only whole number of seconds that explains every sample; undefined while another explanation is left. */
export function settled(samples: readonly Sample[], clock: ServerClock): number | undefined {
  const { offset } = clock;
  if (samples.length < 3 || offset === undefined) return undefined;
  const from = Math.max(...samples.map((sample) => sample.resetAt - sample.step - sample.arrival.to));
  const to = Math.min(...samples.map((sample) => sample.resetAt - sample.arrival.from));
  if (from >= to) return undefined;
  const second = Math.floor((to - offset.from) / 1000) * 1000;
  return second > from - offset.to && second > 0 ? second : undefined;
}
