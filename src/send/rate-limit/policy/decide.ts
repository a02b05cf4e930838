/** Decides whether an ask may start: the half of the policy that reads the state. */

import type { AskKind } from '../headers.ts';
import {
  type Ask,
  countedAt,
  freeAt,
  inFlight,
  latestArrival,
  longestRoundTrip,
  meanRoundTrip,
} from './arrivals.ts';
import { paceAllows } from './own-pace.ts';
import {
  type Counter,
  flyingIn,
  LONGEST_BACKOFF,
  LONGEST_LOG,
  type Mode,
  marginOf,
  othersIn,
  type RateState,
  SECOND,
  spanOf,
  type Told,
  type WaitReason,
} from './state.ts';
import { isNearlySure, shiftOf } from './window.ts';

/** `until` undefined: until an answer arrives. */
export type Verdict =
  | { readonly go: true; readonly solo: boolean }
  | { readonly go: false; readonly until: number | undefined; readonly why: WaitReason };

const GO: Verdict = { go: true, solo: false };
const SOLO: Verdict = { go: true, solo: true };

/** Decides whether an ask of this kind may start now, or how long it waits. Pure. */
export function decide(state: RateState, kind: AskKind, now: number): Verdict {
  const { paused, settings, slow, counters } = state;
  if (paused !== undefined && now < paused.until) return wait(paused.until, paused.why);
  const flying = flyingIn(state);
  if (flying >= Math.min(settings.maxInFlight, slow.allowed)) return wait(undefined, 'window');
  if (kind === 'ask') {
    const own = paceAllows(state.pace, settings);
    if (now < own.at) return wait(own.at, own.why);
  }
  const counter = counters[kind];
  const last = counter.asks.findLast((ask) => ask.kind !== 'other');
  if (last !== undefined && now < last.sentAt + slow.spacing)
    return wait(last.sentAt + slow.spacing, 'throttled');
  if (counter.asks.some((ask) => ask.solo && ask.answeredAt === undefined)) return wait(undefined, 'window');
  const verdict = byMode(state, counter, now);
  if (!isFirstOfItsKind(state, kind)) return verdict;
  // Knowledge from the other kind allows one ask of this kind, whose answer shows whether they are counted together.
  if (counter.asks.some((ask) => ask.kind === kind && ask.answeredAt === undefined))
    return wait(undefined, 'window');
  return verdict.go ? SOLO : verdict;
}

function isFirstOfItsKind({ told }: RateState, kind: AskKind): boolean {
  return told[kind] === undefined && told[kind === 'ask' ? 'read' : 'ask'] !== undefined;
}

function byMode(state: RateState, counter: Counter, now: number): Verdict {
  const { mode, asks } = counter;
  switch (mode.name) {
    case 'unknown':
      return inFlight(asks) === 0 ? SOLO : wait(undefined, 'no_headers');
    case 'blind':
      return blind(state, asks, mode, now);
    case 'learning':
    case 'shared':
      return granted(state, counter, mode, now);
    case 'known':
      return foreseen(state, asks, mode, now);
  }
}

/** Verdict without headers: the last known pace; else `--max-rate`, or one per second. */
function blind(
  state: RateState,
  asks: readonly Ask[],
  mode: Extract<Mode, { name: 'blind' }>,
  now: number,
): Verdict {
  const { limit, windowMs } = mode;
  if (limit === undefined && state.settings.maxRate !== undefined) return GO;
  const last = asks.at(-1);
  const count = limit ?? 1;
  const length = windowMs ?? SECOND * count;
  const at =
    limit === undefined || limit > LONGEST_LOG
      ? (last?.sentAt ?? now - length) + length / count
      : freeAt(asks, state.way, length + marginOf(state, length), limit, now);
  return now >= at ? GO : until(at, now, limit === undefined ? 'no_headers' : 'window');
}

/** Verdict by the server's word: only granted asks go, and one more when enough must have come back. */
function granted(state: RateState, { asks }: Counter, mode: Told, now: number): Verdict {
  const flying = inFlight(asks);
  const stale = isStale(state, mode, now);
  const reserve = reserved(state, asks, mode, now, 0);
  if (mode.credit > reserve && !(stale && flying > 0)) return { go: true, solo: stale };
  // Where an answer takes long, the next ask does not wait for it.
  if (mode.name === 'shared' && meanRoundTrip(state.way) > spanOf(mode) / 4) {
    const at = sharedAt(state, asks, mode, now);
    return now >= at ? GO : until(at, now, 'window');
  }
  // Without a grant, the one probe needs the last word of all.
  if (flying > 0 && mode.credit === 0) return wait(undefined, 'window');
  const at = mode.name === 'shared' ? sharedAt(state, asks, mode, now) : learningAt(state, asks, mode, now);
  return now >= at ? SOLO : until(at, now, 'window');
}

