import { describe, expect, it } from 'vitest';
import type { Status } from '../../src/domain/words.ts';
import { SenderLog } from '../../src/ledger/sender-log.ts';
import { alreadyDone, estimateMs } from '../../src/plan/estimate.ts';
import { PairList, type Survey } from '../../src/plan/survey.ts';

const NOW = Date.parse('2025-01-26T17:14:27.000Z');
const HOUR = 3_600_000;

function plan(known: Readonly<Partial<Record<Status | 'in_doubt', number>>>, toAsk: number): Survey {
  const knownByStatus = new Map(Object.entries(known)) as Survey['knownByStatus'];
  const total = Object.values(known).reduce((sum, n) => sum + n, 0);
  const empty = {
    list: new PairList(),
    duplicates: 0,
    invalid: 0,
    groups: new Map(),
    routes: new Map(),
    countries: new Map(),
    invalidByReason: new Map(),
    unknown: [],
  };
  return { ...empty, rows: total + toAsk, pairs: total + toAsk, known: total, knownByStatus, toAsk };
}

/** The part of a ledger that knows times: asks as [hours ago, people]. */
function ledger(asks: readonly (readonly [number, number])[], now = NOW) {
  const log = new SenderLog();
  for (const [hoursAgo, people] of asks) log.add('91', NOW - hoursAgo * HOUR, people);
  return {
    askedInLast: (ms: number, sender: string) => log.within(sender, ms, now),
    lastAskedAt: () => log.last(),
    roomAt: (ms: number, sender: string, cap: number) => log.roomAt(sender, ms, cap, now),
  };
}
const uncapped = { dailyCap: undefined, sender: '91' };

describe('what was already done', () => {
  it('is nothing the first time', () => {
    expect(alreadyDone(plan({}, 5), ledger([]), uncapped, NOW)).toBeUndefined();
  });

  it('is counted by status, with the time of the last ask', () => {
    const known = { failed: 2, added: 110, invited: 8, in_doubt: 1 };
    const asks = [
      [3, 120],
      [2, 1],
    ] as const;
    expect(alreadyDone(plan(known, 379), ledger(asks), uncapped, NOW)).toEqual({
      message:
        'already done: 121 of 500 rows (110 added, 8 invited, 2 failed, 1 in doubt); 379 to ask; last asked 2 h 00 min ago',
      facts: {
        done: 121,
        rows: 500,
        by_status: { added: 110, invited: 8, failed: 2, in_doubt: 1 },
        to_ask: 379,
        last_asked_at: '2025-01-26T15:14:27.000Z',
      },
    });
  });

  it('may be known without an ask, from results or from memberships', () => {
    expect(alreadyDone(plan({ already_member: 1 }, 0), ledger([]), uncapped, NOW)?.message).toBe(
      'already done: 1 of 1 row (1 already_member); 0 to ask',
    );
  });

  it('says what the daily cap leaves, and when it has room again', () => {
    const asks = [
      [30, 9],
      [23, 4],
      [1, 6],
    ] as const;
    const told = (dailyCap: number, toAsk = 5) =>
      alreadyDone(plan({ added: 19 }, toAsk), ledger(asks), { dailyCap, sender: '91' }, NOW);
    expect(told(12)?.message).toMatch(/ago; 10 of 12 asked in the last 24 h$/);
    expect(told(12)?.facts).toMatchObject({ asked_in_24_h: 10 });
    expect(told(10)?.message).toMatch(/; --daily-cap has room again in 1 h 00 min$/);
    // Four people make room an hour from now, which is not enough for a cap of five; nor is it for a lower one.
    expect(told(6)?.message).toMatch(/; --daily-cap has room again in 23 h 00 min$/);
    expect(told(7)?.facts).toMatchObject({ room_at: '2025-01-26T18:14:27.000Z' });
    expect(told(10, 0)?.message).toMatch(/0 to ask; last asked 1 h 00 min ago$/);
  });

  it('is not in the future when the clock was set back', () => {
    const early = NOW - 2 * HOUR;
    expect(alreadyDone(plan({ added: 1 }, 0), ledger([[1, 1]], early), uncapped, early)?.message).toMatch(
      /last asked 0 ms ago$/,
    );
  });
});

describe('the estimate: the slowest bound decides', () => {
  const none = { limitPer: 'key', maxRate: undefined, gap: undefined, dailyCap: undefined } as const;
  it.each([
    ['nothing to ask', 0, 0, none, 0],
    ['the sample’s allowance', 100, 100, none, 10_000],
    ['a lower rate', 100, 100, { ...none, maxRate: { count: 20, perMs: 60_000 } }, 300_000],
    ['a higher rate does not help', 100, 100, { ...none, maxRate: { count: 99, perMs: 1_000 } }, 10_000],
    ['a gap', 11, 11, { ...none, gap: { minMs: 30_000, maxMs: 60_000 } }, 450_000],
    ['a daily cap, of people', 10, 100, { ...none, dailyCap: 40 }, 2 * 86_400_000],
  ])('%s', (_what, asks, people, pace, ms) => {
    expect(estimateMs(asks, people, pace)).toBe(ms);
  });

  it.each([
    ['by the key: all phones together', none, 10_000],
    ['by the phone: the busiest', { ...none, limitPer: 'phone' }, 6_000],
    ['--max-rate is the run’s', { ...none, limitPer: 'phone', maxRate: { count: 5, perMs: 1_000 } }, 20_000],
  ] as const)('%s', (_what, pace, ms) => {
    expect(estimateMs(100, 100, pace, { asks: 60, people: 60 })).toBe(ms);
  });
});
