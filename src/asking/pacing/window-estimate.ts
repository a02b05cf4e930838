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
import type { Span } from './headers.ts';

/** Milliseconds throughout. */
export interface WindowEstimate {
  /** The length by which asks may go on a prediction; undefined while it is being learnt. */
  readonly trusted: number | undefined;
  /** Known to be too short: the window is longer than this. */
  readonly above: number;
  /** What the headers make of it: longer than `from`, at most `to`. */
  readonly hint: Span | undefined;
  /** How often the length being tried has held, and how many asks were seen to be forgotten by it. */
  readonly held: number;
  readonly forgotten: number;
  /** How often, amid others, it looked too short since it last proved not to be. */
  readonly doubts: number;
}

export const UNKNOWN_WINDOW: WindowEstimate = {
  trusted: undefined,
  above: 0,
  hint: undefined,
  held: 0,
  forgotten: 0,
  doubts: 0,
};

/** Lengths that people choose, seconds; tried in this order where the headers do not help. */
const USUAL_SECONDS = [
  1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600,
];
/**
 * A window aligned to the clock may end by chance between two probes. Three times in a row it cannot, unless the
 * window is within half again of the length being tried.
 */
const HOLDS_TO_TRUST = 3;
/** What others take looks like old asks of ours that are still counted, but hardly so often without a proof between. */
const DOUBTS_TO_REFUTE = 4;

/** The length to try next, milliseconds: the shortest whole number of seconds that nothing speaks against. */
export function candidate(window: WindowEstimate): number {
  if (window.trusted !== undefined) return window.trusted;
  const { above, hint } = window;
  if (hint !== undefined && hint.to > above) {
    const second = Math.floor(Math.max(above, hint.from, 0) / 1000 + 1) * 1000;
    return second <= hint.to ? second : Math.ceil(hint.to / 1000) * 1000;
  }
  const usual = USUAL_SECONDS.find((seconds) => seconds * 1000 > above);
  return usual === undefined ? above * 2 : usual * 1000;
}

/** Takes in what an answer's Reset says about the time from that ask to the end of its window. */
export function hinted(window: WindowEstimate, seen: Span): WindowEstimate {
  const { hint } = window;
  const next = {
    from: Math.max(hint?.from ?? 0, seen.from),
    to: Math.max(hint?.to ?? 0, seen.to),
  };
  if (hint !== undefined && next.from === hint.from && next.to === hint.to) return window;
  const changed = { ...window, hint: next };
  // No server says that it takes longer than a window until all is there again.
  if (window.trusted !== undefined && next.from >= window.trusted) {
    return { ...changed, trusted: undefined, above: window.trusted, held: 0, forgotten: 0, doubts: 0 };
  }
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
  /** Of the old ones: surely younger than the next length that would come into question. */
  readonly ripe: number;
  /** What others may have used since, and whether anything came back at all. */
  readonly others: number;
  readonly restored: number;
  /** A token bucket that is slower than the length being tried could have given back as much. */
  readonly slowBucket: boolean;
  /** The Resets rule out that the window is aligned to the clock, and longer than the length being tried. */
  readonly floating: boolean;
}

/**
 * Judges the length being tried. More counted than the young ones means that old asks still are, or that somebody
 * else uses the key: only when most of the old ones seem to be counted is the length held to be too short.
 */
export function judged(window: WindowEstimate, evidence: Evidence): WindowEstimate {
  const { used, counted, old, ripe, limit, slowBucket, floating, others, restored } = evidence;
  if (old < 1) return window;
  const length = candidate(window);
  const young = counted - old + 1;
  const strangers = others === 0 ? 0 : Math.min(others + 2 * Math.sqrt(others), 0.7 * limit);
  const strange = used - young;
  const short = strange > Math.max(old / 2, strangers) && (others === 0 || restored <= (slowBucket ? 1 : 0));
  if (short && others > 0 && !slowBucket && window.doubts + 1 < DOUBTS_TO_REFUTE)
    return { ...window, doubts: window.doubts + 1 };
  if (short) {
    // No window is longer than all that the Resets ever said: then it is somebody else.
    const foreign = window.hint !== undefined && length >= window.hint.to && !slowBucket;
    const above = foreign ? window.above : Math.max(window.above, length);
    return { ...window, trusted: undefined, above, held: 0, forgotten: 0, doubts: 0 };
  }
  // Fewer than the old ones alone: some were forgotten, and by no longer a window than this.
  const cleared = strange < ripe && ripe >= 3 && window.doubts > 0 ? { ...window, doubts: 0 } : window;
  // An allowance of one has none to probe with: `single-ask.ts` learns it from the Reset alone.
  if (window.trusted !== undefined || ripe < 1 || limit === 1) return cleared;
  // A bucket that fills slowly gives back a few; only a quick return of many shows that the old ones are forgotten.
  // And where others ask, that anything came back.
  const nothing = others > 0 && restored <= 0;
  if (used > young + others || slowBucket || nothing) return cleared;
  const held = window.held + 1;
  const forgotten = window.forgotten + counted + 1 - used;
  const enough = forgotten >= Math.min(8, (limit - 1) / 4) && (floating || held >= HOLDS_TO_TRUST);
  return { ...cleared, held, forgotten, trusted: enough ? length : undefined };
}

/** A probe amid others drew a 429: nothing had come back, or they were quicker. */
export function doubted(window: WindowEstimate): WindowEstimate {
  const doubts = window.doubts + 1;
  return doubts < DOUBTS_TO_REFUTE ? { ...window, doubts } : refuted(window);
}

/** A prediction drew a 429: the length was too short, or cannot be relied on. */
export function refuted(window: WindowEstimate): WindowEstimate {
  const { trusted, hint, above } = window;
  const possible = trusted !== undefined && (hint === undefined || trusted < hint.to);
  return {
    ...window,
    trusted: undefined,
    above: possible ? trusted : above,
    held: 0,
    forgotten: 0,
    doubts: 0,
  };
}

/** The ends of the windows lie `step` apart, time and again: a shorter length is none of theirs. */
export function coarser(window: WindowEstimate, step: number): WindowEstimate {
  const { hint } = window;
  const length = candidate(window);
  const longest = hint === undefined ? step : Math.ceil(hint.to / 1000) * 1000;
  if (length >= step || step > longest) return window;
  const above = Math.max(window.above, length);
  return { ...window, trusted: undefined, above, held: 0, forgotten: 0, doubts: 0 };
}
