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
import {
  type Ask,
  type AskKind,
  countedAt,
  earliestArrival,
  freeAt,
  inFlight,
  latestArrival,
  type Shortest,
  shortestOf,
} from './pacing/ask-log.ts';
import {
  type Facts,
  LONGEST_WINDOW,
  type Observation,
  type Reset,
  readFacts,
  type Span,
} from './pacing/headers.ts';
import { NO_OTHERS, type Others, reserveFor, seen } from './pacing/others.ts';
import {
  FRESH_PACE,
  type OwnPace,
  type OwnPaceSettings,
  paceAllows,
  paceGranted,
  paceSent,
} from './pacing/own-pace.ts';
import { addRoundTrip, longestRoundTrip, NO_ROUND_TRIPS, type RoundTrips } from './pacing/round-trip.ts';
import { narrow, type ServerClock, toMonotonic, UNKNOWN_CLOCK } from './pacing/server-clock.ts';
import { isExhausted, type Sample, settled, shiftOf } from './pacing/single-ask.ts';
import {
  candidate,
  hinted,
  judged,
  refuted,
  UNKNOWN_WINDOW,
  type WindowEstimate,
} from './pacing/window-estimate.ts';

export type { AskKind } from './pacing/ask-log.ts';
export type { Observation } from './pacing/headers.ts';
export type { OwnPaceSettings } from './pacing/own-pace.ts';

export interface RateSettings extends OwnPaceSettings {
  /** The most exchanges in flight. */
  readonly maxInFlight: number;
}

export type WaitReason = 'window' | 'throttled' | 'gap' | 'max_rate' | 'no_headers' | 'paused';

/** Everything that is known. Instants are monotonic milliseconds. */
export interface RateState {
  readonly settings: RateSettings;
  readonly asks: readonly Ask[];
  readonly nextId: number;
  /** Asks before this id are known to be forgotten by the server. */
  readonly countedFrom: number;
  readonly limit: number | undefined;
  /** Asks that the server will surely take: its last word, less what went since. */
  readonly credit: number;
  /** When the ask was sent whose answer that word was. */
  readonly creditSentAt: number;
  /** The last time that nothing was in flight: what remained then, and the newest ask of that time. */
  readonly quiet: { readonly remaining: number; readonly id: number; readonly sentAt: number } | undefined;
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
  /** Old asks come back all at once, not each in its turn. */
  readonly atOnce: boolean;
  /** The asks of a server that allows one at a time. */
  readonly samples: readonly Sample[];
  readonly others: Others;
  /** What the last answer said about the end of the window. */
  readonly reset: ResetWord | undefined;
  /** What is added to the server's resets, which have proved to be early. */
  readonly resetSlack: number;
  readonly paused: { readonly until: number; readonly why: WaitReason } | undefined;
  /** Throttled answers since the last good one, in rounds; and in all. */
  readonly strikes: number;
  readonly throttled: number;
  /** How much wider than at first the margin is. */
  readonly caution: number;
  readonly pace: OwnPace;
}

/** A Reset, when that is on our clock, and how far away it was when it was first seen (milliseconds). */
interface ResetWord {
  readonly reset: Reset;
  readonly at: Span;
  readonly length: Span;
  readonly said: number;
}

export type RateEvent =
  /** An ask is about to start, as `decide` allowed. `random` in [0, 1) draws its gap. */
  | { readonly type: 'granted'; readonly kind: AskKind; readonly solo: boolean; readonly random: number }
  /** Its bytes go out now. */
  | { readonly type: 'sent'; readonly id: number }
  /** It ended without having been sent. */
  | { readonly type: 'withdrawn'; readonly id: number }
  | { readonly type: 'answered'; readonly id: number; readonly observation: Observation }
  | { readonly type: 'paused'; readonly until: number; readonly why: WaitReason };

/** `until` undefined: until an answer comes. */
export type Verdict =
  | { readonly go: true; readonly solo: boolean }
  | { readonly go: false; readonly until: number | undefined; readonly why: WaitReason };

const SECOND = 1000;
/** Longest wait that we impose on our own account, where no header says how long. */
const LONGEST_BACKOFF = 60_000;
/** How much longer a token bucket's window may be than the length being tried, for all that one return shows. */
const BUCKET_TOLERANCE = 1.2;
/** Asks remembered one by one; beyond such a limit only the server's own word is used. */
const LONGEST_LOG = 1024;

