/** Everything that the policy knows, and the questions that both its halves ask of it. Instants are monotonic
 * milliseconds. */
import {
  type Ask,
  type AskKind,
  lastBackBy,
  latestArrival,
  returnedAt,
  type Shortest,
  shortestOf,
} from './ask-log.ts';
import { type Grid, NO_GRID } from './grid.ts';
import type { Reset, Span } from './headers.ts';
import { NO_OTHERS, type Others, rateAt, reserveFor } from './others.ts';
import { FRESH_PACE, type OwnPace, type OwnPaceSettings } from './own-pace.ts';
import { longestRoundTrip, meanRoundTrip, NO_ROUND_TRIPS, type RoundTrips } from './round-trip.ts';
import { type ServerClock, UNKNOWN_CLOCK } from './server-clock.ts';
import type { Sample } from './single-ask.ts';
import { candidate, UNKNOWN_WINDOW, type WindowEstimate } from './window-estimate.ts';

export interface RateSettings extends OwnPaceSettings {
  /** The most exchanges in flight. */
  readonly maxInFlight: number;
}

export type WaitReason = 'window' | 'throttled' | 'gap' | 'max_rate' | 'no_headers' | 'paused' | 'cool_down';

/** Everything that is known. Instants are monotonic milliseconds. */
export interface RateState {
  readonly settings: RateSettings;
  /** The one part that `advance` changes in place: a copy with every event would be most of what the policy costs. */
  readonly asks: Ask[];
  readonly nextId: number;
  /** Asks before this id are known to be forgotten by the server. */
  readonly countedFrom: number;
  readonly limit: number | undefined;
  /** When the limit was seen to change: what is learnt around that time is not trusted. */
  readonly limitChangedAt: number;
  /** The limit before that. */
  readonly limitBefore: number | undefined;
  /** Asks that the server will surely take: its last word, less what went since. */
  readonly credit: number;
  /** When the ask was sent whose answer that word was. */
  readonly creditSentAt: number;
  /** The last time that nothing was in flight: what remained then, and the newest ask of that time. */
  readonly quiet:
    | { readonly remaining: number; readonly id: number; readonly sentAt: number; readonly heardAt: number }
    | undefined;
  /** The ask that was the first of ours in its window, if asks come back all at once. */
  readonly renewed: { readonly id: number; readonly remaining: number; readonly at: number } | undefined;
  /** When an answer with rate-limit headers last came. */
  readonly heardAt: number | undefined;
  /** Whether the last answer had rate-limit headers, once any answer had. */
  readonly blind: boolean;
  readonly answered: boolean;
  readonly clock: ServerClock;
  readonly trips: Readonly<Record<AskKind, RoundTrips>>;
  readonly window: WindowEstimate;
  /** How far away the Reset is when a single ask is missing from the allowance. */
  readonly singleReset: Span;
  /** The window that a token bucket can have at most, for how quickly asks came back. */
  readonly bucketAtMost: number;
  /** The length with which the Reset, taken at its word, proved to be a long wait. */
  readonly misled: number | undefined;
  /** Old asks come back all at once, not each in its turn. */
  readonly atOnce: boolean;
  /** Answers that spoke for it, less those that spoke against it. */
  readonly votes: number;
  /** The asks of a server that allows one at a time. */
  readonly samples: readonly Sample[];
  readonly others: Others;
  /** What the last answer said about the end of the window. */
  readonly reset: ResetWord | undefined;
  /** Where the Resets lie. */
  readonly grid: Grid;
  /** What is added to the server's resets, which have proved to be early. */
  readonly resetSlack: number;
  readonly paused: { readonly until: number; readonly why: WaitReason } | undefined;
  /** Throttled answers since the last good one, in rounds; and in all. */
  readonly strikes: number;
  /** When the last round of them was first heard of: asks that were under way then belong to it. */
  readonly struckAt: number;
  readonly throttled: number;
  /** How much wider than at first the margin is. */
  readonly caution: number;
  readonly pace: OwnPace;
}

/** A Reset, when that is on our clock, and how far away it was when it was first seen (milliseconds). */
export interface ResetWord {
  readonly reset: Reset;
  readonly at: Span;
  readonly length: Span;
  readonly said: number;
  readonly remaining: number;
}

export const SECOND = 1000;

/** Asks remembered one by one; beyond such a limit only the server's own word is used. */
export const LONGEST_LOG = 1024;

/** Longest wait that we impose on our own account, where no header says how long. */
export const LONGEST_BACKOFF = 60_000;

