/**
 * Windows that are aligned to the clock end whole windows apart, wherever in them our asks fall: their Resets lie on a
 * grid. That tells their length where `Remaining` tells little, because others use the key too, and that they end at
 * the Reset and not up to a second before.
 */

/** The Resets that were seen, milliseconds on the server's clock. */
export interface Grid {
  /** 0 before any. */
  readonly last: number;
  /** The greatest length that all their distances are multiples of. */
  readonly step: number;
  /** How many distances that were. */
  readonly steps: number;
}

export const NO_GRID: Grid = { last: 0, step: 0, steps: 0 };

/** Resets are whole seconds: a grid of one second is none. */
const LEAST = 2000;
/** Distances that make it likely that there is a grid, and that prove it. */
const LIKELY = 2;
const PROVEN = 4;

export function onGrid(grid: Grid, resetAt: number): Grid {
  if (grid.last === 0) return { ...grid, last: resetAt };
  if (resetAt <= grid.last) return grid;
  return { last: resetAt, step: commonDivisor(grid.step, resetAt - grid.last), steps: grid.steps + 1 };
}

/** Whether windows of `lengthMs`, or longer ones, are likely to be aligned. */
export function isAligned(grid: Grid, lengthMs: number): boolean {
  return grid.steps >= LIKELY && grid.step >= Math.max(lengthMs, LEAST);
}

/** The length that aligned windows have at least, milliseconds; 0 while there is no proof of a grid. */
export function provenStep(grid: Grid): number {
  return grid.steps >= PROVEN && grid.step >= LEAST ? grid.step : 0;
}

/** The greatest number that divides both; `a` itself where `b` is 0. */
export function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
