/** What an answer changes in the state: the other half of the policy. */
import { type Ask, earliestArrival, inFlight, latestArrival, placeOf, shortestOf } from './ask-log.ts';
import { bucketFrom, isBefore, resetWord, withEvidence } from './evidence.ts';
import { onGrid, provenStep } from './grid.ts';
import { type Facts, LONGEST_WINDOW, type Observation, readFacts, type Span } from './headers.ts';
import { averaged, type Others, seen, warier } from './others.ts';
import { addRoundTrip } from './round-trip.ts';
import { narrow, toMonotonic } from './server-clock.ts';
import { isExhausted, settled } from './single-ask.ts';
import {
  LONGEST_BACKOFF,
  marginOf,
  othersRate,
  pausedUntil,
  type RateState,
  type ResetWord,
  SECOND,
  windowOf,
} from './state.ts';
import { coarser, doubted, hinted, refuted, UNKNOWN_WINDOW } from './window-estimate.ts';

export function answered(state: RateState, id: number, observation: Observation): RateState {
  const { sentAt, answeredAt, httpStatus, tripMs = answeredAt - sentAt } = observation;
  const place = placeOf(state.asks, id);
  const before = state.asks[place];
  if (before === undefined) return state;
  const facts = httpStatus === undefined ? undefined : readFacts(observation);
  const ask: Ask = {
    ...before,
    sentAt,
    answeredAt,
    remaining: facts?.remaining,
    refused: facts?.throttled === true,
  };
  state.asks[place] = ask;
  if (facts === undefined) return { ...state };
  const trips = { ...state.trips, [ask.kind]: addRoundTrip(state.trips[ask.kind], tripMs) };
  const clock = narrow(state.clock, facts.date, sentAt, answeredAt);
  const changed = facts.limit !== undefined && state.limit !== undefined && facts.limit !== state.limit;
  const limitChangedAt = changed ? answeredAt : state.limitChangedAt;
  const limitBefore = changed ? state.limit : state.limitBefore;
  const known = { ...state, trips, clock, answered: true, limitChangedAt, limitBefore };
  const heard = facts.throttled
    ? throttled(known, ask, facts)
    : facts.remaining === undefined
      ? unheard(known, ask, facts)
      : heardFrom(known, ask, facts, facts.remaining);
  const noticed = aligned(newcomer(state, heard), facts);
  return facts.throttled || httpStatus === 503 ? retryAfter(noticed, facts, answeredAt) : noticed;
}

/** An answer without `Remaining`. */
function unheard(state: RateState, ask: Ask, facts: Facts): RateState {
  const limit = facts.limit ?? state.limit;
  const word = resetWord(state, facts, ask, 0);
  const window = word === undefined ? state.window : hinted(state.window, word.length);
  return { ...state, limit, window, blind: limit !== undefined, credit: 0, strikes: 0 };
}

function heardFrom(state: RateState, ask: Ask, facts: Facts, remaining: number): RateState {
  const limit = facts.limit ?? state.limit ?? remaining + 1;
  const answeredAt = ask.answeredAt ?? 0;
  const certain = state.asks.every((other) => other.id === ask.id || isBefore(other, ask));
  const reset = resetWord(state, facts, ask, remaining);
  const fresh: RateState = {
    ...state,
    limit,
    blind: false,
    heardAt: answeredAt,
    strikes: 0,
    reset: supersedes(state, reset, ask, certain) ? reset : state.reset,
    window: reset === undefined ? state.window : hinted(state.window, reset.length),
    singleReset:
      reset !== undefined && remaining === limit - 1 ? farther(state.singleReset, reset) : state.singleReset,
    renewed: renewedBy(state, ask, remaining),
    bucketAtMost: Math.min(state.bucketAtMost, bucketFrom(state, ask, limit, remaining)),
  };
  const judgedState = certain ? withEvidence(fresh, state, ask, limit, remaining) : fresh;
  const single = limit === 1 && certain ? withSample(judgedState, ask, reset) : judgedState;
  return whenQuiet(withCredit(single, ask, remaining, answeredAt), limit);
}

