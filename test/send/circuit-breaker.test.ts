import { describe, expect, it } from 'vitest';
import { CircuitBreaker, ErrorBudget } from '../../src/send/circuit-breaker.ts';
import { backoffMs } from '../../src/send/rate-limit/not-before.ts';

describe('the circuit breaker', () => {
  it('trips on the Nth in a row, and a clear answer starts the count again', () => {
    const breaker = new CircuitBreaker(3);
    expect([breaker.bad(1), breaker.bad(2)]).toEqual([false, false]);
    breaker.good(3);
    expect([breaker.bad(4), breaker.bad(5), breaker.bad(6)]).toEqual([false, false, true]);
    expect(breaker.inRow).toBe(3);
  });

  it('takes the row in the order of sending: what was sent before the trouble says nothing about it', () => {
    const breaker = new CircuitBreaker(3);
    breaker.bad(10);
    breaker.good(1); // a slow answer to an early ask
    breaker.bad(11);
    breaker.good(2);
    expect(breaker.bad(12)).toBe(true);
  });

  it('a timeout known late is not in a row with what went well after it', () => {
    const breaker = new CircuitBreaker(2);
    breaker.good(5);
    expect([breaker.bad(1), breaker.bad(2), breaker.bad(6), breaker.bad(7)]).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('a clear answer in between takes away only what was sent before it', () => {
    const breaker = new CircuitBreaker(3);
    breaker.bad(1);
    breaker.bad(5);
    breaker.bad(6); // would trip, had the good one of 3 not been
    expect(breaker.inRow).toBe(3);
    breaker.good(3);
    expect(breaker.inRow).toBe(2);
  });
});

describe('the error budget', () => {
  it('counts errors against --max-errors N: N are still fine', () => {
    const budget = new ErrorBudget({ count: 2 });
    expect([budget.settled(1, 1), budget.settled(1, 1), budget.settled(10, 0), budget.settled(1, 1)]).toEqual(
      [false, false, false, true],
    );
  });

  it('waits for twenty rows before a share means something', () => {
    const budget = new ErrorBudget({ share: 0.1 });
    expect(budget.settled(2, 2)).toBe(false);
    expect(budget.settled(17, 0)).toBe(false);
    expect(budget.settled(1, 1)).toBe(true);
  });
});

it('backs off by doubling, half of it random, never above half a minute', () => {
  const least = [1, 2, 3, 4, 10].map((attempt) => backoffMs(attempt, () => 0));
  const most = [1, 2, 3, 4, 10].map((attempt) => backoffMs(attempt, () => 1));
  expect(least).toEqual([250, 500, 1_000, 2_000, 15_000]);
  expect(most).toEqual([500, 1_000, 2_000, 4_000, 30_000]);
});
