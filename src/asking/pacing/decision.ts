/** Whether an ask may start: the half of the policy that reads the state. */
import { type AskKind, countedAt, earliestArrival, freeAt, inFlight, shortestOf } from './ask-log.ts';
import { isAligned } from './grid.ts';
import { paceAllows } from './own-pace.ts';
import { shiftOf } from './single-ask.ts';
import {
  amidOthers,
  foreseenLimit,
  isStale,
  LONGEST_BACKOFF,
  LONGEST_LOG,
  marginOf,
  oldestCounted,
  othersRate,
  type RateState,
  reserved,
  SECOND,
  type WaitReason,
} from './state.ts';
import { candidate } from './window-estimate.ts';

/** `until` undefined: until an answer comes. */
export type Verdict =
  | { readonly go: true; readonly solo: boolean }
  | { readonly go: false; readonly until: number | undefined; readonly why: WaitReason };

/** A bucket that is full wastes what would drop into it: it is looked into this early. */
const BUCKET_PATIENCE = 0.3;

/** Whether an ask of this kind may start now, or how long to wait. Pure. */
export function decide(state: RateState, kind: AskKind, now: number): Verdict {
  const flying = inFlight(state.asks);
  if (state.paused !== undefined && now < state.paused.until)
    return wait(state.paused.until, state.paused.why);
  if (flying >= state.settings.maxInFlight) return wait(undefined, 'window');
  if (kind === 'ask') {
    const own = paceAllows(state.pace, state.settings);
    if (now < own.at) return wait(own.at, own.why);
  }
  if (solosInFlight(state) >= solosAllowed(state)) return wait(undefined, 'window');
  if (state.limit === undefined) return withoutHeaders(state, flying, now);
  if (state.blind) return withoutWord(state, state.limit, now);
  if (othersRate(state, candidate(state.window), now) > 0) return beside(state, state.limit, flying, now);
  return state.window.trusted === undefined
    ? learning(state, state.limit, flying, now)
    : predicting(state, state.limit, state.window.trusted, now);
}

function solosInFlight(state: RateState): number {
  return state.asks.filter((ask) => ask.solo && ask.answeredAt === undefined).length;
}

/** Where windows are known, two or three go ahead: the quickest of them tells when the window began. */
function solosAllowed(state: RateState): number {
  const sure = state.window.trusted !== undefined && state.others.rate === 0;
  return sure ? Math.min(3, Math.ceil((state.limit ?? 1) / 8)) : 1;
}

/** No answer said anything about a limit: the first ask goes alone, then `--max-rate`, or one per second. */
function withoutHeaders(state: RateState, flying: number, now: number): Verdict {
  if (!state.answered) return flying === 0 ? { go: true, solo: true } : wait(undefined, 'no_headers');
  if (state.settings.maxRate !== undefined) return { go: true, solo: false };
  const last = state.asks.at(-1);
  const at = last === undefined ? now : earliestArrival(last) + SECOND;
  return now >= at ? { go: true, solo: false } : wait(at, 'no_headers');
}

/** The headers are gone, or say nothing of what remains: the pace that was known last. */
function withoutWord(state: RateState, limit: number, now: number): Verdict {
  const { window } = state;
  const length = window.trusted ?? window.hint?.to ?? SECOND * limit;
  const last = state.asks.at(-1);
  const even = last === undefined ? now : earliestArrival(last) + length / limit;
  const at =
    limit > LONGEST_LOG
      ? even
      : freeAt(state.asks, shortestOf(state.trips, state.caution), length + marginOf(state, length), limit);
  return now >= at ? { go: true, solo: false } : wait(finite(at), 'window');
}

