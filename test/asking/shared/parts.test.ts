import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { advance, decide, initial } from '../../../src/asking/rate-limit.ts';
import { SharedClock } from '../../../src/asking/shared/clock.ts';
import { decode, encode } from '../../../src/asking/shared/codec.ts';
import { BEAT_MS, LEASE_MS, Presence } from '../../../src/asking/shared/presence.ts';
import { refusalOf, troubleOf } from '../../../src/asking/shared/redis-failure.ts';
import { parseRedisUrl, placeOf } from '../../../src/asking/shared/redis-url.ts';
import { freshState, versionIn, versionOf } from '../../../src/asking/shared/shared-state.ts';
import { type SharedTurnInput, takeSharedTurn } from '../../../src/asking/shared/shared-turn.ts';
import { takeTurn } from '../../../src/asking/turn.ts';
import { repeats } from '../../helpers.ts';
import { ours, simulate, worldOf } from '../simulator.ts';

const SETTINGS = { maxInFlight: 100 };

describe('the shared clock', () => {
  test('holds the truth between its earliest and its latest, whatever the ways take', () => {
    const exchange = fc.record({
      wait: fc.double({ min: 0, max: 5000, noNaN: true }),
      forth: fc.double({ min: 0, max: 400, noNaN: true }),
      back: fc.double({ min: 0, max: 400, noNaN: true }),
    });
    const offsets = fc.integer({ min: -1e12, max: 2e12 });
    fc.assert(
      fc.property(offsets, fc.array(exchange, { minLength: 1, maxLength: 30 }), (offset, exchanges) => {
        const clock = new SharedClock();
        let now = 1000;
        for (const { wait, forth, back } of exchanges) {
          now += wait;
          expect(clock.add(now, now + forth + back, now + forth + offset)).toBe(false);
          now += forth + back;
          expect(clock.earliest(now)).toBeLessThanOrEqual(now + offset);
          expect(clock.latest(now)).toBeGreaterThanOrEqual(now + offset);
          expect(clock.earliest(clock.local(now + offset))).toBeCloseTo(now + offset, 0);
          expect(clock.local(now + offset)).toBeGreaterThanOrEqual(now - 0.001);
        }
      }),
    );
  });

  test('goes by the quickest exchange of late, and not for ever', () => {
    const clock = new SharedClock();
    clock.add(0, 1, 1000.5);
    clock.add(100, 500, 1300);
    expect(clock.latest(500) - clock.earliest(500)).toBeLessThan(1.5);
    for (let at = 1000; at < 100_000; at += 1000) clock.add(at, at + 10, at + 1005);
    expect(clock.latest(100_000) - clock.earliest(100_000)).toBeGreaterThan(9);
  });

  test('says when Redis’s clock was set, and goes by the new one', () => {
    for (const by of [-3_600_000, -200, 200, 3_600_000]) {
      const clock = new SharedClock();
      clock.add(0, 2, 50_001);
      expect(clock.add(1000, 1002, 51_001)).toBe(false);
      expect(clock.add(2000, 2002, 52_001 + by)).toBe(true);
      expect(clock.earliest(2002)).toBeLessThanOrEqual(52_002 + by);
      expect(clock.latest(2002)).toBeGreaterThanOrEqual(52_002 + by);
    }
  });
});

