/**
 * When an ask may start: the policy, as pure functions of (state, event, now). `limiter.ts` carries it out.
 *
 * Two things let an ask go. The server's own word: `Remaining`, less what we sent since; waiting never makes that
 * less. And, once the window's length is known, a prediction: any `limit + 1` asks in a row reach the server at least
 * one window apart, which no kind of server takes amiss (fixed window from the first ask or aligned to the clock,
 * sliding log, token bucket), and which uses all that each of them allows.
 *
 * A prediction after a silence goes alone, and the rest of its window follows on the server's answer: a limit that
 * was lowered, another client or a pause of the network cost one ask at most.
 */

import { answered } from './pacing/answers.ts';
import { type Ask, type AskKind, placeOf } from './pacing/ask-log.ts';
import type { Observation } from './pacing/headers.ts';
import { paceGranted, paceSent } from './pacing/own-pace.ts';
import {
  LONGEST_LOG,
  oldestCounted,
  pausedUntil,
  type RateState,
  SECOND,
  type WaitReason,
} from './pacing/state.ts';
import { candidate } from './pacing/window-estimate.ts';

export type { AskKind } from './pacing/ask-log.ts';
export { decide, type Verdict } from './pacing/decision.ts';
export type { Observation } from './pacing/headers.ts';
export type { OwnPaceSettings } from './pacing/own-pace.ts';
export {
  initial,
  marginOf,
  type RateSettings,
  type RateState,
  type WaitReason,
  windowOf,
} from './pacing/state.ts';

export type RateEvent =
  /** An ask is about to start, as `decide` allowed. `random` in [0, 1) draws its gap. */
  | { readonly type: 'granted'; readonly kind: AskKind; readonly solo: boolean; readonly random: number }
  /** Its bytes go out now. */
  | { readonly type: 'sent'; readonly id: number }
  /** It ended without having been sent. */
  | { readonly type: 'withdrawn'; readonly id: number }
  | { readonly type: 'answered'; readonly id: number; readonly observation: Observation }
  | { readonly type: 'paused'; readonly until: number; readonly why: WaitReason };

/**
 * The state after an event. It depends on nothing but the arguments. The log of asks is carried over and changed in
 * place, so that the state before the event is used up: nobody may go on with it.
 */
export function advance(state: RateState, event: RateEvent, now: number): RateState {
  switch (event.type) {
    case 'granted':
      return granted(state, event, now);
    case 'sent':
      return sent(state, event.id, now);
    case 'withdrawn':
      return withdrawn(state, event.id);
    case 'answered':
      return answered(state, event.id, event.observation);
    case 'paused':
      return pausedUntil(state, event.until, event.why);
  }
}

function sent(state: RateState, id: number, now: number): RateState {
  const place = placeOf(state.asks, id);
  const ask = state.asks[place];
  if (ask !== undefined) state.asks[place] = { ...ask, sentAt: now };
  return { ...state, pace: paceSent(state.pace, id, now) };
}

function withdrawn(state: RateState, id: number): RateState {
  const place = placeOf(state.asks, id);
  if (place >= 0) state.asks.splice(place, 1);
  return { ...state };
}

function granted(state: RateState, event: Extract<RateEvent, { type: 'granted' }>, now: number): RateState {
  const id = state.nextId;
  const reset = state.reset?.at.to ?? now;
  const waited = event.solo && state.credit === 0 && state.window.trusted === undefined;
  const misled = waited && reset > oldestCounted(state) + candidate(state.window) * 1.05;
  const ask: Ask = {
    id,
    kind: event.kind,
    grantedAt: now,
    sentAt: undefined,
    answeredAt: undefined,
    remaining: undefined,
    refused: false,
    solo: event.solo,
    promised: state.credit > 0,
  };
  prune(state, now);
  state.asks.push(ask);
  return {
    ...state,
    nextId: id + 1,
    misled: misled ? candidate(state.window) : state.misled,
    credit: Math.max(0, state.credit - 1),
    pace: event.kind === 'ask' ? paceGranted(state.pace, state.settings, id, now, event.random) : state.pace,
  };
}

/** Keeps what a window may still count, and what the evidence needs. */
function prune(state: RateState, now: number): void {
  const span =
    2 * Math.max(state.window.trusted ?? 0, state.window.hint?.to ?? 0, candidate(state.window)) + SECOND;
  // Without a limit, or with one that is not counted one by one, the log serves nothing but the asks in flight.
  const counts = state.limit !== undefined && state.limit <= LONGEST_LOG;
  const longest = counts ? LONGEST_LOG : 8;
  const first = state.asks.findIndex((ask, index) => {
    if (ask.answeredAt === undefined) return true;
    return ask.answeredAt + span > now && index >= state.asks.length - longest;
  });
  const last = state.asks.length - 1;
  const old = first < 0 ? last : Math.min(first, last);
  if (old > 0) state.asks.splice(0, old);
}
