/** What an answer says about the length of the window, and which explanations it leaves. */
import { type Ask, earliestArrival, latestArrival, shortestOf } from './ask-log.ts';
import type { Facts } from './headers.ts';
import { seen } from './others.ts';
import { toMonotonic } from './server-clock.ts';
import { othersRate, type RateState, type ResetWord, SECOND } from './state.ts';
import { candidate, judged } from './window-estimate.ts';

/** How much longer a token bucket's window may be than the length being tried, for all that one return shows. */
const BUCKET_TOLERANCE = 1.35;

/** So many answers in a row decide whether asks come back all at once, whatever was held before. */
const VOTES = 3;

/** Judges the length being tried by an answer whose place among the others is certain. */
export function withEvidence(
  state: RateState,
  before: RateState,
  ask: Ask,
  limit: number,
  remaining: number,
): RateState {
  const length = candidate(state.window);
  const shortest = shortestOf(state.trips, state.caution);
  const at = earliestArrival(ask);
  const latest = latestArrival(ask, shortest);
  const amid = othersRate(state, length, at) > 0;
  const heardAt = state.quiet?.heardAt ?? at;
  const isCounted = (other: Ask) =>
    amid ? earliestArrival(other) + length > heardAt : other.id >= state.countedFrom;
  // Not by their ids: what was granted later may have left earlier, and all the others came before this one.
  const counted = state.asks.filter(
    (other) => other.id !== ask.id && !(amid && other.refused) && isCounted(other),
  );
  const old = counted.filter((other) => latestArrival(other, shortest) + length <= at);
  const ripe = old.filter((other) => latest - earliestArrival(other) < length + SECOND);
  const used = Math.max(1, limit - remaining);
  const sameLimit = at > state.limitChangedAt + 2 * length;
  const window = sameLimit
    ? judged(state.window, {
        limit,
        used,
        counted: counted.length,
        old: old.length,
        ripe: ripe.length,
        others: Math.ceil(othersRate(state, length, at) * length),
        restored: remaining + 1 - (state.quiet?.remaining ?? 0),
        slowBucket: couldBeSlowBucket(state, length, remaining, at),
        floating: floats(before.reset, state.reset, length),
      })
    : state.window;
  // The server forgets the oldest first.
  const ids = [...counted.map((other) => other.id), ask.id];
  const countedFrom = Math.min(...ids.slice(-used));
  // With a length that is relied on, whatever is counted beyond our own young ones is somebody else's.
  const reliable = window.trusted !== undefined && sameLimit;
  const strange = used - (reliable ? counted.length - old.length + 1 : ids.length);
  const others =
    strange > 0 && before.heardAt !== undefined
      ? seen(state.others, strange, length, length, limit, at)
      : state.others;
  const young = counted.filter((other) => earliestArrival(other) + length > latest).length;
  const telling = young >= 3 && old.length > 0;
  const vote = remaining > limit - 1 - young ? 1 : -1;
  const votes = telling ? Math.max(-VOTES, Math.min(VOTES, state.votes + vote)) : state.votes;
  return { ...state, window, countedFrom, others, votes, atOnce: votes >= 0 };
}

/** What this answer says about the end of the window. */
export function resetWord(
  state: RateState,
  facts: Facts,
  ask: Ask,
  remaining: number,
): ResetWord | undefined {
  const { reset } = facts;
  const from = earliestArrival(ask);
  const to = ask.answeredAt ?? from;
  if (reset === undefined) return undefined;
  if (reset.on === 'answer') {
    const latest = latestArrival(ask, shortestOf(state.trips, state.caution));
    const length = { from: reset.in - reset.step, to: reset.in };
    return {
      reset,
      at: { from: from + length.from, to: latest + length.to },
      length,
      said: reset.in,
      remaining,
    };
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
    remaining,
  };
}

/** How long a token bucket takes at most to fill, when `remaining` were left after what was there before. */
export function bucketFrom(state: RateState, ask: Ask, limit: number, remaining: number): number {
  const { quiet } = state;
  const restored = quiet === undefined ? 0 : remaining + 1 - quiet.remaining;
  if (quiet === undefined || restored < 2) return Number.POSITIVE_INFINITY;
  // A part of an ask may have been there before, where that makes a difference.
  const atLeast = limit > 5 ? restored - 1 : restored;
  return (limit * Math.max(0, earliestArrival(ask) - quiet.sentAt)) / atLeast;
}

/**
 * Whether a token bucket slower than the length being tried could have left `remaining` by then. Where a single
 * missing ask is `singleReset` away, a bucket gives no more than one back in that time.
 */
function couldBeSlowBucket(state: RateState, length: number, remaining: number, at: number): boolean {
  const { quiet, singleReset } = state;
  if (quiet === undefined) return true;
  const restored = remaining + 1 - quiet.remaining;
  if (singleReset.from > 0 && restored > (at - quiet.sentAt) / singleReset.from + 2) return false;
  return singleReset.to < length || state.bucketAtMost > length * BUCKET_TOLERANCE;
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
  return moved >= 0 && (moved <= length || moved < Math.max(before.said, after.said));
}

/** Whether `one` had its answer before `other` was sent. */
export function isBefore(one: Ask, other: Ask): boolean {
  return one.answeredAt !== undefined && one.answeredAt <= earliestArrival(other);
}
