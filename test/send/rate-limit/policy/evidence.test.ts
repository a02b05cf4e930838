import { expect, test } from 'vitest';
import { type Ask, measured } from '../../../../src/send/rate-limit/policy/arrivals.ts';
import { beside } from '../../../../src/send/rate-limit/policy/evidence.ts';
import { initial } from '../../../../src/send/rate-limit/policy/policy.ts';
import type { Told } from '../../../../src/send/rate-limit/policy/state.ts';
import { UNKNOWN_WINDOW } from '../../../../src/send/rate-limit/policy/window.ts';

const ask = (id: number, sentAt: number, answeredAt: number | undefined): Ask => ({
  ...{ id, kind: 'ask', sentAt, answeredAt, usual: 200, level: 1 },
  ...{ refused: false, solo: false, promised: true },
});

/** Asks of others that the answer to `of` shows, whose server says that none remain. */
function othersBy(of: Ask, asks: readonly Ask[]): number {
  const state = initial({ maxInFlight: 100 });
  const observation = { sentAt: 0, answeredAt: 20, httpStatus: 200, headers: {}, handshakeMs: 5 };
  const known = { ...state, way: measured(state.way, 'ask', observation) };
  const mode: Told = {
    ...{ name: 'known', windowMs: 1000, limit: 10, limitBefore: 10, credit: 2, lowest: 2 },
    ...{ changedAt: 0, countedFrom: 0, heardAt: 9940, reset: undefined, resets: [], samples: [] },
    ...{ window: UNKNOWN_WINDOW, othersAt: Number.NEGATIVE_INFINITY },
  };
  const seen = beside(known, { asks, mode }, mode, of, { remaining: 0, byProbe: 0 });
  return seen.asks.filter(({ kind }) => kind === 'other').length;
}

const before = Array.from({ length: 9 }, (_, i) => ask(i + 1, 9500 + i * 10, 9600 + i * 10));

test('a Remaining that falls further than our asks shows others', () => {
  const newest = ask(10, 9900, 9960);
  expect(othersBy(newest, [...before, newest])).toBe(2);
});

test('a word that is heard after that of a later ask shows nobody', () => {
  const late = ask(10, 9900, 9960);
  expect(othersBy(late, [...before, late, ask(11, 9910, 9940)])).toBe(0);
  // As long as the later one has no answer, this is the newest word.
  expect(othersBy(late, [...before, late, ask(11, 9910, undefined)])).toBe(2);
});
