/** State of the policy. Instants are monotonic milliseconds, or on Redis’s clock where several processes share it. */

import type { Reset } from '../header-values.ts';
import type { AskKind, Span } from '../headers.ts';
import { type Ask, inFlight, UNKNOWN_WAY, type Way } from './arrivals.ts';
import { FRESH_PACE, type OwnPace, type OwnPaceSettings } from './own-pace.ts';
import { type ServerClock, UNKNOWN_CLOCK } from './server-clock.ts';
import { SLOW_START, type SlowStart } from './slow-start.ts';
import { amongOthers, candidate, type Sample, type WindowEstimate } from './window.ts';

export interface RateSettings extends OwnPaceSettings {
  /** Most exchanges in flight. */
  readonly maxInFlight: number;
  /** People per ask: a server may count them instead of asks. */
  readonly batchSize?: number;
  /** Error of instants that come from several processes, milliseconds. */
  readonly slackMs?: number;
}

export type WaitReason = 'window' | 'throttled' | 'gap' | 'max_rate' | 'no_headers' | 'paused' | 'cool_down';

export interface RateState {
  readonly settings: RateSettings;
  readonly nextId: number;
  /** Counters of the server, by kind. One and the same for both kinds until their headers tell them apart. */
  readonly counters: Readonly<Record<AskKind, Counter>>;
  /** Last Limit by kind. */
  readonly told: Readonly<Record<AskKind, number | undefined>>;
  readonly way: Way;
  readonly clock: ServerClock;
  readonly slow: SlowStart;
  readonly pace: OwnPace;
  readonly paused: { readonly until: number; readonly why: WaitReason } | undefined;
  /** Rounds of refusals since the last good answer, and the start of the last: asks under way then belong to it. */
  readonly strikes: number;
  readonly struckAt: number;
}

/** A counter of the server: the asks in it, and the knowledge about its limit. */
export interface Counter {
  /** Oldest first. */
  readonly asks: readonly Ask[];
  readonly mode: Mode;
  /** Cost of an ask at the server: 1, or its people. All other fields are in asks. */
  readonly cost: number;
  /** Last certain Remaining, in the server's units. */
  readonly left: number | undefined;
}

export type Mode =
  /** No answer yet. */
  | { readonly name: 'unknown' }
  /** No headers: the last known values, if any. */
  | { readonly name: 'blind'; readonly limit: number | undefined; readonly windowMs: number | undefined }
  /** The window's length is being tried: only granted asks go, with one held back as the probe. */
  | ({ readonly name: 'learning' } & Word)
  /** The window's length is known: asks go when their places must have come back. */
  | ({ readonly name: 'known'; readonly windowMs: number } & Word)
  /** Another client uses the key: only granted asks go, less its likely use. */
  | ({ readonly name: 'shared'; readonly windowMs: number } & Word);

export type Told = Exclude<Mode, { readonly name: 'unknown' | 'blind' }>;

/** Last word of the server, and the conclusions from it. */
export interface Word {
  readonly limit: number;
  /** Instant of the limit's last change, and the limit before. */
  readonly changedAt: number;
  readonly limitBefore: number;
  /** Asks that the server will surely take: its last word, less the asks since. */
  readonly credit: number;
  /** Lowest Remaining since the last certain word, or since nothing was in flight. */
  readonly lowest: number;
  /** First id that the server may still count; it has forgotten earlier asks. */
  readonly countedFrom: number;
  readonly heardAt: number;
  readonly reset: ResetWord | undefined;
  /** Last distinct Resets given as instants; milliseconds on the server's clock. */
  readonly resets: readonly number[];
  readonly window: WindowEstimate;
  /** Samples of a server that allows one ask at a time. */
  readonly samples: readonly Sample[];
  /** Last sign of others. */
  readonly othersAt: number;
}

/** A Reset on our clock, and its distance when seen (milliseconds). */
export interface ResetWord {
  readonly reset: Reset;
  readonly at: Span;
  readonly length: Span;
}

/** Windows without a sign of others before they are gone; their use is averaged over as many. */
export const OTHERS_WINDOWS = 20;
export const SECOND = 1000;
/** Most asks remembered one by one; beyond such a limit only the server's word counts. */
export const LONGEST_LOG = 1024;
/** Longest back-off of our own, where no header gives a time, milliseconds. */
export const LONGEST_BACKOFF = 60_000;

export function initial(settings: RateSettings): RateState {
  const counter: Counter = { asks: [], mode: { name: 'unknown' }, cost: 1, left: undefined };
  return {
    settings,
    nextId: 1,
    counters: { ask: counter, read: counter },
    told: { ask: undefined, read: undefined },
    way: UNKNOWN_WAY,
    clock: UNKNOWN_CLOCK,
    slow: SLOW_START,
    pace: FRESH_PACE,
    paused: undefined,
    strikes: 0,
    struckAt: Number.NEGATIVE_INFINITY,
  };
}

/** Exchanges in flight, of both kinds. */
export function flyingIn({ counters: { ask, read } }: RateState): number {
  return inFlight(ask.asks) + (ask === read ? 0 : inFlight(read.asks));
}

export function isTold(mode: Mode): mode is Told {
  return mode.name !== 'unknown' && mode.name !== 'blind';
}

/** Length of time over which asks are spaced, milliseconds. */
export function spanOf(mode: Told): number {
  const length = mode.name === 'learning' ? candidate(mode.window) : mode.windowMs;
  const isAlone = mode.heardAt - mode.othersAt > OTHERS_WINDOWS * length;
  return isAlone ? length : amongOthers(mode.window, length);
}

/** Margin between the end of a window and the next ask, milliseconds: timers and clocks are inexact. */
export function marginOf(state: RateState, windowMs: number): number {
  return (1 + windowMs * 0.0005) * state.way.caution + (state.settings.slackMs ?? 0);
}

/** Number of others' asks per window, rounded up. */
export function othersIn(asks: readonly Ask[], windowMs: number, now: number): number {
  let count = 0;
  for (const { kind, answeredAt } of asks) {
    if (kind === 'other' && (answeredAt ?? 0) + OTHERS_WINDOWS * windowMs > now) count++;
  }
  return Math.ceil(count / OTHERS_WINDOWS);
}

/** State with another counter for one kind, or for both while they are counted together. */
export function withCounter(state: RateState, kind: AskKind, counter: Counter): RateState {
  const { ask, read } = state.counters;
  const counters = ask === read ? { ask: counter, read: counter } : { ...state.counters, [kind]: counter };
  return { ...state, counters };
}

export function pausedUntil(state: RateState, until: number, why: WaitReason): RateState {
  if (state.paused !== undefined && state.paused.until >= until) return state;
  return { ...state, paused: { until, why } };
}
