/** What the policy knows. Instants are monotonic milliseconds. */

import type { Reset } from '../header-values.ts';
import type { Span } from '../headers.ts';
import { type Ask, inFlight } from './ask-log.ts';
import { FRESH_PACE, type OwnPace, type OwnPaceSettings } from './own-pace.ts';
import { type ServerClock, UNKNOWN_CLOCK } from './server-clock.ts';
import { SLOW_START, type SlowStart } from './slow-start.ts';
import { type AskKind, UNKNOWN_WAY, type Way } from './way.ts';
import { amongOthers, candidate, type Sample, type WindowEstimate } from './window.ts';

export interface RateSettings extends OwnPaceSettings {
  /** The most exchanges in flight. */
  readonly maxInFlight: number;
  /** People of an ask: a server may count them, and not the asks. */
  readonly batchSize?: number;
}

export type WaitReason = 'window' | 'throttled' | 'gap' | 'max_rate' | 'no_headers' | 'paused' | 'cool_down';

export interface RateState {
  readonly settings: RateSettings;
  readonly nextId: number;
  /** What the server counts together. One and the same for both kinds, until their headers tell them apart. */
  readonly counters: Readonly<Record<AskKind, Counter>>;
  /** The Limit that each kind was last told. */
  readonly told: Readonly<Record<AskKind, number | undefined>>;
  readonly way: Way;
  readonly clock: ServerClock;
  readonly slow: SlowStart;
  readonly pace: OwnPace;
  readonly paused: { readonly until: number; readonly why: WaitReason } | undefined;
  /** Rounds of refusals since the last good answer, and when the last one was first heard of: asks that were under way
   * then belong to it. */
  readonly strikes: number;
  readonly struckAt: number;
}

/** One count that the server keeps: the asks that are in it, and what is known of its limit. */
export interface Counter {
  /** Oldest first. */
  readonly asks: readonly Ask[];
  readonly mode: Mode;
  /** What the server takes an ask for: 1, or its people. Everything else here is in asks. */
  readonly cost: number;
  /** Its last certain Remaining, as it said it. */
  readonly left: number | undefined;
}

export type Mode =
  /** Nothing was answered. */
  | { readonly name: 'unknown' }
  /** No headers: what was known last, if anything. */
  | { readonly name: 'blind'; readonly limit: number | undefined; readonly windowMs: number | undefined }
  /** The window's length is being tried: only what the server has granted goes, one ask held back as the probe. */
  | ({ readonly name: 'learning' } & Word)
  /** The window's length is known: what must have come back goes. */
  | ({ readonly name: 'known'; readonly windowMs: number } & Word)
  /** Another client asks too: only what the server has granted goes, less what that one is likely to take. */
  | ({ readonly name: 'shared'; readonly windowMs: number } & Word);

export type Told = Exclude<Mode, { readonly name: 'unknown' | 'blind' }>;

/** What the server said last, and what was made of it. */
export interface Word {
  readonly limit: number;
  /** When the limit was seen to change, and what it was before. */
  readonly changedAt: number;
  readonly limitBefore: number;
  /** Asks that the server will surely take: its last word, less what went since. */
  readonly credit: number;
  /** When the ask went whose answer was the last certain word: all others had arrived before it, or went after it. */
  readonly certainAt: number;
  /** The lowest Remaining since then, or since nothing was in flight. */
  readonly lowest: number;
  /** Asks before this id are known to be forgotten by the server. */
  readonly countedFrom: number;
  readonly heardAt: number;
  readonly reset: ResetWord | undefined;
  /** The last Resets that were instants, each once; milliseconds on the server's clock. */
  readonly resets: readonly number[];
  readonly window: WindowEstimate;
  /** Of a server that allows one ask at a time. */
  readonly samples: readonly Sample[];
  /** When others were last noticed. */
  readonly othersAt: number;
}

/** A Reset, when that is on our clock, and how far away it was when it was first seen (milliseconds). */
export interface ResetWord {
  readonly reset: Reset;
  readonly at: Span;
  readonly length: Span;
  readonly said: number;
}

/** Windows without a sign of others, after which they are gone; what they take is the average of as many. */
export const OTHERS_WINDOWS = 20;
export const SECOND = 1000;
/** Asks remembered one by one; beyond such a limit only the server's own word is used. */
export const LONGEST_LOG = 1024;
/** Longest wait that we impose on our own account, where no header says how long. */
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

/** The length that asks are spaced by, milliseconds. */
export function spanOf(mode: Told): number {
  const length = mode.name === 'learning' ? candidate(mode.window) : mode.windowMs;
  const isAlone = mode.heardAt - mode.othersAt > OTHERS_WINDOWS * length;
  return isAlone ? length : amongOthers(mode.window, length);
}

/** What is kept between the end of a window and the next ask, milliseconds: timers and clocks are not exact. */
export function marginOf(state: RateState, windowMs: number): number {
  return (1 + windowMs * 0.0005) * state.way.caution;
}

/** How many asks of others go in a window, rounded up. */
export function othersIn(asks: readonly Ask[], windowMs: number, now: number): number {
  let count = 0;
  for (const { kind, answeredAt } of asks) {
    if (kind === 'other' && (answeredAt ?? 0) + OTHERS_WINDOWS * windowMs > now) count++;
  }
  return Math.ceil(count / OTHERS_WINDOWS);
}

/** The counter of one kind is another now: for both kinds, while they are counted together. */
export function withCounter(state: RateState, kind: AskKind, counter: Counter): RateState {
  const { ask, read } = state.counters;
  const counters = ask === read ? { ask: counter, read: counter } : { ...state.counters, [kind]: counter };
  return { ...state, counters };
}

export function pausedUntil(state: RateState, until: number, why: WaitReason): RateState {
  if (state.paused !== undefined && state.paused.until >= until) return state;
  return { ...state, paused: { until, why } };
}
