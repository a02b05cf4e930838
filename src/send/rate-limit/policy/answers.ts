/** Changes of the state by an answer: the half of the policy that learns. */
import { statusRule } from '../../classify/refusal.ts';
import { type AskKind, type Facts, type Observation, readFacts } from '../headers.ts';
import { notBefore } from '../not-before.ts';
import { type Ask, inFlight, isBefore, latestArrival, measured, moreCareful } from './arrivals.ts';
import { beside, floats, judgedBy, resetWord, type Seen, withOthers } from './evidence.ts';
import { narrow, toMonotonic } from './server-clock.ts';
import { passed, refused } from './slow-start.ts';
import {
  type Counter,
  flyingIn,
  isTold,
  type Mode,
  marginOf,
  pausedUntil,
  type RateState,
  SECOND,
  spanOf,
  type Told,
  withCounter,
} from './state.ts';
import { doubted, hinted, isExhausted, isOutgrown, settled, tooShort, UNKNOWN_WINDOW } from './window.ts';

export function answered(state: RateState, id: number, observation: Observation): RateState {
  const { ask: asks, read: reads } = state.counters;
  const kind: AskKind = asks.asks.some((one) => one.id === id && one.kind === 'ask') ? 'ask' : 'read';
  const counter = kind === 'ask' ? asks : reads;
  const place = counter.asks.findLastIndex((one) => one.id === id);
  const before = counter.asks[place];
  if (before === undefined) return state;
  const { sentAt, answeredAt, httpStatus } = observation;
  const facts = httpStatus === undefined ? undefined : readFacts(observation);
  const ask: Ask = { ...before, sentAt, answeredAt, refused: facts?.throttled === true };
  const logged = withCounter(state, kind, { ...counter, asks: counter.asks.with(place, ask) });
  if (facts === undefined) return logged;
  const clock = narrow(state.clock, facts.date, sentAt, answeredAt);
  const known: RateState = { ...logged, way: measured(state.way, kind, observation), clock };
  const apart = toldApart(known, kind, facts);
  const isAway = httpStatus !== undefined && statusRule(httpStatus).meaning === 'unavailable';
  const done = facts.throttled || isAway ? notDone(apart, kind, ask, facts) : wasDone(apart, ask, counter);
  return withCounter(done, kind, heard(done, done.counters[kind], ask, facts));
}

/** State with a counter for each kind, once their headers show that the server counts them apart. */
function toldApart(state: RateState, kind: AskKind, facts: Facts): RateState {
  if (facts.limit === undefined) return state;
  const told = { ...state.told, [kind]: facts.limit };
  const other: AskKind = kind === 'ask' ? 'read' : 'ask';
  const { ask, read } = state.counters;
  // Only with the first answer of a kind: a Limit that differs later has changed.
  const isFirst = state.told[kind] === undefined && state.told[other] !== undefined;
  if (ask !== read || !isFirst || told[other] === facts.limit) return { ...state, told };
  const of = (one: AskKind, mode: Mode): Counter => ({
    ...ask,
    asks: ask.asks.filter((each) => each.kind === one || each.kind === 'other'),
    mode,
  });
  const counters = {
    [kind]: of(kind, { name: 'unknown' }),
    [other]: of(other, ask.mode),
  } as Record<AskKind, Counter>;
  return { ...state, told, counters };
}

function wasDone(state: RateState, ask: Ask, { asks, mode }: Counter): RateState {
  const limit = isTold(mode) ? mode.limit : 1;
  const flying = inFlight(asks);
  // An ask sent before the last refusal says nothing about the time after it.
  if (ask.sentAt < state.struckAt) return { ...state, strikes: 0 };
  return { ...state, strikes: 0, slow: passed(state.slow, ask, flying, limit) };
}

/** State after a refusal for now (a 429, or a 503 or similar). The ask was not done; its owner sends it again. */
function notDone(state: RateState, kind: AskKind, ask: Ask, facts: Facts): RateState {
  const answeredAt = ask.answeredAt ?? 0;
  const counter = state.counters[kind];
  const { mode } = counter;
  const first = ask.sentAt >= state.struckAt;
  // Its own headers show room: the server counts something that they do not show.
  const inSpite = facts.remaining !== 0;
  // An ask that left later may overtake it.
  const level = Math.max(ask.level, flyingIn(state) + 1);
  const struck: RateState = {
    ...state,
    strikes: state.strikes + (first ? 1 : 0),
    struckAt: first ? answeredAt : state.struckAt,
    slow: first && inSpite ? refused(state.slow, level) : state.slow,
    way:
      first && !ask.promised && isTold(mode) && mode.name !== 'shared' ? moreCareful(state.way) : state.way,
  };
  return pausedBy(struck, facts, answeredAt);
}