export function initial(settings: RateSettings): RateState {
  return {
    settings,
    asks: [],
    nextId: 1,
    countedFrom: 1,
    limit: undefined,
    credit: 0,
    creditSentAt: Number.NEGATIVE_INFINITY,
    quiet: undefined,
    heardAt: undefined,
    blind: false,
    answered: false,
    clock: UNKNOWN_CLOCK,
    trips: { ask: NO_ROUND_TRIPS, read: NO_ROUND_TRIPS },
    window: UNKNOWN_WINDOW,
    singleReset: { from: 0, to: Number.POSITIVE_INFINITY },
    atOnce: true,
    samples: [],
    others: NO_OTHERS,
    reset: undefined,
    resetSlack: 0,
    paused: undefined,
    strikes: 0,
    throttled: 0,
    caution: 1,
    pace: FRESH_PACE,
  };
}

/** The state after an event. Pure. */
export function advance(state: RateState, event: RateEvent, now: number): RateState {
  switch (event.type) {
    case 'granted':
      return granted(state, event, now);
    case 'sent':
      return {
        ...state,
        asks: state.asks.map((ask) => (ask.id === event.id ? { ...ask, sentAt: now } : ask)),
        pace: paceSent(state.pace, event.id, now),
      };
    case 'withdrawn':
      return { ...state, asks: state.asks.filter((ask) => ask.id !== event.id) };
    case 'answered':
      return answered(state, event.id, event.observation);
    case 'paused':
      return pausedUntil(state, event.until, event.why);
  }
}

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
  if (state.asks.some((ask) => ask.solo && ask.answeredAt === undefined)) return wait(undefined, 'window');
  if (state.limit === undefined) return withoutHeaders(state, flying, now);
  if (state.blind) return withoutWord(state, state.limit, now);
  return state.window.trusted === undefined
    ? learning(state, state.limit, flying, now)
    : predicting(state, state.limit, state.window.trusted, now);
}

/** The length that asks are spaced by, milliseconds; undefined before any answer. */
export function windowOf(state: RateState): number | undefined {
  return state.window.trusted ?? (state.heardAt === undefined ? undefined : candidate(state.window));
}

/** What is kept between the end of a window and the next ask, milliseconds: timers and clocks are not exact. */
export function marginOf(state: RateState, windowMs: number): number {
  return (1 + windowMs * 0.0005) * state.caution;
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
  const at = freeAt(state.asks, shortestOf(state.trips), length + marginOf(state, length), limit);
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
  const sure = reset !== undefined && reset <= ripe + length / 100;
  const reserve = (limit > 1 && !sure ? 1 : 0) + reserved(state, length, now);
  if (state.credit > reserve && !(stale && flying > 0)) return { go: true, solo: stale };
  if (flying > 0) return wait(undefined, 'window');
  if (state.credit > 0) {
    const at = Math.min(ripe, reset ?? ripe);
    return now >= at ? { go: true, solo: true } : wait(at, 'window');
  }
  const backoff = Math.min(LONGEST_BACKOFF, SECOND * 2 ** state.strikes);
  const shift = limit === 1 ? shiftOf(state.samples) : 0;
  const at =
    reset === undefined
      ? Math.max(ripe, (state.heardAt ?? now) + backoff)
      : sure && limit > 1
        ? Math.max(reset, ripe)
        : reset + shift;
  return now >= at ? { go: true, solo: true } : wait(at, 'window');
}

/** The window's length is known: what the server has granted, and what must have come back since. */
function predicting(state: RateState, limit: number, length: number, now: number): Verdict {
  const stale = isStale(state, length, now);
  const reserve = reserved(state, length, now);
  const flying = inFlight(state.asks);
  if (state.credit > reserve && !(stale && flying > 0)) return { go: true, solo: stale };
  const shortest = shortestOf(state.trips);
  const span = length + marginOf(state, length);
  if (reserve > 0) {
    // Others make our own count worthless: one ask per window asks the server, the rest go by its word.
    const at = oldestCounted(state) + span;
    if (now < at || flying > 0) return wait(now < at ? at : undefined, 'window');
    return { go: true, solo: true };
  }
  if (limit <= LONGEST_LOG && countedAt(state.asks, shortest, span, now) >= limit) {
    return wait(finite(freeAt(state.asks, shortest, span, limit)), 'window');
  }
  if (limit > LONGEST_LOG) {
    const at = state.reset?.at.to ?? oldestCounted(state) + span;
    if (now < at) return wait(at, 'window');
  }
  return { go: true, solo: stale };
}

function granted(state: RateState, event: Extract<RateEvent, { type: 'granted' }>, now: number): RateState {
  const id = state.nextId;
  const ask: Ask = {
    id,
    kind: event.kind,
    grantedAt: now,
    sentAt: undefined,
    answeredAt: undefined,
    remaining: undefined,
    solo: event.solo,
  };
  return {
    ...state,
    nextId: id + 1,
    asks: [...pruned(state, now), ask],
    credit: Math.max(0, state.credit - 1),
    pace: event.kind === 'ask' ? paceGranted(state.pace, state.settings, id, now, event.random) : state.pace,
  };
}

