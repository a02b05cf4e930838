/**
 * Another client of the same key shows as a Remaining that falls faster than our asks explain. What the server says
 * is believed; what the other will take while an ask of ours is under way can only be left for it.
 */

/** What others take, asks per millisecond, as it was at the most of late. */
export interface Others {
  readonly rate: number;
  readonly at: number;
}

export const NO_OTHERS: Others = { rate: 0, at: 0 };

/** Others are forgotten when nothing was seen of them for some windows. */
const MEMORY_WINDOWS = 20;
/** The chance that we accept, in one window, that another comes before our last ask. */
const RISK = 0.015;
/** Below this share of the allowance others are as good as gone. */
const LEAST_SHARE = 0.02;

/** What is left of what was seen, asks per millisecond. */
export function rateAt(others: Others, windowMs: number, limit: number, now: number): number {
  const rate = others.rate * Math.exp(-Math.max(0, now - others.at) / (MEMORY_WINDOWS * windowMs));
  return rate * windowMs < limit * LEAST_SHARE ? 0 : rate;
}

/** `taken` asks of others went within `overMs` milliseconds. */
export function seen(
  others: Others,
  taken: number,
  overMs: number,
  windowMs: number,
  limit: number,
  now: number,
): Others {
  if (taken <= 0) return others;
  const most = limit / windowMs;
  const rate = Math.min(most, taken / Math.max(overMs, windowMs / 2));
  return rate >= rateAt(others, windowMs, limit, now) ? { rate, at: now } : others;
}

/** How many asks to leave, so that others rarely come in between within `exposureMs`. */
export function reserveFor(rate: number, exposureMs: number): number {
  const expected = rate * exposureMs;
  if (expected <= 0) return 0;
  let reserve = 0;
  let chance = Math.exp(-expected);
  let above = 1 - chance;
  while (above > RISK) {
    reserve++;
    chance *= expected / reserve;
    above -= chance;
  }
  return Math.max(1, reserve);
}

/** How many asks of ours must have come back before one may go where others come and go: two deviations. */
export function swing(rate: number, windowMs: number): number {
  return Math.ceil(2 * Math.sqrt(rate * windowMs));
}