describe('presence', () => {
  const steady = (alive: readonly string[], until: number) => {
    const presence = new Presence();
    for (let at = 0; at <= until; at += BEAT_MS) presence.beat(at, at + 1, alive);
    return presence;
  };

  test('whoever is not heard of in a beat after they were seen is gone', () => {
    const presence = steady(['me', 'you'], 7000);
    expect(presence.gone(['you', 'they', 'they'], 6000)).toEqual(['they']);
    // Seen after the last beat: they may have come since.
    expect(presence.gone(['they'], 7000.5)).toEqual([]);
  });

  test('nobody is gone before all had the time to be heard', () => {
    expect(steady(['me'], LEASE_MS - BEAT_MS).gone(['they'], 0)).toEqual([]);
    const presence = steady(['me'], 7000);
    presence.broken();
    presence.beat(7700, 7701, ['me']);
    expect(presence.gone(['they'], 7000)).toEqual([]);
    presence.beat(8400, 8401, ['me']);
    expect(presence.gone(['they'], 7000)).toEqual([]);
    // A Redis that stood still has let everybody's lease run out.
    const stalled = steady(['me', 'they'], 7000);
    stalled.beat(7700, 7700 + 2000, ['me']);
    expect(stalled.gone(['they'], 7000)).toEqual([]);
    const slept = steady(['me', 'they'], 7000);
    slept.beat(20_000, 20_001, ['me']);
    expect(slept.gone(['they'], 7000)).toEqual([]);
  });

  test('a process knows until when the others count on it', () => {
    expect(new Presence().heldUntil).toBe(Number.NEGATIVE_INFINITY);
    expect(steady([], 1400).heldUntil).toBe(1400 + LEASE_MS);
  });
});

describe('the state as text', () => {
  test('the policy decides by it as by the state itself, at every step', () => {
    for (let seed = 1; seed <= repeats(25); seed++) {
      const world = worldOf(seed + 7000);
      const asks = { 1: 12, 10: 45, 100: 210 }[world.limit] ?? 0;
      simulate(world, { asks }, (script, random) => {
        const client = ours(script, random);
        return {
          ...client,
          next(now, waiting) {
            const state = client.state();
            const written = encode({ ...freshState('e', now, state.settings), state });
            const read = decode(written, state.settings)?.state ?? initial(SETTINGS);
            // Instants are written in whole microseconds.
            const one = decide(state, 'ask', now);
            const other = decide(read, 'ask', one.go ? now + 0.002 : now - 0.002);
            expect(other.go, `seed ${world.seed} at ${now}`).toBe(one.go);
            if (!one.go && !other.go) expect(other.until ?? 0).toBeCloseTo(one.until ?? 0, 1);
            return client.next(now, waiting);
          },
        };
      });
    }
  });

  test('nothing is lost of what is not a plain number', () => {
    let state = initial({ ...SETTINGS, maxRate: { count: 2, perMs: 1000 } });
    state = advance(state, { type: 'granted', kind: 'read', solo: true, random: 0 }, 5000.25);
    state = advance(state, { type: 'granted', kind: 'ask', solo: false, random: 0 }, 5001);
    const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '5' };
    const observation = { sentAt: 5000.5, answeredAt: 5004, httpStatus: 200, headers };
    state = advance(state, { type: 'answered', id: 1, observation }, 5004);
    const shared = {
      ...freshState('an-epoch', 5004, state.settings),
      n: 7,
      state,
      flights: new Map([[2, 'me']]),
      waiters: new Set(['you']),
    };
    expect(decode(encode(shared), state.settings)).toEqual(shared);
  });

  test.each(['', 'null', '3', '[]', '{}', '{"form":1}', '{"form":2,"epoch":"a","n":1,"at":1}'])(
    'what is not of our making is not read: %s',
    (text) => expect(decode(text, SETTINGS)).toBeUndefined(),
  );

  it('versions read back', () => {
    expect(versionIn(versionOf({ epoch: 'a.b-c', n: 12 }))).toEqual({ epoch: 'a.b-c', n: 12 });
  });
});

