/**
 * Another client of the same key shows as a Remaining that falls faster than our asks explain. What the server says
 * is believed; what the other will take while an ask of ours is under way can only be left for it.
 */

/** What others take. */
export interface Others {
  /** Asks per millisecond, on the average of late; 0: nobody else was noticed. */
  readonly rate: number;
  /** What that average is made of: so many asks of theirs in so many milliseconds. The older weighs less. */
  readonly taken: number;
  readonly over: number;
  /** When they were last heard of, or listened for. */
  readonly at: number;
  /** Throttled answers of late that were their doing; the older weighs less. */
  readonly harm: number;
  readonly harmedAt: number;
}

export const NO_OTHERS: Others = { rate: 0, taken: 0, over: 0, at: 0, harm: 0, harmedAt: 0 };

/** Others are forgotten when nothing was seen of them for some windows. */
const MEMORY_WINDOWS = 20;
/** Of how many windows the average is made. */
const AVERAGE_WINDOWS = 10;
/** Throttled answers that we accept, in expectation, for each ask of the allowance. */
const RISK = 0.0008;
/** The share of the allowance that somebody who has just been noticed is taken to use. */
const FIRST_SHARE = 0.4;
/** Below this share of the allowance others are as good as gone. */
const LEAST_SHARE = 0.02;

/** What is left of what was seen, asks per millisecond. */
export function rateAt(others: Others, windowMs: number, limit: number, now: number): number {
  const rate = others.rate * Math.exp(-Math.max(0, now - others.at) / (MEMORY_WINDOWS * windowMs));
  return rate * windowMs < limit * LEAST_SHARE ? 0 : rate;
}

/** `taken` asks of others went within `overMs` milliseconds: somebody is there. How much they take is averaged. */
export function seen(
  others: Others,
  taken: number,
  overMs: number,
  windowMs: number,
  limit: number,
  now: number,
): Others {
  if (taken <= 0) return others;
  if (rateAt(others, windowMs, limit, now) > 0) return { ...others, at: now };
  const over = Math.max(overMs, windowMs);
  const most = (limit * over) / windowMs;
  const guess = Math.min(most, Math.max(taken + 1, most * FIRST_SHARE));
  return { ...others, rate: guess / over, taken: guess, over, at: now };
}

/** Between two words of the server, `overMs` apart, others took `taken`: one more sample for the average. */
export function averaged(
  others: Others,
  taken: number,
  overMs: number,
  windowMs: number,
  limit: number,
  now: number,
): Others {
  if (others.rate === 0 || overMs <= 0) return others;
  const kept = Math.exp(-overMs / (AVERAGE_WINDOWS * windowMs));
  const next = { taken: others.taken * kept + taken, over: others.over * kept + overMs };
  const rate = Math.min(limit / windowMs, next.taken / Math.max(next.over, windowMs));
  return { ...others, ...next, rate: rate * windowMs < limit * LEAST_SHARE ? 0 : rate, at: now };
}

/** An answer was throttled for their doing: for some windows less is risked. */
export function warier(others: Others, windowMs: number, now: number): Others {
  return { ...others, harm: harmAt(others, windowMs, now) + 1, harmedAt: now };
}

function harmAt(others: Others, windowMs: number, now: number): number {
  return others.harm * Math.exp(-Math.max(0, now - others.harmedAt) / (MEMORY_WINDOWS * windowMs));
}

/** How many asks to leave, so that others rarely come in between within `exposureMs`. */
export function reserveFor(
  others: Others,
  exposureMs: number,
  windowMs: number,
  limit: number,
  now: number,
): number {
  const rate = rateAt(others, windowMs, limit, now);
  const risk = (RISK * limit) / (1 + 6 * harmAt(others, windowMs, now));
  const expected = rate * exposureMs;
  if (expected <= 0) return 0;
  // What is expected to come beyond the reserve, as asks of theirs come independently of each other.
  let reserve = 0;
  let chance = Math.exp(-expected);
  let within = chance;
  let beyond = expected;
  while (beyond > risk && reserve < limit) {
    beyond -= 1 - within;
    reserve++;
    chance *= expected / reserve;
    within += chance;
  }
  return reserve;
}