/** Pause after a refusal: as the server says, else until its Reset, else longer with every round. */
function pausedBy(state: RateState, facts: Facts, answeredAt: number): RateState {
  const when = notBefore(facts, state.strikes, () => 1);
  const { reset, throttled } = facts;
  // The gateway handles another day, and a refusal other than 429 without a time.
  if (when.kind === 'another_run' || (!when.told && !throttled)) return state;
  const resetAt =
    reset?.on === 'answer' ? answeredAt + reset.in : reset && toMonotonic(state.clock, reset.at)?.to;
  const until = Math.max(answeredAt + when.ms, when.told ? 0 : (resetAt ?? 0));
  return pausedUntil(state, until + marginOf(state, SECOND), throttled ? 'throttled' : 'paused');
}

/** The counter after an answer. `said` are the headers as received, in the server's units. */
function heard(state: RateState, counter: Counter, ask: Ask, said: Facts): Counter {
  const cost = costOf(state, counter, ask, said);
  const facts = cost === 1 ? said : inAsks(said, cost);
  // Another unit voids the knowledge about the limit.
  const { mode } = counter;
  const told = isTold(mode) && cost === counter.cost ? mode : undefined;
  const limit = facts.limit ?? told?.limit;
  const remaining = facts.throttled ? 0 : facts.remaining;
  const left = inFlight(counter.asks) === 0 ? said.remaining : counter.left;
  if (remaining === undefined || (limit === undefined && facts.remaining === undefined)) {
    return { ...counter, mode: blind(state, counter, ask, facts), left };
  }
  const word = told ?? fresh(limit ?? remaining + 1, ask);
  const { windowMs } = facts;
  // A policy with its window leaves nothing to learn.
  const isNew = windowMs !== undefined && word.name === 'learning' && word.window.above < windowMs;
  const next: Told = isNew ? { ...word, name: 'known', windowMs } : word;
  return { ...answeredBy(state, { asks: counter.asks, mode: next }, ask, facts, remaining), cost, left };
}

/** Cost of an ask at the server, by the fall of Remaining after one that was alone. */
function costOf(
  state: RateState,
  { asks, cost, left }: Counter,
  ask: Ask,
  { limit, remaining }: Facts,
): number {
  const { batchSize = 1 } = state.settings;
  const isAlone = ask.level === 1 && asks.at(-1)?.id === ask.id;
  if (cost > 1 || batchSize === 1 || ask.kind !== 'ask' || !isAlone) return cost;
  const before = left ?? limit;
  return before !== undefined && remaining !== undefined && before - remaining === batchSize ? batchSize : 1;
}

function inAsks(facts: Facts, cost: number): Facts {
  const { limit, remaining } = facts;
  return {
    ...facts,
    limit: limit === undefined ? undefined : Math.max(1, Math.floor(limit / cost)),
    remaining: remaining === undefined ? undefined : Math.floor(remaining / cost),
  };
}

function fresh(limit: number, ask: Ask): Told {
  return {
    name: 'learning',
    limit,
    changedAt: Number.NEGATIVE_INFINITY,
    limitBefore: limit,
    credit: 0,
    lowest: Number.POSITIVE_INFINITY,
    countedFrom: 0,
    heardAt: ask.answeredAt ?? 0,
    reset: undefined,
    resets: [],
    window: UNKNOWN_WINDOW,
    samples: [],
    othersAt: Number.NEGATIVE_INFINITY,
  };
}

/** Mode after an answer without `Remaining`: the last known pace is kept. */
function blind(state: RateState, { mode }: Counter, ask: Ask, facts: Facts): Counter['mode'] {
  const known = isTold(mode) ? { limit: mode.limit, windowMs: spanOf(mode) } : undefined;
  const earlier = mode.name === 'blind' ? mode : undefined;
  const reset = resetWord(state, facts, ask);
  return {
    name: 'blind',
    limit: facts.limit ?? known?.limit ?? earlier?.limit,
    windowMs: known?.windowMs ?? earlier?.windowMs ?? reset?.length.to,
  };
}

/** Mode after the server's word: its limit, its Reset, and the conclusions from them. */
function answeredBy(state: RateState, { asks, mode }: Seen, ask: Ask, facts: Facts, remaining: number): Seen {
  const answeredAt = ask.answeredAt ?? 0;
  const limit = facts.limit ?? mode.limit;
  const changed = limit !== mode.limit;
  const leapt = state.clock.leaps > 0 && state.clock.offset === undefined;
  const reset = leapt && facts.reset?.on === 'wall' ? undefined : resetWord(state, facts, ask);
  // The offset of a clock that leapt may have ruled out correct lengths.
  const window = leapt && mode.window.hint !== undefined ? UNKNOWN_WINDOW : mode.window;
  const next: Told = {
    ...mode,
    limit,
    changedAt: changed ? answeredAt : mode.changedAt,
    limitBefore: changed ? mode.limit : mode.limitBefore,
    heardAt: answeredAt,
    reset: reset ?? (leapt ? undefined : mode.reset),
    resets: reset?.reset.on === 'wall' ? remembered(mode.resets, reset.reset.at) : mode.resets,
    window: reset === undefined || facts.throttled ? window : hinted(window, reset.length),
  };
  if (facts.throttled) {
    const told = afterRefusal(next, ask, facts.remaining ?? 0);
    // Another client took the asks that the server had granted.
    const isTaken = ask.promised && facts.remaining === 0 && ask.sentAt > next.changedAt + 2 * spanOf(next);
    return isTaken ? withOthers(state, { asks, mode: told }, mode, ask, 1) : { asks, mode: told };
  }
  return learnt(state, { asks, mode: outgrown(next) }, mode, ask, remaining);
}