describe('one turn', () => {
  const options = { now: 1000, lead: 2, random: () => 0 };

  test('takes in what happened, and lets go what may: reads first', () => {
    const turn = takeTurn(initial(SETTINGS), [], { ask: 2, read: 1 }, options);
    expect(turn.permits).toEqual([{ id: 1, kind: 'read', from: 1000 }]);
    expect([turn.short, turn.wait]).toEqual([true, undefined]);
    const headers = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '60' };
    const observation = { sentAt: 1000, answeredAt: 1010, httpStatus: 200, headers };
    const events = [{ event: { type: 'answered', id: 1, observation } as const, at: 1010 }];
    const next = takeTurn(turn.state, events, { ask: 2, read: 0 }, { ...options, now: 1010 });
    expect(next.permits.map(({ id, kind }) => [id, kind])).toEqual([
      [2, 'ask'],
      [3, 'ask'],
    ]);
    expect(next.short).toBe(false);
    const few = takeTurn(next.state, [], { ask: 5, read: 5 }, { ...options, now: 1011, most: 3 });
    expect(few.permits).toHaveLength(3);
    expect(few.short).toBe(true);
  });

  test('a permit is given a little ahead of its time, and says when that is', () => {
    const paused = { type: 'paused', until: 1001.5, why: 'paused' } as const;
    const events = [{ event: paused, at: 1000 }];
    expect(takeTurn(initial(SETTINGS), events, { ask: 1, read: 0 }, options).permits).toEqual([
      { id: 1, kind: 'ask', from: 1001.5 },
    ]);
    const later = [{ event: { ...paused, until: 1003 }, at: 1000 }];
    const turn = takeTurn(initial(SETTINGS), later, { ask: 1, read: 0 }, options);
    expect([turn.permits, turn.wait]).toEqual([[], { until: 1003, why: 'paused' }]);
  });
});

describe('one turn on what is shared', () => {
  const input: SharedTurnInput = {
    me: 'me',
    events: [],
    known: new Set(),
    gone: [],
    brought: [],
    kept: undefined,
    demand: { ask: 0, read: 0 },
    mayTake: true,
    now: 1000,
    latest: 1001,
    lead: 2,
    random: () => 0,
  };
  const fresh = () => freshState('e', 900, SETTINGS);
  const first = () => takeSharedTurn(fresh(), { ...input, demand: { ask: 3, read: 0 } });

  test('nothing to do is nothing to write', () => {
    expect(takeSharedTurn(fresh(), input).changed).toBe(false);
  });

  test('leaves the state before it as it was: it may be tried again', () => {
    const shared = fresh();
    const before = encode(shared);
    takeSharedTurn(shared, { ...input, demand: { ask: 3, read: 0 } });
    expect(encode(shared)).toBe(before);
  });

  test('what is granted bears the name of who asks, and who waits is known', () => {
    const { next, permits, changed } = first();
    expect([...next.flights]).toEqual([[1, 'me']]);
    expect([...next.waiters]).toEqual(['me']);
    expect([permits.length, changed, next.n]).toEqual([1, true, 1]);
  });

  test('an end that is told twice counts once', () => {
    const { next } = first();
    const observation = { sentAt: 1000, answeredAt: 1010, httpStatus: 429, headers: {} };
    const events = [{ event: { type: 'answered', id: 1, observation } as const, at: 1010 }];
    const known = new Set([1]);
    const once = takeSharedTurn(next, { ...input, events, known });
    const twice = takeSharedTurn(once.next, { ...input, events, known });
    expect([once.next.state.throttled, twice.next.state.throttled]).toEqual([1, 1]);
    expect(twice.changed).toBe(false);
  });

  test('nobody settles the asks of another who lives', () => {
    const { next } = first();
    const events = [{ event: { type: 'withdrawn', id: 1 } as const, at: 1010 }];
    expect(takeSharedTurn(next, { ...input, me: 'you', events }).next.flights.size).toBe(1);
  });

  test('asks of the gone end without an answer, and may have arrived until now', () => {
    const { next } = first();
    const turn = takeSharedTurn(next, { ...input, me: 'you', gone: ['me'], latest: 4000 });
    expect([turn.next.flights.size, turn.next.waiters.size, turn.changed]).toEqual([0, 0, true]);
    expect(turn.next.state.asks.map(({ answeredAt }) => answeredAt)).toEqual([4000]);
  });

  test('a grant in our name that never came back is given back', () => {
    const { next } = first();
    const turn = takeSharedTurn(next, input);
    expect([turn.next.flights.size, turn.next.state.asks.length]).toEqual([0, 0]);
    const kept = takeSharedTurn(next, { ...input, known: new Set([1]) });
    expect(kept.next.flights.size).toBe(1);
  });

  test('others who wait are told when there may be something for them', () => {
    const { next } = first();
    const observation = {
      sentAt: 1000,
      answeredAt: 1010,
      httpStatus: 200,
      headers: { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '60' },
    };
    const waiting = { ...next, waiters: new Set(['you', 'they']) };
    const events = [{ event: { type: 'answered', id: 1, observation } as const, at: 1010 }];
    const turn = takeSharedTurn(waiting, {
      ...input,
      events,
      known: new Set([1]),
      demand: { ask: 9, read: 0 },
      now: 1011,
    });
    // A third of ten, rounded up: the rest is for the others, now.
    expect(turn.permits).toHaveLength(4);
    expect([turn.hint, turn.short]).toEqual([0, true]);
    const polite = takeSharedTurn(turn.next, {
      ...input,
      known: new Set([2, 3, 4, 5]),
      demand: { ask: 5, read: 0 },
      mayTake: false,
      now: 1012,
    });
    expect([polite.permits.length, polite.short, polite.changed]).toEqual([0, true, false]);
  });
});

