import { expect, it } from 'vitest';
import { advance, allowanceOf, initial } from '../../../../src/send/rate-limit/policy/policy.ts';

/** The state after asks that were answered with these statuses, one after the other. */
function after(...statuses: readonly number[]) {
  let state = initial({ maxInFlight: 10 });
  for (const [i, httpStatus] of statuses.entries()) {
    const now = 10_000 * (i + 1);
    state = advance(state, { type: 'granted', kind: 'ask', solo: false, random: 0 }, now);
    const { id } = state.counters.ask.asks.at(-1)!;
    state = advance(state, { type: 'sent', id }, now);
    const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9', 'retry-after': '3' };
    const observation = { sentAt: now, answeredAt: now + 50, httpStatus, headers };
    state = advance(state, { type: 'answered', id, observation }, now + 50);
  }
  return state;
}

it.each([503, 521, 523, 525, 526, 530])('%i: not done, and waited for, as every 503', (status) => {
  expect(after(200, status)).toEqual(after(200, 503));
  expect(after(200, status)).not.toEqual(after(200, 200));
});

it.each([500, 502, 504, 520, 522, 524])('%i: perhaps done', (status) => {
  expect(after(200, status)).toEqual(after(200, 200));
});

it('two at once, of which the first is overtaken and refused: one at a time is the ceiling', () => {
  let state = after(200);
  for (const id of [2, 3]) {
    state = advance(state, { type: 'granted', kind: 'ask', solo: false, random: 0 }, 20_000);
    state = advance(state, { type: 'sent', id }, 20_000);
  }
  const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9' };
  const observation = { sentAt: 20_000, answeredAt: 20_050, httpStatus: 429, headers };
  state = advance(state, { type: 'answered', id: 2, observation }, 20_050);
  expect(allowanceOf(state).ceiling).toBe(1);
  expect(state.slow.spent).toBeUndefined();
});
