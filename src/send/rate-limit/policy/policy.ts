/** Transitions of the policy: a new state for each event, from the arguments alone. The old one stays unchanged. */

import type { AskKind, Observation } from '../headers.ts';
import { answered } from './answers.ts';
import { type Ask, usualRoundTrip } from './arrivals.ts';
import { paceGranted, paceSent } from './own-pace.ts';
import {
  type Counter,
  flyingIn,
  isTold,
  LONGEST_LOG,
  type Mode,
  OTHERS_WINDOWS,
  pausedUntil,
  type RateState,
  SECOND,
  spanOf,
  type WaitReason,
  withCounter,
} from './state.ts';

export type { AskKind, Observation } from '../headers.ts';
export { decide, type Verdict } from './decide.ts';
export type { OwnPaceSettings } from './own-pace.ts';
export { initial, marginOf, type RateSettings, type RateState, type WaitReason } from './state.ts';

export type RateEvent =
  /** An ask is about to start, as `decide` allowed. `random` in [0, 1) draws its gap. */
  | { readonly type: 'granted'; readonly kind: AskKind; readonly solo: boolean; readonly random: number }
  /** Its bytes go out now. */
  | { readonly type: 'sent'; readonly id: number }
  /** It ended without having been sent. */
  | { readonly type: 'withdrawn'; readonly id: number }
  | { readonly type: 'answered'; readonly id: number; readonly observation: Observation }
  | { readonly type: 'paused'; readonly until: number; readonly why: WaitReason };

/** Knowledge about the server's limit, for display and for sharing. */
export interface Allowance {
  readonly mode: Mode['name'];
  /** Asks per window, by the server's latest word. */
  readonly limit?: number;
  /** Milliseconds. */
  readonly windowMs?: number;
  /** Asks that the server will surely take now. */
  readonly remaining?: number;
  /** Most asks in flight that got through, where more were refused. */
  readonly ceiling?: number;
}

export function allowanceOf({ counters, slow }: RateState): Allowance {
  const { mode } = counters.ask;
  const ceiling = Number.isFinite(slow.ceiling) ? { ceiling: slow.ceiling } : {};
  if (!isTold(mode)) return { mode: mode.name, ...ceiling };
  const { name, limit, credit } = mode;
  return { mode: name, limit, windowMs: spanOf(mode), remaining: credit, ...ceiling };
}

/** The state after an event. */
export function advance(state: RateState, event: RateEvent, now: number): RateState {
  switch (event.type) {
    case 'granted':
      return granted(state, event, now);
    case 'sent':
      return {
        ...changed(state, event.id, (ask) => ({ ...ask, sentAt: now })),
        pace: paceSent(state.pace, event.id, now),
      };
    case 'withdrawn':
      return changed(state, event.id, () => undefined);
    case 'answered':
      return answered(state, event.id, event.observation);
    case 'paused':
      return pausedUntil(state, event.until, event.why);
  }
}

function granted(state: RateState, event: Extract<RateEvent, { type: 'granted' }>, now: number): RateState {
  const { kind, solo, random } = event;
  const id = state.nextId;
  const counter = state.counters[kind];
  const { mode } = counter;
  const ask: Ask = {
    id,
    kind,
    sentAt: now,
    answeredAt: undefined,
    usual: usualRoundTrip(state.way, kind),
    level: flyingIn(state) + 1,
    refused: false,
    solo,
    promised: isTold(mode) && mode.credit > 0,
  };
  const next: Counter = {
    ...counter,
    asks: [...kept(counter, now), ask],
    mode: isTold(mode) ? { ...mode, credit: Math.max(0, mode.credit - 1) } : mode,
  };
  const pace = kind === 'ask' ? paceGranted(state.pace, state.settings, id, now, random) : state.pace;
  return { ...withCounter(state, kind, next), nextId: id + 1, pace };
}

/** Smallest log: below it no ask is forgotten. */
const FEW = 8;
const OWN_WINDOWS = 2;

/**
 * Asks to keep: those that a window may still count, and those that the evidence needs, including the pending answer of
 * the oldest.
 */
function kept({ asks, mode }: Counter, now: number): readonly Ask[] {
  if (asks.length < FEW) return asks;
  const oldest = asks.find(({ answeredAt }) => answeredAt === undefined)?.sentAt ?? now;
  const { limit, windowMs } = mode.name === 'blind' ? mode : reach(mode);
  const window = windowMs ?? SECOND * (limit ?? 1);
  // Without a limit, or with one not counted one by one, the log serves only the asks in flight.
  const longest = limit !== undefined && limit <= LONGEST_LOG ? 2 * LONGEST_LOG : FEW;
  return asks.filter(({ kind, answeredAt }, index) => {
    if (answeredAt === undefined) return true;
    const windows = kind === 'other' ? OTHERS_WINDOWS : OWN_WINDOWS;
    return answeredAt + windows * window + SECOND > oldest && index >= asks.length - longest;
  });
}

/** Number and age of the asks that may matter. */
function reach(mode: Mode): { readonly limit: number | undefined; readonly windowMs: number | undefined } {
  if (!isTold(mode)) return { limit: undefined, windowMs: undefined };
  return { limit: mode.limit, windowMs: Math.max(spanOf(mode), mode.window.hint?.to ?? 0) };
}

/** State with one ask changed, or removed if `change` returns undefined. */
function changed(state: RateState, id: number, change: (ask: Ask) => Ask | undefined): RateState {
  const inCounter = (counter: Counter): Counter => {
    const place = counter.asks.findLastIndex((one) => one.id === id);
    const ask = counter.asks[place];
    if (ask === undefined) return counter;
    const after = change(ask);
    const asks = after === undefined ? counter.asks.toSpliced(place, 1) : counter.asks.with(place, after);
    return { ...counter, asks };
  };
  const { ask, read } = state.counters;
  const changedAsk = inCounter(ask);
  return { ...state, counters: { ask: changedAsk, read: ask === read ? changedAsk : inCounter(read) } };
}