describe('the Redis URL', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379, tls: false, db: 0 }],
    ['rediss://r.example.com:6380/2', { host: 'r.example.com', port: 6380, tls: true, db: 2 }],
    ['redis://u:p%40ss@[::1]/', { host: '::1', username: 'u', password: 'p@ss' }],
    ['redis://:100%@h', { host: 'h', username: undefined, password: '100%' }],
  ])('%s', (text, expected) => expect(parseRedisUrl(text)).toMatchObject(expected));

  test('refuses what it cannot mean, without a word of it', () => {
    const word = fc.string({ minLength: 8 }).filter((text) => !/^[\s/]*$/.test(text));
    fc.assert(
      fc.property(fc.constantFrom('', 'http://', 'redis:', 'redis://h/', 'redis://h?p='), word, (a, b) => {
        try {
          parseRedisUrl(`${a}${b}`);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          if (!'redis://host:6379/0, or rediss:// for TLS'.includes(b)) {
            expect((error as Error).message).not.toContain(b);
          }
        }
      }),
    );
  });

  test('is named by host and port alone', () => {
    expect(placeOf(parseRedisUrl('redis://u:secret@h:7'))).toBe('h:7');
    expect(placeOf(parseRedisUrl('redis://u:secret@[::1]'))).toBe('[::1]:6379');
  });
});

describe('what Redis’s errors mean', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  const socket = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  test.each([
    [
      reply('WRONGPASS invalid username-password pair or user is disabled.'),
      /user or password \(WRONGPASS\)/,
    ],
    [reply('NOAUTH Authentication required.'), /user or password/],
    [reply("NOPERM this user has no permissions to run the 'evalsha' command"), /user or password/],
    [reply('MOVED 866 127.0.0.1:7001'), /refuses: MOVED/],
    [reply('READONLY You can’t write against a read only replica.'), /READONLY/],
    [socket('DEPTH_ZERO_SELF_SIGNED_CERT'), /TLS/],
  ])('refused for good: %s', (error, says) => expect(refusalOf(error)).toMatch(says));
  test.each([
    [socket('ECONNREFUSED'), 'ECONNREFUSED'],
    [
      reply('LOADING Redis is loading the dataset in memory'),
      'LOADING Redis is loading the dataset in memory',
    ],
    [new Error('Command timed out'), 'no answer in time'],
    [new Error('Connection is closed.'), 'the connection was closed'],
    ['nonsense', 'the connection was closed'],
  ])('trouble: %s', (error, says) => {
    expect(refusalOf(error)).toBeUndefined();
    expect(troubleOf(error)).toBe(says);
  });
  test('what an answer quotes is left out', () => {
    expect(refusalOf(reply("ERR unknown command 'x', with args beginning with: 'secret'"))).not.toContain(
      'secret',
    );
  });
});
