/** The grid on which the ends of aligned windows lie. */
import { describe, expect, test } from 'vitest';
import {
  commonDivisor,
  type Grid,
  isAligned,
  NO_GRID,
  onGrid,
  provenStep,
} from '../../src/asking/pacing/grid.ts';
import { candidate, coarser, UNKNOWN_WINDOW } from '../../src/asking/pacing/window-estimate.ts';

const FROM = 1_737_911_667_000;
const of = (...seconds: number[]): Grid =>
  seconds.reduce((grid, second) => onGrid(grid, FROM + second * 1000), NO_GRID);

describe('the grid of the Resets', () => {
  test('one Reset is none; the distances tell, however many windows are left out', () => {
    expect(provenStep(of(0))).toBe(0);
    expect(of(0, 10, 30, 40, 80)).toMatchObject({ step: 10_000, steps: 4 });
    expect(provenStep(of(0, 10, 30, 40))).toBe(0);
    expect(provenStep(of(0, 10, 30, 40, 80))).toBe(10_000);
  });
  test('the same Reset again, and a late answer with an older one, change nothing', () => {
    expect(of(0, 10, 10, 0, 20, 10)).toEqual(of(0, 10, 20));
  });
  test('Resets that move with the asks have no grid', () => {
    expect(provenStep(of(0, 10, 20, 31, 41, 51))).toBe(0);
    expect(isAligned(of(0, 10, 20, 31), 1000)).toBe(false);
  });
  test('likely after two distances, for windows up to that length', () => {
    expect(isAligned(of(0, 10), 10_000)).toBe(false);
    expect(isAligned(of(0, 10, 20), 9000)).toBe(true);
    expect(isAligned(of(0, 10, 20), 10_000)).toBe(true);
    expect(isAligned(of(0, 10, 20), 12_000)).toBe(false);
  });
  test('whole seconds are no grid: all Resets lie on them', () => {
    expect(isAligned(of(0, 1, 2, 3, 4, 5), 1000)).toBe(false);
    expect(provenStep(of(0, 1, 2, 3, 4, 5))).toBe(0);
  });
  test('the greatest common divisor', () => {
    expect(commonDivisor(12, 18)).toBe(6);
    expect(commonDivisor(0, 7)).toBe(7);
    expect(commonDivisor(7, 0)).toBe(7);
  });
});

describe('a length that a grid speaks against', () => {
  const tried = { ...UNKNOWN_WINDOW, trusted: 9000, held: 3, forgotten: 20, hint: { from: 8013, to: 9999 } };
  test('gives way, up to the grid', () => {
    const next = coarser(tried, 10_000);
    expect(next).toMatchObject({ trusted: undefined, above: 9000, held: 0, forgotten: 0 });
    expect(candidate(next)).toBe(10_000);
    expect(coarser(next, 10_000)).toBe(next);
  });
  test('stays where there is none, and where no Reset was ever so far away', () => {
    expect(coarser(tried, 0)).toBe(tried);
    expect(coarser(tried, 20_000)).toBe(tried);
  });
});