/** Keeps what a window may still count, and what the evidence needs. */
function pruned(state: RateState, now: number): readonly Ask[] {
  const span =
    2 * Math.max(state.window.trusted ?? 0, state.window.hint?.to ?? 0, candidate(state.window)) + SECOND;
  const first = state.asks.findIndex((ask, index) => {
    if (ask.answeredAt === undefined) return true;
    return ask.answeredAt + span > now && index >= state.asks.length - LONGEST_LOG;
  });
  if (first === 0) return state.asks;
  return first < 0 ? state.asks.slice(-1) : state.asks.slice(Math.min(first, state.asks.length - 1));
}

function answered(state: RateState, id: number, observation: Observation): RateState {
  const { sentAt, answeredAt, httpStatus } = observation;
  const before = state.asks.find((ask) => ask.id === id);
  if (before === undefined) return state;
  const facts = httpStatus === undefined ? undefined : readFacts(observation);
  const ask: Ask = { ...before, sentAt, answeredAt, remaining: facts?.remaining };
  const asks = state.asks.map((other) => (other.id === id ? ask : other));
  if (facts === undefined) return { ...state, asks };
  const trips = { ...state.trips, [ask.kind]: addRoundTrip(state.trips[ask.kind], answeredAt - sentAt) };
  const clock = narrow(state.clock, facts.date, sentAt, answeredAt);
  const known = { ...state, asks, trips, clock, answered: true };
  const heard = facts.throttled
    ? throttled(known, ask, facts)
    : facts.remaining === undefined
      ? unheard(known, facts)
      : heardFrom(known, ask, facts, facts.remaining);
  return facts.throttled || httpStatus === 503 ? retryAfter(heard, facts, answeredAt) : heard;
}

/** An answer without `Remaining`. */
function unheard(state: RateState, facts: Facts): RateState {
  const limit = facts.limit ?? state.limit;
  return { ...state, limit, blind: limit !== undefined, credit: 0, strikes: 0 };
}

function heardFrom(state: RateState, ask: Ask, facts: Facts, remaining: number): RateState {
  const limit = facts.limit ?? state.limit ?? remaining + 1;
  const answeredAt = ask.answeredAt ?? 0;
  const certain = state.asks.every((other) => other.id === ask.id || isBefore(other, ask));
  const reset = resetWord(state, facts, ask);
  const fresh: RateState = {
    ...state,
    limit,
    blind: false,
    heardAt: answeredAt,
    strikes: 0,
    reset: earliestArrival(ask) >= state.creditSentAt ? reset : state.reset,
    window: reset === undefined ? state.window : hinted(state.window, reset.length),
    singleReset:
      reset !== undefined && remaining === limit - 1 ? farther(state.singleReset, reset) : state.singleReset,
  };
  const judgedState = certain ? withEvidence(fresh, state, ask, limit, remaining) : fresh;
  const single = limit === 1 && certain ? withSample(judgedState, ask, reset) : judgedState;
  return whenQuiet(withCredit(single, ask, remaining, answeredAt), limit);
}

/**
 * When nothing is in flight, the lowest Remaining of those that flew together is what remains at least, and the
 * server counts no more than the newest that it leaves room for: it forgets the oldest first.
 */
function whenQuiet(state: RateState, limit: number): RateState {
  if (inFlight(state.asks) > 0) return state;
  const together = state.asks.filter((ask) => ask.id > (state.quiet?.id ?? 0) && ask.remaining !== undefined);
  const newest = state.asks.at(-1);
  if (together.length === 0 || newest === undefined) return state;
  const remaining = together.reduce((least, ask) => Math.min(least, ask.remaining ?? least), limit);
  const first = state.asks[Math.max(0, state.asks.length - Math.max(1, limit - remaining))];
  return {
    ...state,
    credit: Math.max(state.credit, remaining),
    countedFrom: Math.max(state.countedFrom, first?.id ?? 0),
    quiet: { remaining, id: newest.id, sentAt: earliestArrival(newest) },
  };
}

