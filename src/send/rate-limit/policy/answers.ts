/** Changes of the state by an answer. */

import { statusRule } from '../../classify/refusal.ts';
import { type Facts, type Observation, readFacts } from '../headers.ts';
import { notBefore } from '../not-before.ts';
import { type Ask, inFlight } from './ask-log.ts';
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
  withCounter,
} from './state.ts';
import { type AskKind, measured, moreCareful } from './way.ts';
import { heard } from './words.ts';

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