export function initial(settings: RateSettings): RateState {
  return {
    settings,
    asks: [],
    nextId: 1,
    countedFrom: 1,
    limit: undefined,
    limitChangedAt: Number.NEGATIVE_INFINITY,
    limitBefore: undefined,
    credit: 0,
    creditSentAt: Number.NEGATIVE_INFINITY,
    quiet: undefined,
    renewed: undefined,
    heardAt: undefined,
    blind: false,
    answered: false,
    clock: UNKNOWN_CLOCK,
    trips: { ask: NO_ROUND_TRIPS, read: NO_ROUND_TRIPS },
    window: UNKNOWN_WINDOW,
    singleReset: { from: 0, to: Number.POSITIVE_INFINITY },
    bucketAtMost: Number.POSITIVE_INFINITY,
    misled: undefined,
    atOnce: true,
    votes: 0,
    samples: [],
    others: NO_OTHERS,
    reset: undefined,
    grid: NO_GRID,
    resetSlack: 0,
    paused: undefined,
    strikes: 0,
    struckAt: Number.NEGATIVE_INFINITY,
    throttled: 0,
    caution: 1,
    pace: FRESH_PACE,
  };
}

/** The length that asks are spaced by, milliseconds; undefined before any answer. */
export function windowOf(state: RateState): number | undefined {
  return state.window.trusted ?? (state.heardAt === undefined ? undefined : candidate(state.window));
}

/** What is kept between the end of a window and the next ask, milliseconds: timers and clocks are not exact. */
export function marginOf(state: RateState, windowMs: number): number {
  return (1 + windowMs * 0.0005) * state.caution;
}

/** Nothing was heard for a while: what is known may have changed. */
export function isStale(state: RateState, windowMs: number, now: number): boolean {
  if (state.heardAt === undefined) return true;
  const longest = Math.max(longestRoundTrip(state.trips.ask), longestRoundTrip(state.trips.read));
  return now - state.heardAt > Math.max(state.atOnce ? windowMs / 4 : windowMs, longest, 50);
}

export function othersRate(state: RateState, windowMs: number, now: number): number {
  return state.others.rate === 0 ? 0 : rateAt(state.others, windowMs, state.limit ?? 1, now);
}

/** How many asks to leave to others: what they may take between the server's last word and the arrival of ours. */
export function reserved(state: RateState, windowMs: number, now: number): number {
  if (othersRate(state, windowMs, now) === 0) return 0;
  const limit = state.limit ?? 1;
  const age = Math.max(0, now - (state.heardAt ?? now));
  return Math.min(
    reserveFor(state.others, typicalRoundTrip(state) + age, windowMs, limit, now),
    Math.max(0, limit - 1),
  );
}

function typicalRoundTrip(state: RateState): number {
  return Math.max(meanRoundTrip(state.trips.ask), meanRoundTrip(state.trips.read));
}

/**
 * When enough of ours has come back for one ask to go, though others use the key: one, if the server's last word still
 * leaves some to spare by then, else so many more. Where asks come back each in its turn, so do those of the others,
 * and those of ours that follow within a round trip are waited for: the word that is asked for then says more, and they
 * go together once more. Where they come back all at once, no window is left that had begun before the first of ours
 * in it.
 */
export function amidOthers(state: RateState, windowMs: number, span: number, now: number): number {
  const shortest = shortestOf(state.trips, state.caution);
  const heardAt = state.quiet?.heardAt ?? state.heardAt ?? now;
  const back = (many: number) => returnedAt(state.asks, shortest, span, heardAt, many);
  const age = state.atOnce ? Math.max(0, back(1) - heardAt) : 0;
  const exposure = typicalRoundTrip(state) + age;
  const reserve = reserveFor(state.others, exposure, windowMs, state.limit ?? 1, now);
  const each = back(Math.max(1, 1 + reserve - state.credit));
  const { renewed } = state;
  if (!state.atOnce) return lastBackBy(state.asks, shortest, span, each, each + typicalRoundTrip(state));
  return renewed === undefined ? each : Math.min(each, renewed.at + span);
}

/** The latest instant at which the oldest ask that the server still counts can have reached it. */
export function oldestCounted(state: RateState): number {
  const shortest: Shortest = shortestOf(state.trips, state.caution);
  const oldest = state.asks.find((ask) => ask.id >= state.countedFrom);
  return oldest === undefined ? (state.heardAt ?? Number.NEGATIVE_INFINITY) : latestArrival(oldest, shortest);
}

/**
 * The limit by which asks may go on a prediction: one that was raised counts from a window later. A token bucket has no
 * more in it than before; the other kinds say by `Remaining` that there is more.
 */
export function foreseenLimit(state: RateState, limit: number, windowMs: number, now: number): number {
  return now > state.limitChangedAt + windowMs ? limit : Math.min(limit, state.limitBefore ?? limit);
}

export function pausedUntil(state: RateState, until: number, why: WaitReason): RateState {
  if (state.paused !== undefined && state.paused.until >= until) return state;
  return { ...state, paused: { until, why } };
}