/** The server's word as of this answer, or the one before where that says more and is not contradicted. */
function withCredit(state: RateState, ask: Ask, remaining: number, now: number): RateState {
  const sentAt = earliestArrival(ask);
  if (sentAt < state.creditSentAt) return state;
  const after = state.asks.filter((other) => other.id !== ask.id && !isBefore(other, ask)).length;
  const credit = Math.max(0, remaining - after);
  if (credit >= state.credit) return { ...state, credit, creditSentAt: sentAt };
  if (state.credit <= remaining) return state;
  const length = windowOf(state) ?? SECOND;
  const taken = state.credit - remaining;
  return {
    ...state,
    credit,
    creditSentAt: sentAt,
    others: seen(state.others, taken, now - sentAt, length, now),
  };
}

/** Judges the length being tried by an answer whose place among the others is certain. */
function withEvidence(
  state: RateState,
  before: RateState,
  ask: Ask,
  limit: number,
  remaining: number,
): RateState {
  const length = candidate(state.window);
  const shortest = shortestOf(state.trips);
  const at = earliestArrival(ask);
  const latest = latestArrival(ask, shortest);
  const counted = state.asks.filter((other) => other.id !== ask.id && other.id >= state.countedFrom);
  const old = counted.filter((other) => latestArrival(other, shortest) + length <= at);
  const ripe = old.filter((other) => latest - earliestArrival(other) < length + SECOND);
  const used = Math.max(1, limit - remaining);
  const sameLimit = before.limit === undefined || before.limit === limit;
  const window = sameLimit
    ? judged(state.window, {
        limit,
        used,
        counted: counted.length,
        old: old.length,
        ripe: ripe.length,
        slowBucket: couldBeSlowBucket(state, limit, length, remaining, at),
        floating: floats(before.reset, state.reset, length),
      })
    : state.window;
  // The server forgets the oldest first.
  const ids = [...counted.map((other) => other.id), ask.id];
  const countedFrom = ids[Math.max(0, ids.length - used)] ?? ask.id;
  const strange = used - ids.length;
  const others =
    strange > 0 && before.heardAt !== undefined
      ? seen(state.others, strange, length, length, at)
      : state.others;
  const young = counted.filter((other) => earliestArrival(other) + length > latest).length;
  const atOnce = young >= 3 && old.length > 0 ? remaining > limit - 1 - young : state.atOnce;
  return { ...state, window, countedFrom, others, atOnce };
}

function withSample(state: RateState, ask: Ask, word: ResetWord | undefined): RateState {
  if (state.window.trusted !== undefined || word?.reset.on !== 'wall' || isExhausted(state.samples))
    return state;
  const arrival: Span = { from: earliestArrival(ask), to: ask.answeredAt ?? 0 };
  const sample = { arrival, resetAt: word.reset.at, step: word.reset.step, said: word.said };
  const samples = [...state.samples, sample];
  return { ...state, samples, window: { ...state.window, trusted: settled(samples, state.clock) } };
}

/** The farthest Reset of a single missing ask; one that is aligned to the clock may be near by chance. */
function farther(known: Span, word: ResetWord): Span {
  const to = Number.isFinite(known.to) ? Math.max(known.to, word.said) : word.said;
  return { from: Math.max(known.from, word.length.from), to };
}

/** What this answer says about the end of the window. */
function resetWord(state: RateState, facts: Facts, ask: Ask): ResetWord | undefined {
  const { reset } = facts;
  const from = earliestArrival(ask);
  const to = ask.answeredAt ?? from;
  if (reset === undefined) return undefined;
  if (reset.on === 'answer') {
    const latest = latestArrival(ask, shortestOf(state.trips));
    const length = { from: reset.in - reset.step, to: reset.in };
    return { reset, at: { from: from + length.from, to: latest + length.to }, length, said: reset.in };
  }
  const at = toMonotonic(state.clock, reset.at);
  if (at === undefined || facts.date === undefined) return undefined;
  const said = reset.at - facts.date;
  const before =
    state.reset?.reset.on === 'wall' && state.reset.reset.at === reset.at ? state.reset.said : said;
  return {
    reset,
    at,
    length: {
      from: Math.max(said - SECOND - reset.step, at.from - reset.step - to),
      to: Math.min(said, at.to - from),
    },
    said: Math.max(said, before),
  };
}

/**
 * Whether a token bucket slower than the length being tried could have left `remaining` by then. Where a single
 * missing ask is `singleReset` away, a bucket gives no more than one back in that time.
 */
function couldBeSlowBucket(
  state: RateState,
  limit: number,
  length: number,
  remaining: number,
  at: number,
): boolean {
  const { quiet, singleReset } = state;
  if (quiet === undefined) return true;
  const restored = remaining + 1 - quiet.remaining;
  const within = at - quiet.sentAt;
  if (singleReset.from > 0 && restored > within / singleReset.from + 2) return false;
  return singleReset.to < length || limit * within > restored * length * BUCKET_TOLERANCE;
}

