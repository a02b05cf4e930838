import { describe, expect, test } from 'vitest';
import { takeTurn } from '../../../../src/send/rate-limit/pacer.ts';
import { advance, initial, type RateState } from '../../../../src/send/rate-limit/policy/policy.ts';
import { type Handover, packed, takenOver } from '../../../../src/send/rate-limit/redis/handover.ts';
import { asksLeft, isOver, LEASE_MS, leaseBy, takenIn } from '../../../../src/send/rate-limit/redis/lease.ts';
import type { Reply } from '../../../../src/send/rate-limit/redis/scripts.ts';

const settings = { maxInFlight: 100 };

/** An answer that shows a limit of ten. */
const answer = (sentAt: number, remaining: number) => ({
  ...{ sentAt, answeredAt: sentAt + 20, httpStatus: 200, handshakeMs: 5 },
  headers: {
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': '1',
  },
});

function asked(before: RateState, now: number, count: number): RateState {
  const demand = { ask: count, read: 0 };
  const { state, permits } = takeTurn(before, demand, { now, lead: 0, random: () => 0 });
  return permits.reduce((after, { id }) => advance(after, { type: 'sent', id }, now), state);
}

/** A state with one ask answered, and asks of `a` and of `b` in flight. */
function handover(): Handover {
  const one = asked(initial(settings), 1000, 1);
  const learnt = advance(one, { type: 'answered', id: 1, observation: answer(1000, 9) }, 1020);
  const state = asked(learnt, 1030, 2);
  const owners = new Map([
    [2, 'a'],
    [3, 'b'],
  ]);
  return { state, owners, batchSize: 1, people: 1, begun: 'x', slackMs: 0.5 };
}

const reply = (over: Partial<Reply> = {}): Reply => ({
  ...{ epoch: 'e', now: 2000, isLost: false, token: 7, crashed: false, holdUntil: 0, wanting: 1, place: -1 },
  ...{ state: packed(handover()), shown: '', begun: 'x', living: new Set(['a', 'b']), told: new Map() },
  ...over,
});
const holder = { settings, me: 'a', sentAt: 10, now: 11, at: 2000, slackMs: 0.5 };
const taken = (over: Partial<Reply> = {}) => {
  const lease = leaseBy(reply(over), undefined, [], holder);
  if (lease === undefined) throw new Error('no lease');
  return lease;
};
const inFlight = ({ state }: Handover) =>
  state.counters.ask.asks.filter(({ answeredAt }) => answeredAt === undefined).map(({ id }) => id);

describe('the state on its way', () => {
  test('arrives as it was, with the settings of whoever takes it', () => {
    const { state, owners } = handover();
    const lease = taken();
    expect({ ...lease.state, settings }).toEqual({ ...state, settings });
    expect(lease.state.counters.read).toBe(lease.state.counters.ask);
    expect(lease.owners).toEqual(owners);
    expect(lease.state.settings.slackMs).toBe(1);
    expect([lease.until, lease.token]).toEqual([10 + LEASE_MS, 7]);
  });

  test('is not given without a token', () => {
    expect(leaseBy(reply({ token: undefined }), undefined, [], holder)).toBeUndefined();
  });
});

describe('an ask in flight', () => {
  test('is waited for while its process lives, and is taken as arrived when that is gone', () => {
    expect(inFlight(taken())).toEqual([2, 3]);
    const lease = taken({ living: new Set(['a']) });
    expect([inFlight(lease), [...lease.owners.keys()]]).toEqual([[2], [2]]);
    expect(lease.state.counters.ask.asks.find(({ id }) => id === 3)?.answeredAt).toBe(2000);
    expect(lease.state.paused).toBeUndefined();
  });

  test('is answered by its own process alone', () => {
    const told = (by: string) => ({
      event: { type: 'answered' as const, id: 3, observation: answer(1030, 7) },
      ...{ at: 1060, by },
    });
    expect(inFlight(takenIn(taken(), told('a')))).toEqual([2, 3]);
    const after = takenIn(taken(), told('b'));
    expect([inFlight(after), [...after.owners.keys()]]).toEqual([[2], [2]]);
    expect(inFlight(taken({ told: new Map([['b:1', JSON.stringify(told('b'))]]) }))).toEqual([2]);
  });

  test('is not waited for once Redis has lost its data, and nothing goes for a window', () => {
    for (const begun of ['y', 'x']) {
      const lease = taken({ begun });
      expect([inFlight(lease), lease.begun]).toEqual([begun === 'x' ? [2, 3] : [], begun]);
      const { until = 0 } = lease.state.paused ?? {};
      if (begun === 'x') expect(until).toBe(0);
      else expect(until).toBeGreaterThan(3000);
      // The next word of the same Redis loses nothing more.
      expect(leaseBy(reply({ begun }), lease, [], { ...holder, at: 2001 })?.state.paused?.until ?? 0).toBe(
        until,
      );
    }
  });
});

test('after a crash nothing goes for a lease, and no number is given twice', () => {
  const lease = taken({ crashed: true });
  expect(lease.state.paused?.until).toBe(2000 + LEASE_MS);
  expect([inFlight(lease), lease.owners.size]).toEqual([[], 0]);
  expect(lease.state.nextId).toBeGreaterThan(handover().state.nextId + 1000);
  const fresh = takenOver('', { settings, slackMs: 1, now: 5, leaseMs: LEASE_MS, crashed: true, begun: 'x' });
  expect([fresh.state.paused?.until, fresh.state.counters.ask.mode.name]).toEqual([5 + LEASE_MS, 'unknown']);
});

test('a process that lost its lease holds the others up', () => {
  expect(taken({ holdUntil: 2500 }).state.paused?.until).toBe(2500);
  expect(taken({ holdUntil: 1500 }).state.paused).toBeUndefined();
});

test('a turn is a share of a window, or a second', () => {
  const lease = { ...taken(), grants: 2, since: 100 };
  expect([asksLeft(lease, 3), asksLeft(lease, 0)]).toEqual([1, Number.POSITIVE_INFINITY]);
  expect([isOver(lease, 3, 200), isOver({ ...lease, grants: 3 }, 3, 200), isOver(lease, 3, 1100)]).toEqual([
    false,
    true,
    true,
  ]);
});
