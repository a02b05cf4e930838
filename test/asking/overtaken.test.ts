/** Asks that leave in another order than that in which they were granted: no sign of anybody else. */
import { expect, test } from 'vitest';
import { advance, initial, type RateState } from '../../src/asking/rate-limit.ts';

const LIMIT = 10;

/** The exchanges of one window in the order in which they reach the server, and what it says to each. */
function after(order: readonly number[]): RateState {
  let state = initial({ maxInFlight: 100 });
  for (let id = state.nextId, solo = true; id <= Math.max(...order); id++, solo = false) {
    state = advance(state, { type: 'granted', kind: 'ask', solo, random: 0 }, id);
  }
  for (const [place, id] of order.entries()) {
    const [sentAt, answeredAt] = [100 + place * 40, 120 + place * 40];
    state = advance(state, { type: 'sent', id }, sentAt);
    const headers = {
      'x-ratelimit-limit': String(LIMIT),
      'x-ratelimit-remaining': String(LIMIT - 1 - place),
      'x-ratelimit-reset': '1',
    };
    const observation = { sentAt, answeredAt, httpStatus: 200, headers };
    state = advance(state, { type: 'answered', id, observation }, answeredAt);
  }
  return state;
}

test.each([[[1, 2, 3, 4]], [[1, 3, 2, 4]], [[1, 4, 3, 2]], [[1, 4, 2, 3]], [[1, 5, 4, 3, 2]]])(
  'in the order %j: nobody else asks, and all of them are counted',
  (order) => {
    const state = after(order);
    expect(state.others.rate).toBe(0);
    expect(state.credit).toBe(LIMIT - order.length);
    for (const id of order) expect(id).toBeGreaterThanOrEqual(state.countedFrom);
  },
);

test('one that is nobody’s of ours is noticed all the same', () => {
  const state = after([1, 3, 2]);
  const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '4', 'x-ratelimit-reset': '1' };
  const next = state.nextId;
  const granted = advance(state, { type: 'granted', kind: 'ask', solo: false, random: 0 }, 300);
  const observation = { sentAt: 310, answeredAt: 330, httpStatus: 200, headers };
  expect(advance(granted, { type: 'answered', id: next, observation }, 330).others.rate).toBeGreaterThan(0);
});