const REMEMBERED = 8;

function remembered(resets: readonly number[], at: number): readonly number[] {
  return resets.includes(at) ? resets : [...resets, at].slice(-REMEMBERED);
}

/** Mode after a Reset longer than the window, which no server gives: the length is too short. */
function outgrown(mode: Told): Told {
  if (mode.name === 'learning' || !isOutgrown(mode.window, mode.windowMs)) return mode;
  return { ...mode, name: 'learning', window: tooShort(mode.window, mode.windowMs, mode.limit), samples: [] };
}

/** Mode after the answer's evidence on the window's length, on the remaining asks, and on others. */
function learnt(state: RateState, seen: Seen, before: Told, ask: Ask, remaining: number): Seen {
  const { asks, mode } = seen;
  const answeredAt = ask.answeredAt ?? 0;
  // A probe goes alone: earlier asks have arrived, answered or not.
  const arrived = (other: Ask) =>
    isBefore(other, ask) || (ask.solo && latestArrival(other, state.way, answeredAt) <= ask.sentAt);
  const after = asks.filter((other) => other.id !== ask.id && !arrived(other)).length;
  const isCertain = after === 0;
  const judged = isCertain ? judgedBy(state, asks, mode, ask, remaining) : { mode, others: 0 };
  const single = mode.limit === 1 && isCertain ? withSample(state, judged.mode, ask) : judged.mode;
  const word = credited(single, remaining, after);
  return whenQuiet(beside(state, { asks, mode: word }, before, ask, { remaining, byProbe: judged.others }));
}

/**
 * Mode after a refusal: no more is left than its own headers say. For an ask on a conjecture the length becomes
 * doubtful; otherwise another client was quicker.
 */
function afterRefusal(before: Told, ask: Ask, left: number): Told {
  const mode: Told = { ...before, credit: Math.min(before.credit, left), lowest: left };
  const isConjecture = !ask.promised && left === 0;
  if (mode.name === 'learning' || !isConjecture || ask.sentAt <= mode.changedAt + 2 * mode.windowMs)
    return mode;
  const window = doubted(mode.window, mode.windowMs, mode.limit);
  if (window.doubts === 0) return { ...mode, name: 'learning', window, samples: [] };
  return { ...mode, name: 'shared', window, othersAt: ask.answeredAt ?? 0 };
}

/** Mode with the server's word as of this answer, or with the previous word if it says more without contradiction. */
function credited(mode: Told, remaining: number, after: number): Told {
  const credit = Math.max(0, remaining - after);
  if (after === 0) return { ...mode, credit, lowest: remaining };
  const lowest = Math.min(mode.lowest, remaining);
  if (mode.credit > remaining) return { ...mode, lowest, credit };
  // While the length is being tried, the probe must show the asks that come back.
  return { ...mode, lowest, credit: mode.name === 'learning' ? mode.credit : Math.max(mode.credit, credit) };
}

/**
 * Counter when nothing is in flight: the lowest Remaining of asks that flew together is the least that remains, and the
 * server counts no more than the newest that it leaves room for, because it forgets the oldest first.
 */
function whenQuiet({ asks, mode }: Seen): Seen {
  if (inFlight(asks) > 0) return { asks, mode };
  const { limit, lowest, credit, countedFrom } = mode;
  const least = Math.min(lowest, limit);
  const oldest = asks[Math.max(0, asks.length - Math.max(1, limit - least))];
  return {
    asks,
    mode: {
      ...mode,
      // While the length is being tried, the last one is for the probe.
      credit: mode.name === 'learning' && credit > 0 ? credit : Math.max(credit, least),
      countedFrom: Math.max(countedFrom, oldest?.id ?? 0),
      lowest: Number.POSITIVE_INFINITY,
    },
  };
}

function withSample(state: RateState, mode: Told, ask: Ask): Told {
  const { reset, samples } = mode;
  if (mode.name !== 'learning' || reset?.reset.on !== 'wall' || isExhausted(samples)) return mode;
  const arrival = { from: ask.sentAt, to: ask.answeredAt ?? 0 };
  const more = [...samples, { arrival, resetAt: reset.reset.at, step: reset.reset.step }];
  const windowMs = settled(more, state.clock);
  return windowMs === undefined || !floats(mode, windowMs)
    ? { ...mode, samples: more }
    : { ...mode, name: 'known', samples: more, windowMs };
}
