/** Whether an ask may start: the half of the policy that reads the state. */
import { type Ask, countedAt, freeAt, inFlight, latestArrival } from './ask-log.ts';
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
import { type AskKind, longestRoundTrip, meanRoundTrip } from './way.ts';
import { candidate, isLong, shiftOf } from './window.ts';

/** `until` undefined: until an answer comes. */
export type Verdict =
  | { readonly go: true; readonly solo: boolean }
  | { readonly go: false; readonly until: number | undefined; readonly why: WaitReason };

const GO: Verdict = { go: true, solo: false };
const SOLO: Verdict = { go: true, solo: true };

/** Whether an ask of this kind may start now, or how long to wait. Pure. */
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
  const solos = counter.asks.filter((ask) => ask.solo && ask.answeredAt === undefined).length;
  if (solos >= solosAllowed(counter.mode)) return wait(undefined, 'window');
  const verdict = byMode(state, counter, now);
  if (!isFirstOfItsKind(state, kind)) return verdict;
  // What the other kind taught licenses one of this kind, whose answer tells whether they are counted together.
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

/** Where windows are known, two or three go ahead: the quickest of them tells when the window began. */
function solosAllowed(mode: Mode): number {
  return mode.name === 'known' ? Math.min(3, Math.ceil(mode.limit / 8)) : 1;
}

/** The pace that was known last; else `--max-rate`, or one per second. */
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

/** Only what the server has granted goes, and one ask when enough must have come back. */
function granted(state: RateState, { asks }: Counter, mode: Told, now: number): Verdict {
  const flying = inFlight(asks);
  const stale = isStale(state, mode, now);
  const reserve = reserved(state, asks, mode, now, 0);
  if (mode.credit > reserve && !(stale && flying > 0)) return { go: true, solo: stale };
  // Without anything granted, the one ask that tries needs the last word of all.
  if (flying > 0 && mode.credit === 0) return wait(undefined, 'window');
  const at = mode.name === 'shared' ? sharedAt(state, asks, mode, now) : learningAt(state, asks, mode, now);
  return now >= at ? SOLO : until(at, now, 'window');
}

/** Asks that are left free: one to probe with, and what others may take before ours arrives; the word is `ageMs` old. */
function reserved(state: RateState, asks: readonly Ask[], mode: Told, now: number, ageMs: number): number {
  const { limit } = mode;
  if (limit === 1 || (mode.name === 'learning' && isNearlySure(mode))) return 0;
  const perWindow = othersIn(asks, spanOf(mode), now);
  // What they take on average while an ask is under way, and what that varies by.
  const meanwhile = (perWindow * (meanRoundTrip(state.way) + ageMs)) / spanOf(mode);
  const others = Math.max(perWindow, Math.ceil(meanwhile + 2 * Math.sqrt(meanwhile)));
  return Math.min(limit - 1, Math.max(1, others));
}

/** A long window that held once is tried with all of its allowance: nearly all of it a bucket would give back, too. */
function isNearlySure({ window }: Told): boolean {
  return window.held > 0 && window.floating && window.doubts === 0 && isLong(candidate(window));
}

/** When enough of what the server counts must have come back for one ask, whatever others took since its last word. */
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
  // What came back before the last word is in it.
  const next = counted
    .map((ask) => latestArrival(ask, state.way, now) + span)
    .filter((at) => at > mode.heardAt);
  return next.length === 0 ? free : Math.max(free, Math.min(...next));
}

/** When the newest ask that the server counts is as old as the length being tried; by the Reset where nothing is left. */
function learningAt(state: RateState, asks: readonly Ask[], mode: Told, now: number): number {
  const span = spanOf(mode);
  let from = Number.NEGATIVE_INFINITY;
  for (const ask of asks) {
    if (ask.id >= mode.countedFrom && ask.kind !== 'other')
      from = Math.max(from, latestArrival(ask, state.way, now));
  }
  const ripe = from + span + marginOf(state, span);
  if (mode.credit > 0 || isNearlySure(mode)) return ripe;
  if (mode.reset === undefined) {
    return Math.max(ripe, mode.heardAt + Math.min(LONGEST_BACKOFF, SECOND * 2 ** state.strikes));
  }
  const reset = mode.reset.at.to + marginOf(state, SECOND);
  const others = othersIn(asks, span, now);
  if (others > 0) return Math.max(reset + others * Math.max(0, mode.reset.length.from), ripe);
  return mode.limit === 1 ? reset + shiftOf(mode.samples) : reset;
}

/** The window's length is known: what the server has granted, and what must have come back since. */
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
  // A limit that was raised counts from a window later: a token bucket has no more in it than before.
  const most = now > changedAt + span ? limit : Math.min(limit, limitBefore);
  if (countedAt(asks, state.way, span, now) < most) return { go: true, solo: stale };
  return until(freeAt(asks, state.way, span, most, now), now, 'window');
}

/** Nothing was heard for a while: what is known may have changed. */
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
