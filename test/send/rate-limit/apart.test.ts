/** What a server counts together: asks and reads, or each by itself; asks, or their people. */
import { describe, expect, test } from 'vitest';
import {
  type AskKind,
  advance,
  allowanceOf,
  decide,
  initial,
  type RateState,
} from '../../../src/send/rate-limit/policy/policy.ts';

/** One exchange after the other; each is answered with the given limit and what remains of it. */
class Exchanges {
  state: RateState;
  #now = 0;

  constructor(batchSize = 1) {
    this.state = initial({ maxInFlight: 100, batchSize });
  }

  /** How many may go at once, of one kind. */
  mayGo(kind: AskKind): number {
    let state = this.state;
    for (let count = 0; ; count++) {
      const verdict = decide(state, kind, this.#now);
      if (!verdict.go || (verdict.solo && count > 0)) return count;
      state = advance(state, { type: 'granted', kind, solo: verdict.solo, random: 0 }, this.#now);
      if (verdict.solo) return 1;
    }
  }

  exchange(kind: AskKind, limit: number, remaining: number, resetIn: number): void {
    const verdict = decide(this.state, kind, this.#now);
    expect(verdict.go).toBe(true);
    this.#answer(this.#send(kind, verdict.go && verdict.solo), limit, remaining, resetIn);
  }

  /** Asks that are all in flight before the first of them is answered. */
  together(asks: number, limit: number, remaining: number): void {
    const ids = Array.from({ length: asks }, () => this.#send('ask', false));
    for (const [i, id] of ids.entries()) this.#answer(id, limit, remaining - i - 1, 1);
  }

  #send(kind: AskKind, solo: boolean): number {
    const id = this.state.nextId;
    this.state = advance(this.state, { type: 'granted', kind, solo, random: 0 }, this.#now);
    this.state = advance(this.state, { type: 'sent', id }, this.#now);
    return id;
  }

  #answer(id: number, limit: number, remaining: number, resetIn: number): void {
    const headers = {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(resetIn),
    };
    const observation = { sentAt: this.#now, answeredAt: this.#now + 1, httpStatus: 200, headers };
    this.#now += 1;
    this.state = advance(this.state, { type: 'answered', id, observation }, this.#now);
  }
}

describe('GET 100 per minute, POST 10 per second', () => {
  test('what a GET taught licenses one POST, which goes alone', () => {
    const on = new Exchanges();
    for (let left = 99; left > 90; left--) on.exchange('read', 100, left, 60);
    on.exchange('ask', 10, 9, 1);
    expect(allowanceOf(on.state)).toMatchObject({ limit: 10, remaining: 9 });
    expect(on.mayGo('ask')).toBeLessThanOrEqual(8);
    on.exchange('read', 100, 90, 60);
    expect(allowanceOf(on.state)).toMatchObject({ limit: 10, remaining: 9 });
  });

  test('a GET does not use up what POSTs have, nor the other way round', () => {
    const on = new Exchanges();
    on.exchange('read', 100, 99, 60);
    for (let left = 9; left > 2; left--) on.exchange('ask', 10, left, 1);
    for (let left = 98; left > 60; left--) on.exchange('read', 100, left, 60);
    expect(allowanceOf(on.state)).toMatchObject({ limit: 10, remaining: 3 });
    expect(on.mayGo('read')).toBeGreaterThanOrEqual(2);
  });
});

test('one limit for both is one count', () => {
  const on = new Exchanges();
  on.exchange('read', 10, 9, 1);
  on.exchange('ask', 10, 8, 1);
  on.exchange('read', 10, 7, 1);
  expect(allowanceOf(on.state)).toMatchObject({ limit: 10, remaining: 7 });
  expect(on.state.counters.ask).toBe(on.state.counters.read);
});

test('before any POST was answered, one goes', () => {
  const on = new Exchanges();
  for (let left = 99; left > 90; left--) on.exchange('read', 100, left, 60);
  expect(on.mayGo('ask')).toBe(1);
});

describe('a limit that counts people', () => {
  test('ten people, five in each ask: two asks', () => {
    const on = new Exchanges(5);
    on.exchange('read', 10, 10, 1);
    on.exchange('ask', 10, 5, 1);
    expect(allowanceOf(on.state)).toMatchObject({ limit: 2, remaining: 1 });
  });

  test('one that counts asks is left as it is', () => {
    const on = new Exchanges(5);
    on.exchange('ask', 10, 9, 1);
    on.exchange('ask', 10, 8, 1);
    expect(allowanceOf(on.state)).toMatchObject({ limit: 10, remaining: 8 });
  });

  test('five asks of five, counted one by one, are not one ask that counts as five', () => {
    const on = new Exchanges(5);
    on.exchange('ask', 100, 99, 1);
    on.together(5, 100, 99);
    on.exchange('ask', 100, 93, 1);
    expect(allowanceOf(on.state)).toMatchObject({ limit: 100, remaining: 93 });
  });
});