/**
 * Number of asks left free: one as the probe, and the likely use by others before ours arrives; the word is `ageMs`
 * old.
 */
function reserved(state: RateState, asks: readonly Ask[], mode: Told, now: number, ageMs: number): number {
  const { limit } = mode;
  if (limit === 1 || (mode.name === 'learning' && isNearlySure(mode.window))) return 0;
  const perWindow = othersIn(asks, spanOf(mode), now);
  // Average use by others while an ask is under way, and its variation.
  const meanwhile = (perWindow * (meanRoundTrip(state.way) + ageMs)) / spanOf(mode);
  const others = Math.max(perWindow, Math.ceil(meanwhile + 2 * Math.sqrt(meanwhile)));
  return Math.min(limit - 1, Math.max(1, others));
}

/** Instant at which enough counted asks must have come back for one ask, whatever others used since the last word. */
function sharedAt(state: RateState, asks: readonly Ask[], mode: Told, now: number): number {
  const span = spanOf(mode);
  const reserve = reserved(state, asks, mode, now, Math.min(span, now - mode.heardAt));
  const counted = asks.filter((ask) => !ask.refused);
  const free = freeAt(
    counted,
    state.way,
    span + marginOf(state, span),
    Math.max(1, mode.limit - reserve),
    now,
  );
  // The last word includes asks that came back before it.
  const next = counted
    .map((ask) => latestArrival(ask, state.way, now) + span)
    .filter((at) => at > mode.heardAt);
  return next.length === 0 ? free : Math.max(free, Math.min(...next));
}

/** Instant at which the newest counted ask is as old as the length being tried; the Reset if nothing is left. */
function learningAt(state: RateState, asks: readonly Ask[], mode: Told, now: number): number {
  const span = spanOf(mode);
  let from = Number.NEGATIVE_INFINITY;
  for (const ask of asks) {
    if (ask.id >= mode.countedFrom && ask.kind !== 'other')
      from = Math.max(from, latestArrival(ask, state.way, now));
  }
  const ripe = from + span + marginOf(state, span);
  if (mode.credit > 0 || isNearlySure(mode.window)) return ripe;
  if (mode.reset === undefined) {
    return Math.max(ripe, mode.heardAt + Math.min(LONGEST_BACKOFF, SECOND * 2 ** state.strikes));
  }
  const reset = mode.reset.at.to + marginOf(state, SECOND);
  const others = othersIn(asks, span, now);
  if (others > 0) return Math.max(reset + others * Math.max(0, mode.reset.length.from), ripe);
  return mode.limit === 1 ? reset + shiftOf(mode.samples) : reset;
}

/** Verdict with a known window: the server's grant, and the asks that must have come back since. */
function foreseen(
  state: RateState,
  asks: readonly Ask[],
  mode: Extract<Mode, { name: 'known' }>,
  now: number,
): Verdict {
  const { limit, windowMs, credit, changedAt, limitBefore } = mode;
  const stale = isStale(state, mode, now);
  const span = windowMs + marginOf(state, windowMs);
  if (credit > 0 && !(stale && inFlight(asks) > 0)) return { go: true, solo: stale };
  if (limit > LONGEST_LOG) {
    const at = mode.reset?.at.to ?? mode.heardAt + span;
    return now >= at ? SOLO : wait(at, 'window');
  }
  // A raised limit counts one window later: a token bucket does not hold more than before.
  const most = now > changedAt + span ? limit : Math.min(limit, limitBefore);
  if (countedAt(asks, state.way, span, now) < most) return { go: true, solo: stale };
  return until(freeAt(asks, state.way, span, most, now), now, 'window');
}

/** Whether the knowledge is old enough to have changed. */
function isStale(state: RateState, mode: Told, now: number): boolean {
  const longest = Math.max(longestRoundTrip(state.way, 'ask'), longestRoundTrip(state.way, 'read'));
  return now - mode.heardAt > Math.max(spanOf(mode) / 4, longest, 50);
}

function wait(at: number | undefined, why: WaitReason): Verdict {
  return { go: false, until: at, why };
}

function until(at: number, now: number, why: WaitReason): Verdict {
  return wait(Number.isFinite(at) ? Math.max(at, now) : undefined, why);
}