/** The window's length is not known: only what the server has granted, one ask of it held back as the probe. */
function learning(state: RateState, limit: number, flying: number, now: number): Verdict {
  const length = candidate(state.window);
  const stale = isStale(state, length, now);
  const margin = marginOf(state, length);
  const ripe = oldestCounted(state) + length + margin;
  const reset = state.reset && state.reset.at.to + state.resetSlack + marginOf(state, SECOND);
  // Where the Reset is no later than what would be tried, there is nothing to probe for.
  const sure = reset !== undefined && state.misled !== length && reset <= ripe + length / 100;
  const reserve = limit > 1 && !sure ? 1 : 0;
  if (state.credit > reserve && !(stale && flying > 0)) return { go: true, solo: stale };
  if (flying > 0) return wait(undefined, 'window');
  if (state.credit > 0) {
    const due = reset !== undefined && reset < ripe - length / 50 ? reset : ripe;
    const bucket = state.singleReset.to < length && state.quiet !== undefined;
    const at = bucket ? (state.quiet?.sentAt ?? now) + length * BUCKET_PATIENCE : due;
    return now >= at ? { go: true, solo: true } : wait(at, 'window');
  }
  const at = Math.min(withoutCredit(state, limit, ripe, sure, reset, now), askedBack(state));
  return now >= at ? { go: true, solo: true } : wait(at, 'window');
}

/** When one ask may go although nothing is granted: by the Reset, and without one by what is being tried. */
function withoutCredit(
  state: RateState,
  limit: number,
  ripe: number,
  sure: boolean,
  reset: number | undefined,
  now: number,
): number {
  if (reset === undefined) {
    const backoff = Math.min(LONGEST_BACKOFF, SECOND * 2 ** state.strikes);
    return Math.max(ripe, (state.heardAt ?? now) + backoff);
  }
  if (limit === 1) return reset + shiftOf(state.samples);
  return sure ? Math.max(reset, ripe) : reset;
}

/** A server that refused said when to come back; Infinity when it has been heard since. */
function askedBack(state: RateState): number {
  const { paused, strikes } = state;
  return paused?.why === 'throttled' && strikes > 0 ? paused.until : Number.POSITIVE_INFINITY;
}

/**
 * Others use the key too, so that our own count says little: one ask asks the server, the rest go by its word, less
 * what the others may take before they arrive.
 */
function beside(state: RateState, limit: number, flying: number, now: number): Verdict {
  const length = candidate(state.window);
  const margin = marginOf(state, length);
  const stale = isStale(state, length, now);
  if (state.credit > reserved(state, length, now) && !(stale && flying > 0)) return { go: true, solo: stale };
  if (flying > 0) return wait(undefined, 'window');
  const ripe = amidOthers(state, length, length + margin, now);
  const reset = state.reset && state.reset.at.to + state.resetSlack + marginOf(state, SECOND);
  const due = dueAmid(state, limit, length, ripe, reset, now);
  const at = Math.min(due, askedBack(state));
  return now >= at ? { go: true, solo: true } : wait(finite(at), 'window');
}

/**
 * When one of ours may go amid others, although no more is granted than what is left to them: that one may be theirs by
 * now. Windows that are aligned end at their Reset, and there is no need to try before; where the Reset may promise no
 * more than a single ask, it is not taken at its word.
 */
function dueAmid(
  state: RateState,
  limit: number,
  length: number,
  ripe: number,
  reset: number | undefined,
  now: number,
): number {
  if (state.window.trusted !== undefined) return ripe;
  const aligned = isAligned(state.grid, length);
  if (state.credit > 0 && !aligned) return ripe;
  const said = withoutCredit(state, limit, ripe, false, reset, now);
  return aligned ? said : Math.max(said, ripe);
}

/** The window's length is known: what the server has granted, and what must have come back since. */
function predicting(state: RateState, limit: number, length: number, now: number): Verdict {
  const stale = isStale(state, length, now);
  const flying = inFlight(state.asks);
  if (state.credit > 0 && !(stale && flying > 0)) return { go: true, solo: stale };
  const shortest = shortestOf(state.trips, state.caution);
  const span = length + marginOf(state, length);
  const foreseen = foreseenLimit(state, limit, span, now);
  if (limit <= LONGEST_LOG && countedAt(state.asks, shortest, span, now) >= foreseen) {
    return wait(finite(freeAt(state.asks, shortest, span, foreseen)), 'window');
  }
  if (limit > LONGEST_LOG) {
    const at = state.reset?.at.to ?? oldestCounted(state) + span;
    if (now < at) return wait(at, 'window');
  }
  return { go: true, solo: stale || limit > LONGEST_LOG };
}

export function wait(until: number | undefined, why: WaitReason): Verdict {
  return { go: false, until, why };
}

function finite(at: number): number | undefined {
  return Number.isFinite(at) ? at : undefined;
}
