/**
 * Another client of the same key shows as a Remaining that falls faster than our asks explain. What the server says
 * is believed; what the other will take while an ask of ours is under way can only be kept free for it.
 */

/** What others take, asks per millisecond, as it was last estimated. */
export interface Others {
  readonly rate: number;
  readonly at: number;
}

export const NO_OTHERS: Others = { rate: 0, at: 0 };

/** Others are forgotten when nothing was seen of them for about this many windows. */
const MEMORY_WINDOWS = 20;
/** The chance that we accept, for the last asks of a window, that another comes in between. */
const RISK = 0.01;

export function rateAt(others: Others, windowMs: number, now: number): number {
  return others.rate * Math.exp(-(now - others.at) / (MEMORY_WINDOWS * windowMs));
}

/** `taken` asks of others were seen to go within `overMs` milliseconds. */
export function seen(others: Others, taken: number, overMs: number, windowMs: number, now: number): Others {
  const before = rateAt(others, windowMs, now);
  if (taken === 0) return others;
  const weight = Math.min(1, Math.max(overMs / windowMs, 0.05));
  return {
    rate: before + (taken / Math.max(overMs, windowMs / 4) - before) * Math.max(weight, before === 0 ? 1 : 0),
    at: now,
  };
}

/** How much of the allowance to leave, so that others rarely come in between within `exposureMs`. */
export function reserveFor(others: Others, windowMs: number, exposureMs: number, now: number): number {
  const expected = rateAt(others, windowMs, now) * exposureMs;
  if (expected * RISK < 1e-6) return 0;
  let reserve = 0;
  let chance = Math.exp(-expected);
  let above = 1 - chance;
  while (above > RISK && reserve < 50) {
    reserve++;
    chance *= expected / reserve;
    above -= chance;
  }
  return reserve;
}
