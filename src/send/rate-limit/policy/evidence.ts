/** Evidence from an answer on the window's length, and on another client of the same key. */

import type { Facts } from '../headers.ts';
import { type Ask, latestArrival } from './arrivals.ts';
import { toMonotonic } from './server-clock.ts';
import {
  marginOf,
  OTHERS_WINDOWS,
  othersIn,
  type RateState,
  type ResetWord,
  SECOND,
  spanOf,
  type Told,
} from './state.ts';
import { judged } from './window.ts';

export interface Judged {
  readonly mode: Told;
  /** Asks of others shown by the answer. */
  readonly others: number;
}

/** Mode after an answer whose place among the others is certain, which judges the length being tried. */
export function judgedBy(
  state: RateState,
  asks: readonly Ask[],
  mode: Told,
  ask: Ask,
  remaining: number,
): Judged {
  if (mode.name === 'known') return { mode, others: 0 };
  const { limit, changedAt } = mode;
  const length = spanOf(mode);
  const now = ask.answeredAt ?? 0;
  const at = ask.sentAt;
  const arrival = (other: Ask) => latestArrival(other, state.way, now);
  // Not by id: a later grant may have left earlier, and all of others' asks came before this one.
  const counted = asks.filter(
    (other) =>
      other.id !== ask.id && other.kind !== 'other' && !other.refused && other.id >= mode.countedFrom,
  );
  const old = counted.filter((other) => arrival(other) + length <= at);
  const last = lastWindow(counted, length + SECOND);
  const used = Math.max(1, limit - remaining);
  // The server forgets the oldest first.
  const ids = [...counted.map((other) => other.id), ask.id];
  const countedFrom = Math.max(mode.countedFrom, Math.min(...ids.slice(-used)));
  if (at <= changedAt + 2 * length) return { mode: { ...mode, countedFrom }, others: 0 };
  const {
    window,
    trusted,
    others = 0,
  } = judged(mode.window, length, {
    limit,
    used,
    counted: counted.length,
    old: old.length,
    lastWindow: last.length,
    elapsed: arrival(ask) - (last[0]?.sentAt ?? 0),
    others: othersIn(asks, length, at),
    floating: floats(mode, length),
  });
  const next = { ...mode, window, countedFrom };
  if (trusted && mode.name === 'learning')
    return { mode: { ...next, name: 'known', windowMs: length }, others };
  return { mode: window.above >= length ? { ...next, name: 'learning' } : next, others };
}

/** Asks in the last window, if windows had this length and began with their first ask. */
function lastWindow(asks: readonly Ask[], lengthMs: number): readonly Ask[] {
  let from = 0;
  for (const [index, ask] of asks.entries()) {
    if (ask.sentAt >= (asks[from]?.sentAt ?? 0) + lengthMs) from = index;
  }
  return asks.slice(from);
}

/** Word of this answer on the end of the window. */
export function resetWord(state: RateState, facts: Facts, ask: Ask): ResetWord | undefined {
  const { reset } = facts;
  const from = ask.sentAt;
  const to = ask.answeredAt ?? from;
  if (reset === undefined) return undefined;
  if (reset.on === 'answer') {
    const length = { from: reset.in - reset.step, to: reset.in };
    return {
      reset,
      at: { from: from + length.from, to: latestArrival(ask, state.way, to) + length.to },
      length,
    };
  }
  const at = toMonotonic(state.clock, reset.at);
  if (at === undefined || facts.date === undefined) return undefined;
  const said = reset.at - facts.date;
  return {
    reset,
    at,
    length: {
      from: Math.max(said - SECOND - reset.step, at.from - reset.step - to),
      to: Math.min(said, at.to - from),
    },
  };
}

/**
 * Whether the window cannot be both longer than `length` and aligned to the clock: aligned windows end at multiples of
 * their length, counted from the epoch, and are not longer than the Resets say.
 */
export function floats({ resets, window }: Told, length: number): boolean {
  if (resets.some((at) => at % SECOND !== 0)) return true;
  if (resets.length === 0 || window.hint === undefined) return false;
  for (let longer = length + SECOND; longer < window.hint.to + SECOND; longer += SECOND) {
    if (resets.every((at) => at % longer === 0)) return false;
  }
  return true;
}

/** A counter of the server with at least one word on it. */
export interface Seen {
  readonly asks: readonly Ask[];
  readonly mode: Told;
}

/** Asks of others shown by this answer: the server counts more than all of ours that it may. */
export function beside(
  state: RateState,
  { asks, mode }: Seen,
  before: Told,
  ask: Ask,
  shown: { readonly remaining: number; readonly byProbe: number },
): Seen {
  const span = spanOf(mode);
  const slack = marginOf(state, span);
  const latest = latestArrival(ask, state.way, ask.answeredAt ?? 0) + slack;
  const settled = ask.sentAt > mode.changedAt + 2 * span;
  const possible = asks.filter((other) => {
    if (other.refused || other.sentAt > latest) return false;
    return latestArrival(other, state.way, ask.answeredAt ?? 0) + span + slack > ask.sentAt;
  }).length;
  const { remaining, byProbe } = shown;
  // The word of an ask that left earlier, heard later: the server may have forgotten asks in between.
  const isNews = !asks.some((other) => other.answeredAt !== undefined && other.sentAt > ask.sentAt);
  const fell = isNews ? before.credit - remaining : 0;
  const surplus =
    mode.name === 'learning' ? Math.max(fell, byProbe) : Math.max(fell, mode.limit - remaining - possible);
  if (!settled || surplus <= 0) return { asks, mode: alone(mode, ask.answeredAt ?? 0) };
  return withOthers(state, { asks, mode }, before, ask, Math.min(surplus, mode.limit));
}

/** Counter with `count` asks of others between the last word and this answer's ask. */
export function withOthers(
  state: RateState,
  { asks, mode }: Seen,
  before: Told,
  ask: Ask,
  count: number,
): Seen {
  const othersAt = ask.answeredAt ?? 0;
  const others = Array.from(
    { length: count },
    (): Ask => ({
      id: ask.id,
      kind: 'other',
      sentAt: before.heardAt,
      answeredAt: latestArrival(ask, state.way, othersAt),
      usual: 0,
      level: 0,
      refused: false,
      solo: false,
      promised: false,
    }),
  );
  const place = asks.findLastIndex((one) => one.id === ask.id);
  const next: Told = mode.name === 'learning' ? mode : { ...mode, name: 'shared' };
  return { asks: [...asks.slice(0, place), ...others, ...asks.slice(place)], mode: { ...next, othersAt } };
}

/** Mode after some windows without a sign of others: they are gone. */
function alone(mode: Told, now: number): Told {
  if (mode.name !== 'shared' || now - mode.othersAt < OTHERS_WINDOWS * mode.windowMs) return mode;
  return { ...mode, name: 'known' };
}
