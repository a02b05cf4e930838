/** What the headers of an answer make of the count that its ask is in: the half of the policy that learns. */

import type { Facts } from '../headers.ts';
import { type Ask, inFlight, isBefore, latestArrival } from './ask-log.ts';
import { beside, judgedBy, resetWord, type Seen, withOthers } from './evidence.ts';
import { type Counter, isTold, type RateState, spanOf, type Told } from './state.ts';
import { doubted, hinted, isExhausted, isOutgrown, settled, tooShort, UNKNOWN_WINDOW } from './window.ts';

/** The count after an answer. `said` are the headers as they came, in whatever the server counts. */
export function heard(state: RateState, counter: Counter, ask: Ask, said: Facts): Counter {
  const cost = costOf(state, counter, ask, said);
  const facts = cost === 1 ? said : inAsks(said, cost);
  // Another measure makes all that was known of the limit void.
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
  // A policy that tells its window leaves nothing to learn.
  const isNew = windowMs !== undefined && word.name === 'learning' && word.window.above < windowMs;
  const next: Told = isNew ? { ...word, name: 'known', windowMs } : word;
  return { ...answeredBy(state, { asks: counter.asks, mode: next }, ask, facts, remaining), cost, left };
}

/** What the server takes an ask for, by how far its Remaining fell with one that was alone. */
function costOf(
  state: RateState,
  { asks, cost, left }: Counter,
  ask: Ask,
  { limit, remaining }: Facts,
): number {
  const { batchSize = 1 } = state.settings;
  if (cost > 1 || batchSize === 1 || ask.kind !== 'ask' || inFlight(asks) > 0) return cost;
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
    certainAt: Number.NEGATIVE_INFINITY,
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

/** After an answer without `Remaining`: the pace that was known last is kept. */
function blind(state: RateState, { mode }: Counter, ask: Ask, facts: Facts): Counter['mode'] {
  const known = isTold(mode) ? { limit: mode.limit, windowMs: spanOf(mode) } : undefined;
  const earlier = mode.name === 'blind' ? mode : undefined;
  const reset = resetWord(state, facts, ask, undefined);
  return {
    name: 'blind',
    limit: facts.limit ?? known?.limit ?? earlier?.limit,
    windowMs: known?.windowMs ?? earlier?.windowMs ?? reset?.length.to,
  };
}

/** Takes in what the server said: its limit, its Reset, and what they show. */
function answeredBy(state: RateState, { asks, mode }: Seen, ask: Ask, facts: Facts, remaining: number): Seen {
  const answeredAt = ask.answeredAt ?? 0;
  const limit = facts.limit ?? mode.limit;
  const changed = limit !== mode.limit;
  const leapt = state.clock.leaps > 0 && state.clock.offset === undefined;
  const reset = leapt && facts.reset?.on === 'wall' ? undefined : resetWord(state, facts, ask, mode.reset);
  // What the clock made of the Resets ruled out lengths that may be right.
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
    // What the server had granted went to somebody else.
    const isTaken = ask.promised && facts.remaining === 0 && ask.sentAt > next.changedAt + 2 * spanOf(next);
    return isTaken ? withOthers(state, { asks, mode: told }, mode, ask, 1) : { asks, mode: told };
  }
  return learnt(state, { asks, mode: outgrown(next) }, mode, ask, remaining);
}

const REMEMBERED = 8;

function remembered(resets: readonly number[], at: number): readonly number[] {
  return resets.includes(at) ? resets : [...resets, at].slice(-REMEMBERED);
}

/** No server says that it takes longer than a window until all is there again. */
function outgrown(mode: Told): Told {
  if (mode.name === 'learning' || !isOutgrown(mode.window, mode.windowMs)) return mode;
  return { ...mode, name: 'learning', window: tooShort(mode.window, mode.windowMs, mode.limit), samples: [] };
}

/** What the answer says of the window's length, of what is left, and of others. */
function learnt(state: RateState, seen: Seen, before: Told, ask: Ask, remaining: number): Seen {
  const { asks, mode } = seen;
  const answeredAt = ask.answeredAt ?? 0;
  // One that tries goes alone: what was sent before it has arrived, answered or not.
  const arrived = (other: Ask) =>
    isBefore(other, ask) || (ask.solo && latestArrival(other, state.way, answeredAt) <= ask.sentAt);
  const after = asks.filter((other) => other.id !== ask.id && !arrived(other)).length;
  const isCertain = after === 0;
  const judged = isCertain ? judgedBy(state, asks, mode, ask, remaining) : { mode, others: 0 };
  const single = mode.limit === 1 && isCertain ? withSample(state, judged.mode, ask) : judged.mode;
  // The word on what was before another one is no news.
  if (latestArrival(ask, state.way, answeredAt) <= before.certainAt) return whenQuiet({ asks, mode: single });
  const word = credited(single, remaining, after, ask.sentAt);
  return whenQuiet(beside(state, { asks, mode: word }, before, ask, { remaining, byProbe: judged.others }));
}

/**
 * A refusal: no more is left than its own headers say. What went on a conjecture makes its length doubtful; or somebody
 * else was quicker.
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

/** The server's word as of this answer, or the one before where that says more and is not contradicted. */
function credited(mode: Told, remaining: number, after: number, sentAt: number): Told {
  const credit = Math.max(0, remaining - after);
  if (after === 0) return { ...mode, credit, lowest: remaining, certainAt: sentAt };
  const lowest = Math.min(mode.lowest, remaining);
  if (mode.credit > remaining) return { ...mode, lowest, credit };
  // While the length is being tried, what comes back meanwhile is left for the probe to show.
  return { ...mode, lowest, credit: mode.name === 'learning' ? mode.credit : Math.max(mode.credit, credit) };
}

/**
 * When nothing is in flight, the lowest Remaining of those that flew together is what remains at least, and the
 * server counts no more than the newest that it leaves room for: it forgets the oldest first.
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
      // While the length is being tried, the one that is left is for the probe.
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
  const more = [...samples, { arrival, resetAt: reset.reset.at, step: reset.reset.step, said: reset.said }];
  const windowMs = settled(more, state.clock);
  return windowMs === undefined
    ? { ...mode, samples: more }
    : { ...mode, name: 'known', samples: more, windowMs };
}
