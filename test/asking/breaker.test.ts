import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/asking/backoff.ts';
import { Breaker } from '../../src/asking/breaker.ts';

describe('the breaker', () => {
  it('trips on the Nth in a row, and a clear answer starts the count again', () => {
    const breaker = new Breaker(3, undefined);
    expect([breaker.bad(), breaker.bad()]).toEqual([false, false]);
    breaker.good();
    expect([breaker.bad(), breaker.bad(), breaker.bad()]).toEqual([false, false, true]);
  });

  it('counts errors against --max-errors N: N are still fine', () => {
    const breaker = new Breaker(5, { count: 2 });
    expect([
      breaker.settled(1, 1),
      breaker.settled(1, 1),
      breaker.settled(10, 0),
      breaker.settled(1, 1),
    ]).toEqual([false, false, false, true]);
  });

  it('waits for twenty rows before a share means something', () => {
    const breaker = new Breaker(5, { share: 0.1 });
    expect(breaker.settled(2, 2)).toBe(false);
    expect(breaker.settled(17, 0)).toBe(false);
    expect(breaker.settled(1, 1)).toBe(true);
  });
});

it('backs off by doubling, half of it random, never above half a minute', () => {
  const least = [1, 2, 3, 4, 10].map((attempt) => backoffMs(attempt, () => 0));
  const most = [1, 2, 3, 4, 10].map((attempt) => backoffMs(attempt, () => 1));
  expect(least).toEqual([250, 500, 1_000, 2_000, 15_000]);
  expect(most).toEqual([500, 1_000, 2_000, 4_000, 30_000]);
});