/** More remains than when nothing was in flight: the window is a new one, and the first of ours in it saw the most. */
function renewedBy(state: RateState, ask: Ask, remaining: number): RateState['renewed'] {
  const { quiet, renewed } = state;
  if (remaining < (quiet?.remaining ?? 0)) return renewed;
  if (renewed !== undefined && renewed.id > (quiet?.id ?? 0) && renewed.remaining > remaining) return renewed;
  return { id: ask.id, remaining, at: latestArrival(ask, shortestOf(state.trips, state.caution)) };
}

/** Lengths that were ruled out before another client was noticed may have been ruled out by its asks. */
function newcomer(before: RateState, after: RateState): RateState {
  if (before.others.rate > 0 || after.others.rate === 0 || after.window.above === 0) return after;
  return { ...after, window: { ...UNKNOWN_WINDOW, hint: after.window.hint } };
}

/** Amid others, the Resets tell of the length what `Remaining` does not. */
function aligned(state: RateState, { reset }: Facts): RateState {
  if (reset?.on !== 'wall') return state;
  const grid = onGrid(state.grid, reset.at);
  return {
    ...state,
    grid,
    window: state.others.rate > 0 ? coarser(state.window, provenStep(grid)) : state.window,
  };
}

/**
 * When nothing is in flight, the lowest Remaining of those that flew together is what remains at least, and the
 * server counts no more than the newest that it leaves room for: it forgets the oldest first.
 */
function whenQuiet(state: RateState, limit: number): RateState {
  if (inFlight(state.asks) > 0) return state;
  const newest = state.asks.at(-1);
  if (newest === undefined) return state;
  // A refusal that came before the newest was sent is no word on what remains after that.
  const together = state.asks.filter((ask) => {
    if (ask.id <= (state.quiet?.id ?? 0) || ask.remaining === undefined) return false;
    return !ask.refused || !isBefore(ask, newest);
  });
  if (together.length === 0) return state;
  const remaining = together.reduce((least, ask) => Math.min(least, ask.remaining ?? least), limit);
  const first = state.asks[Math.max(0, state.asks.length - Math.max(1, limit - remaining))];
  return {
    ...state,
    others: sampled(state, remaining, limit),
    credit: Math.max(state.credit, remaining),
    countedFrom: Math.max(state.countedFrom, first?.id ?? 0),
    quiet: { remaining, id: newest.id, sentAt: earliestArrival(newest), heardAt: newest.answeredAt ?? 0 },
  };
}

/** Between two times that nothing was in flight, and nothing of ours came back: what is missing went to others. */
function sampled(state: RateState, remaining: number, limit: number): Others {
  const { quiet, others } = state;
  const length = windowOf(state);
  if (quiet === undefined || length === undefined || others.rate === 0) return others;
  if (state.limitChangedAt >= quiet.heardAt) return others;
  const heardAt = state.heardAt ?? 0;
  const own = state.asks.filter((ask) => ask.id > quiet.id && !ask.refused).length;
  const back = state.atOnce
    ? 0
    : state.asks.filter((ask) => {
        const gone = earliestArrival(ask) + length;
        return ask.id <= quiet.id && !ask.refused && gone > quiet.sentAt && gone <= heardAt;
      }).length;
  const taken = quiet.remaining + back - own - remaining;
  if (taken < 0 || quiet.remaining === 0) return others;
  const average = averaged(others, taken, heardAt - quiet.heardAt, length, limit, heardAt);
  // Where nothing is left, they may have taken more than we can see.
  return remaining > 0 || average.rate > others.rate ? average : others;
}

/** The server's word as of this answer, or the one before where that says more and is not contradicted. */
function withCredit(state: RateState, ask: Ask, remaining: number, now: number): RateState {
  const sentAt = earliestArrival(ask);
  if (sentAt < state.creditSentAt) return state;
  let after = 0;
  for (const other of state.asks) if (other.id !== ask.id && !isBefore(other, ask)) after++;
  const credit = Math.max(0, remaining - after);
  if (credit >= state.credit) return { ...state, credit, creditSentAt: sentAt };
  if (state.credit <= remaining) return state;
  const length = windowOf(state) ?? SECOND;
  const taken = state.credit - remaining;
  return {
    ...state,
    credit,
    creditSentAt: sentAt,
    others: seen(state.others, taken, now - sentAt, length, state.limit ?? 1, now),
  };
}