/**
 * Whether the window cannot be longer than `length` and aligned to the clock, when `after` came after it was renewed:
 * an aligned one ends on a whole second, and its ends are as far apart as it is long, which is as far as any of them
 * was ever away.
 */
function floats(before: ResetWord | undefined, after: ResetWord | undefined, length: number): boolean {
  if (before?.reset.on !== 'wall' || after?.reset.on !== 'wall') return false;
  if (after.reset.at % SECOND !== 0) return true;
  const moved = after.reset.at - before.reset.at;
  return moved > 0 && (moved <= length || moved < Math.max(before.said, after.said));
}

/** A 429. It was not done; whoever sent it goes back to the queue. */
function throttled(state: RateState, ask: Ask, facts: Facts): RateState {
  const answeredAt = ask.answeredAt ?? 0;
  const limit = facts.limit ?? state.limit;
  const length = windowOf(state) ?? SECOND;
  const first = state.paused === undefined || earliestArrival(ask) >= state.paused.until - LONGEST_WINDOW;
  const reset = resetWord(state, facts, ask);
  const conjecture = ask.solo;
  return {
    ...state,
    limit,
    throttled: state.throttled + 1,
    strikes: state.strikes + (first ? 1 : 0),
    credit: 0,
    creditSentAt: Math.max(state.creditSentAt, earliestArrival(ask)),
    heardAt: facts.limit === undefined ? state.heardAt : answeredAt,
    reset: reset ?? state.reset,
    resetSlack:
      conjecture && state.window.trusted === undefined
        ? Math.min(state.resetSlack + SECOND, LONGEST_BACKOFF)
        : state.resetSlack,
    window: conjecture ? refuted(state.window) : state.window,
    others: conjecture ? state.others : seen(state.others, 1, length, length, answeredAt),
    caution: Math.min(state.caution * 2, 16),
  };
}

/** A pause after a refusal: what Retry-After says, else the Reset, else longer with every round. */
function retryAfter(state: RateState, facts: Facts, answeredAt: number): RateState {
  const { retryAfter: after, throttled: is429 } = facts;
  const backoff = Math.min(LONGEST_BACKOFF, SECOND * 2 ** Math.max(0, state.strikes - 1));
  let until: number | undefined;
  if (after?.on === 'answer') until = answeredAt + Math.min(after.in, LONGEST_WINDOW);
  if (after?.on === 'wall') {
    const at = toMonotonic(state.clock, after.at)?.to;
    if (at !== undefined) until = Math.min(at, answeredAt + LONGEST_WINDOW);
  }
  if (until === undefined && is429) until = Math.max(state.reset?.at.to ?? 0, answeredAt + backoff);
  if (until === undefined) return state;
  const least = is429 ? answeredAt + Math.min(backoff, 10 * SECOND) : answeredAt;
  return pausedUntil(state, Math.max(until, least) + marginOf(state, SECOND), 'throttled');
}

function pausedUntil(state: RateState, until: number, why: WaitReason): RateState {
  if (state.paused !== undefined && state.paused.until >= until) return state;
  return { ...state, paused: { until, why } };
}

/** Nothing was heard for a while: what is known may have changed. */
function isStale(state: RateState, windowMs: number, now: number): boolean {
  if (state.heardAt === undefined) return true;
  const longest = Math.max(longestRoundTrip(state.trips.ask), longestRoundTrip(state.trips.read));
  return now - state.heardAt > Math.max(state.atOnce ? windowMs / 4 : windowMs, longest, 50);
}

function reserved(state: RateState, windowMs: number, now: number): number {
  if (state.others.rate === 0) return 0;
  const longest = Math.max(longestRoundTrip(state.trips.ask), longestRoundTrip(state.trips.read));
  return Math.min(reserveFor(state.others, windowMs, longest, now), Math.max(0, (state.limit ?? 1) - 1));
}

/** The latest instant at which the oldest ask that the server still counts can have reached it. */
function oldestCounted(state: RateState): number {
  const shortest: Shortest = shortestOf(state.trips);
  const oldest = state.asks.find((ask) => ask.id >= state.countedFrom);
  return oldest === undefined ? (state.heardAt ?? Number.NEGATIVE_INFINITY) : latestArrival(oldest, shortest);
}

/** Whether `one` had its answer before `other` was sent. */
function isBefore(one: Ask, other: Ask): boolean {
  return one.answeredAt !== undefined && one.answeredAt <= earliestArrival(other);
}

function wait(until: number | undefined, why: WaitReason): Verdict {
  return { go: false, until, why };
}

function finite(at: number): number | undefined {
  return Number.isFinite(at) ? at : undefined;
}