function withSample(state: RateState, ask: Ask, word: ResetWord | undefined): RateState {
  if (state.window.trusted !== undefined || word?.reset.on !== 'wall' || isExhausted(state.samples))
    return state;
  const arrival: Span = { from: earliestArrival(ask), to: ask.answeredAt ?? 0 };
  const sample = { arrival, resetAt: word.reset.at, step: word.reset.step, said: word.said };
  const samples = [...state.samples, sample];
  return { ...state, samples, window: { ...state.window, trusted: settled(samples, state.clock) } };
}

/** A span counted from the answer is as good as its place among the others; an instant is good by itself. */
function supersedes(state: RateState, word: ResetWord | undefined, ask: Ask, certain: boolean): boolean {
  if (earliestArrival(ask) < state.creditSentAt) return false;
  if (word?.reset.on !== 'answer' || state.reset === undefined) return true;
  return certain || word.remaining >= state.reset.remaining;
}

/** The farthest Reset of a single missing ask; one that is aligned to the clock may be near by chance. */
function farther(known: Span, word: ResetWord): Span {
  const to = Number.isFinite(known.to) ? Math.max(known.to, word.said) : word.said;
  return { from: Math.max(known.from, word.length.from), to };
}

/** A 429. It was not done; whoever sent it goes back to the queue. */
export function throttled(state: RateState, ask: Ask, facts: Facts): RateState {
  const answeredAt = ask.answeredAt ?? 0;
  const limit = facts.limit ?? state.limit;
  const length = windowOf(state) ?? SECOND;
  const first = earliestArrival(ask) >= state.struckAt;
  const reset = resetWord(state, facts, ask, 0);
  // The Reset that we waited for is taken back by the server's own words.
  const early =
    ask.solo && state.window.trusted === undefined && reset !== undefined && reset.at.from > answeredAt;
  const calm = earliestArrival(ask) > state.limitChangedAt + 2 * length;
  // The margin had no part in it where somebody else is known to ask, or where the server's own word was followed.
  const thin = first && !ask.promised && othersRate(state, length, answeredAt) === 0;
  const conjecture = calm && ask.solo && !ask.promised && othersRate(state, length, answeredAt) === 0;
  // It went when enough of ours was to have come back by then: once that is their doing, not time and again.
  const probe = calm && ask.solo && state.window.trusted !== undefined;
  return {
    ...state,
    limit,
    throttled: state.throttled + 1,
    strikes: state.strikes + (first ? 1 : 0),
    struckAt: first ? answeredAt : state.struckAt,
    credit: 0,
    creditSentAt: Math.max(state.creditSentAt, earliestArrival(ask)),
    heardAt: facts.limit === undefined ? state.heardAt : answeredAt,
    reset: reset ?? state.reset,
    resetSlack: early ? Math.min(state.resetSlack + SECOND, LONGEST_BACKOFF) : state.resetSlack,
    window: conjecture ? refuted(state.window) : probe ? doubted(state.window) : state.window,
    others:
      conjecture || !calm
        ? state.others
        : harmed(state, seen(state.others, 1, length, length, limit ?? 1, answeredAt), length, answeredAt),
    caution: thin ? Math.min(state.caution * 2, 16) : state.caution,
  };
}

/** Who was not reckoned with yet is no reason to leave more to those that are. */
function harmed(state: RateState, others: Others, length: number, now: number): Others {
  return othersRate(state, length, now) > 0 ? warier(others, length, now) : others;
}

/** A pause after a refusal: what Retry-After says, else the Reset, else longer with every round. */
export function retryAfter(state: RateState, facts: Facts, answeredAt: number): RateState {
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
