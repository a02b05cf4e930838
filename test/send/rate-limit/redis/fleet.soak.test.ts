import { describe, expect, test } from 'vitest';
import { LEASE_MS } from '../../../../src/send/rate-limit/redis/lease.ts';
import { efficiency, randomFrom, SAMPLE, steady as steadyFrom, type World, worldOf } from '../simulator.ts';
import { type Fleet, type FleetRun, simulateFleet } from './virtual.ts';

const SERVERS = ['first-hit', 'aligned', 'sliding', 'bucket'] as const;

const LEARNT_AT = 5000;

/** What holds of every fleet, whatever happens to it: one judgement, with the seed in it. */
function judge(world: World, run: FleetRun): string[] {
  const what = `seed ${world.seed}: ${world.server} ${world.limit} per ${world.windowMs} ms, ${world.latencyMs} ms`;
  const stalled = run.clients.filter((client) => !client.link.dead && client.finished === undefined);
  return [
    ...(run.throttled.length > 0 ? [`${what}: ${run.throttled.length} throttled`] : []),
    ...stalled.map((client) => `${what}: ${client.link.me} did not end`),
    ...run.failures.map((failure) => `${what}: ${String(failure)}`),
  ];
}

/** What is used of the allowance once the window is known. */
function steady(world: World, run: FleetRun): number {
  return efficiency(world, { granted: run.granted.filter((at) => at > LEARNT_AT) });
}

describe('four processes: never over, nine tenths used', () => {
  test.each(SERVERS)('a %s server', async (server) => {
    for (const [latencyMs, jitter] of [
      [5, 0.5],
      [40, 0.5],
      [200, 0.1],
    ] as const) {
      const world = { ...SAMPLE, server, latencyMs, jitter };
      const run = await simulateFleet(world, { processes: 4, asks: 49, redisMs: 1 });
      expect(judge(world, run)).toEqual([]);
      expect(run.granted).toHaveLength(4 * 49);
      expect(steady(world, run), `${latencyMs} ms`).toBeGreaterThanOrEqual(0.9);
    }
  });

  test('a server that works for a second on each ask, once its window is known', async () => {
    const world = { ...SAMPLE, workMs: 1000 };
    const run = await simulateFleet(world, { processes: 4, asks: 99 });
    expect(judge(world, run)).toEqual([]);
    const learnt = run.granted.filter((at) => at > 20_000);
    expect(efficiency(world, { granted: learnt })).toBeGreaterThanOrEqual(0.9);
  });

  test.each(SERVERS)('a hundred per second of a %s server, Redis 5 ms away', async (server) => {
    const world = { ...SAMPLE, server, limit: 100 };
    const run = await simulateFleet(world, { processes: 4, asks: 449, redisMs: 5 });
    expect(judge(world, run)).toEqual([]);
    // One process takes as long to learn a bucket of a hundred.
    expect(steadyFrom(world, run, 8000)).toBeGreaterThanOrEqual(0.9);
  });

  test('servers drawn at random', async () => {
    const bad: string[] = [];
    for (let seed = 500_001; seed <= 500_030; seed++) {
      const drawn = worldOf(seed);
      const world = { ...drawn, windowMs: Math.min(drawn.windowMs, 10_000) };
      const asks = { 1: 4, 10: 15, 100: 60 }[world.limit] ?? 0;
      const run = await simulateFleet(world, { processes: 4, asks, redisMs: [0.5, 2, 10][seed % 3] ?? 1 });
      bad.push(...judge(world, run));
    }
    expect(bad).toEqual([]);
  });

  test('everybody gets a share, however near to Redis', async () => {
    const run = await simulateFleet(SAMPLE, { processes: 4, asks: 149, redisMs: [0.2, 4, 4, 4] });
    expect(judge(SAMPLE, run)).toEqual([]);
    // While all of them have something to ask, and once the window is known.
    const end = Math.min(...run.clients.map((client) => client.finished ?? 0));
    const sent = run.sent.filter(({ at }) => at > LEARNT_AT && at < end - 1000);
    expect(sent.length).toBeGreaterThan(50);
    for (const { link } of run.clients) {
      const own = sent.filter(({ by }) => by === link.me).length;
      expect(own / sent.length, link.me).toBeGreaterThan(0.15);
      expect(own / sent.length, link.me).toBeLessThan(0.4);
    }
    // Half of its share at least, in any four windows: nobody waits longer for a turn.
    for (let at = LEARNT_AT; at < end - 5000; at += 1000) {
      const windows = sent.filter((one) => one.at >= at && one.at < at + 4000);
      for (const { link } of run.clients) {
        const own = windows.filter(({ by }) => by === link.me).length;
        expect(own / windows.length, `${link.me} from ${at}`).toBeGreaterThanOrEqual(1 / 8);
      }
    }
  });

  test('--concurrency is that of all together', async () => {
    const world = { ...SAMPLE, limit: 100, workMs: 1000 };
    let most = 0;
    const look = ({ clients }: FleetRun) => {
      most = Math.max(
        most,
        clients.reduce((sum, client) => sum + client.flying, 0),
      );
    };
    const deeds = Array.from({ length: 400 }, (_, i) => ({ at: i * 50, deed: look }));
    const run = await simulateFleet(world, { processes: 4, asks: 20, concurrency: 5, deeds });
    expect(judge(world, run)).toEqual([]);
    expect([run.granted.length, most]).toEqual([80, 5]);
  });

  test('the judgement fails where nothing is shared', async () => {
    const world = { ...SAMPLE, seed: 3 };
    const apart: Fleet = {
      processes: 4,
      asks: 49,
      // Each of them finds a Redis of its own.
      deeds: [],
      apart: true,
    };
    expect(judge(world, await simulateFleet(world, apart)).join()).toMatch(/throttled/);
  });
});

describe('reads and asks', () => {
  const apart = [
    { limit: 100, windowMs: 10_000 },
    { limit: 100, windowMs: 1000 },
    { limit: 5, windowMs: 2000 },
  ];
  test.each(apart)('counted apart, reads %o: what a read shows licenses no ask', async (readsApart) => {
    for (const [i, server] of SERVERS.entries()) {
      const world = { ...SAMPLE, server };
      const [reads, asks] = [i % 2 === 0 ? 3 : 30, 30];
      const run = await simulateFleet(world, { processes: 4, asks, reads, readsApart });
      expect(judge(world, run)).toEqual([]);
      expect([run.granted.length, run.readsGranted.length]).toEqual([4 * asks, 4 * reads]);
    }
  });

  test.each(SERVERS)('a %s server that counts them together', async (server) => {
    const world = { ...SAMPLE, server };
    const run = await simulateFleet(world, { processes: 4, asks: 20, reads: 20 });
    expect(judge(world, run)).toEqual([]);
    expect([run.granted.length, run.readsGranted.length]).toEqual([80, 80]);
  });
});

describe('asks of several people', () => {
  test.each([
    ['five each', [5, 5, 5, 5]],
    ['of different sizes', [1, 5, 2, 1]],
  ])('%s, before a server that counts people', async (_, people) => {
    for (const server of SERVERS) {
      const world = { ...SAMPLE, server, limit: 20 };
      const run = await simulateFleet(world, { processes: 4, asks: 20, people });
      expect(judge(world, run)).toEqual([]);
      expect(run.granted).toHaveLength(80);
    }
  });

  test.each(SERVERS)('a %s server that counts asks is used as much', async (server) => {
    const world = { ...SAMPLE, server };
    const run = await simulateFleet(world, { processes: 4, asks: 49, batches: [5, 5, 2, 1] });
    expect(judge(world, run)).toEqual([]);
    expect(steady(world, run)).toBeGreaterThanOrEqual(0.9);
  });
});

describe('a server that shows a thousand', () => {
  const shown = { ...SAMPLE, limit: 1000 };
  const most = (run: FleetRun) => run.throttled.length / (run.granted.length + run.throttled.length);
  test.each([false, true])('and takes five at a time; it tells its window: %s', async (tellsWindow) => {
    const world = { ...shown, workMs: 1000, hidden: { atOnce: 5 } };
    const run = await simulateFleet(world, { processes: 4, asks: 60, giveUp: 120_000, tellsWindow });
    expect([run.failures, run.granted.length]).toEqual([[], 240]);
    expect(most(run)).toBeLessThanOrEqual(0.05);
    for (const { pacer, link } of run.clients) expect([4, 5], link.me).toContain(pacer.allowance.ceiling);
    for (const client of run.clients) expect(client.finished).toBeLessThan(90_000);
  });

  test.each([false, true])('and takes ten a second; it tells its window: %s', async (tellsWindow) => {
    const world = { ...shown, hidden: { perSecond: 10 } };
    const run = await simulateFleet(world, { processes: 4, asks: 60, giveUp: 120_000, tellsWindow });
    expect([run.failures, run.granted.length]).toEqual([[], 240]);
    expect(most(run)).toBeLessThanOrEqual(0.05);
    for (const client of run.clients) expect(client.finished).toBeLessThan(60_000);
  });
});

const DEEDS = ['kill', 'leave', 'freeze', 'answers lost', 'data lost', 'away', 'clock set'] as const;

/** What happens to a process, or to Redis, for so many milliseconds. */
function deedOf(what: (typeof DEEDS)[number], victim: number, ms: number) {
  return ({ clients, redis, time }: FleetRun) => {
    const { [victim]: one } = clients;
    const after = (deed: () => void) => time.at(time.now + ms, deed);
    const isLast = clients.filter(({ link, finished }) => !link.dead && finished === undefined).length < 2;
    if (what === 'kill' && !isLast) one?.kill();
    if (what === 'leave' && one?.finished === undefined && !one?.link.dead) void one?.leave();
    if (what === 'freeze') one?.link.freeze(ms);
    if (what === 'data lost') redis.forget();
    if (what === 'clock set') redis.clockAt += ms % 1000 === 0 ? 3_600_000 : -ms;
    if (what === 'answers lost') {
      redis.lossy = 0.05;
      after(() => {
        redis.lossy = 0;
      });
    }
    if (what === 'away') {
      redis.up = false;
      after(() => {
        redis.up = true;
      });
    }
  };
}

describe('what may happen to them', () => {
  const worlds = SERVERS.flatMap((server) =>
    [1, 2, 3].map((seed) => ({ ...SAMPLE, server, seed, latencyMs: seed === 2 ? 200 : 40, jitter: 0.2 })),
  );
  const pauses = (run: FleetRun, from: number) => {
    const after = run.sent.map(({ at }) => at).filter((at) => at >= from);
    return after.map((at, i) => at - (after[i - 1] ?? from));
  };

  test('one dies with asks in flight: nobody waits for it longer than its lease', async () => {
    for (const world of worlds) {
      const run = await simulateFleet(world, {
        processes: 4,
        asks: 49,
        deeds: [
          {
            at: 5000,
            deed: ({ clients, time }) => {
              // As soon as it has something in flight.
              const victim = clients[1]!;
              const strike = () => {
                if (victim.flying > 0) victim.kill();
                else time.at(time.now + 1, strike);
              };
              strike();
            },
          },
        ],
      });
      expect(judge(world, run)).toEqual([]);
      expect(run.clients[1]!.link.dead).toBe(true);
      expect(Math.max(...pauses(run, 5000))).toBeLessThan(4500);
    }
  });

  test('one dies with the ask that all wait for: the others ask after its lease', async () => {
    for (const world of worlds) {
      let diedAt = 0;
      const run = await simulateFleet(world, {
        processes: 4,
        asks: 20,
        giveUp: 60_000,
        deeds: [
          {
            at: 0,
            deed: ({ clients, time }) => {
              const strike = () => {
                const victim = clients.find(({ flying }) => flying > 0);
                if (victim === undefined) time.at(time.now + 0.5, strike);
                else victim.kill();
                diedAt = time.now;
              };
              strike();
            },
          },
        ],
      });
      expect(judge(world, run)).toEqual([]);
      expect(Math.max(...pauses(run, diedAt))).toBeLessThan(4500);
    }
  });

  test('answers of Redis are lost: what was granted unheard ages out, what was told is told once', async () => {
    for (const world of worlds) {
      const run = await simulateFleet(world, {
        processes: 3,
        asks: 30,
        giveUp: 200_000,
        deeds: [
          {
            at: 1000,
            deed: ({ redis }) => {
              redis.lossy = 0.03;
            },
          },
        ],
      });
      expect(judge(world, run)).toEqual([]);
      expect(run.granted).toHaveLength(90);
    }
  });

  test('Redis loses the state while much is in flight', async () => {
    const slow = { ...SAMPLE, latencyMs: 8000, jitter: 0.1, limit: 1000 };
    let flying = 0;
    const run = await simulateFleet(slow, {
      processes: 3,
      asks: 100,
      deeds: [
        {
          at: 50_000,
          deed: ({ redis, clients }) => {
            flying = clients.reduce((sum, client) => sum + client.flying, 0);
            redis.forget();
          },
        },
      ],
    });
    expect(judge(slow, run)).toEqual([]);
    expect(flying).toBeGreaterThan(10);
    expect(run.granted).toHaveLength(300);
  });

  test('one leaves with permits that it did not use: they are given back at once', async () => {
    const run = await simulateFleet(SAMPLE, {
      processes: 2,
      asks: 60,
      deeds: [{ at: 3000, deed: ({ clients }) => void clients[0]!.leave() }],
    });
    expect(run.throttled).toEqual([]);
    expect(run.clients[1]!.done).toBe(60);
    expect(Math.max(...pauses(run, 3000))).toBeLessThan(1500);
  });

  test('Redis away for some seconds, with what it knew or without it', async () => {
    for (const forgets of [false, true]) {
      for (const world of worlds) {
        const run = await simulateFleet(world, {
          processes: 4,
          asks: 40,
          deeds: [
            {
              at: 5300,
              deed: ({ redis }) => {
                redis.up = false;
                if (forgets) redis.forget();
              },
            },
            {
              at: 7800,
              deed: ({ redis }) => {
                redis.up = true;
              },
            },
          ],
        });
        expect(judge(world, run)).toEqual([]);
        expect(run.granted).toHaveLength(160);
        // Nothing starts without Redis once the lease is over.
        const blind = run.sent.filter(({ at }) => at > 5300 + LEASE_MS && at < 7800);
        expect(blind).toEqual([]);
      }
    }
  });

  test.each([3_600_000, -3_600_000, 700, -700])('Redis’s clock is set by %i ms', async (by) => {
    for (const world of worlds) {
      const run = await simulateFleet(world, {
        processes: 3,
        asks: 40,
        deeds: [
          {
            at: 5300,
            deed: ({ redis }) => {
              redis.clockAt += by;
            },
          },
        ],
      });
      expect(judge(world, run)).toEqual([]);
      expect(run.granted).toHaveLength(120);
    }
  });

  test('the gap is between the asks of all, and outlives what Redis knew', async () => {
    const run = await simulateFleet(SAMPLE, {
      processes: 3,
      asks: 10,
      pace: { gap: { minMs: 8000, maxMs: 12_000 } },
      deeds: [21_000, 42_000, 63_000, 84_000, 105_000, 126_000, 147_000].map((at) => ({
        at,
        deed: ({ redis }) => redis.forget(),
      })),
    });
    expect(judge(SAMPLE, run)).toEqual([]);
    expect(run.sent).toHaveLength(30);
    const gaps = run.sent.slice(1).map(({ at }, i) => at - (run.sent[i]?.at ?? 0));
    // The clock of each is known to within its way to Redis.
    expect(Math.min(...gaps)).toBeGreaterThan(8000 - 5);
    expect(new Set(run.sent.map(({ by }) => by)).size).toBe(3);
  });

  test.each([
    [429, 4000, 100],
    [503, 4000, 100],
    [429, 500, 10],
    [429, 0, 10],
  ])('put off until tomorrow by a %i at %i ms: all end with that, and nobody asks again', async (...of) => {
    const [httpStatus, from, limit] = of;
    const world = { ...SAMPLE, limit };
    const tomorrow = { from, httpStatus };
    const run = await simulateFleet(world, { processes: 4, asks: 400, giveUp: 20_000, tomorrow });
    expect(run.failures).toEqual([]);
    for (const { link, finished, putOff } of run.clients) {
      expect(finished, link.me).toBeLessThan(from + 4000);
      expect(putOff, link.me).toBeGreaterThan(86_390_000);
    }
    // What was in flight when the first of them came back.
    expect(run.throttled.length).toBeLessThan(20);
  });

  test('a process that stands still for longer than its lease uses no permit from before', async () => {
    const run = await simulateFleet(SAMPLE, {
      processes: 2,
      asks: 60,
      deeds: [{ at: 4000, deed: ({ clients }) => clients[0]!.link.freeze(6000) }],
    });
    expect(judge(SAMPLE, run)).toEqual([]);
  });

  test('several of these, at any time: nobody waits without end, hardly a 429', async () => {
    const bad: string[] = [];
    let [asks, throttled] = [0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomFrom(seed);
      const drawn = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
      const world = { ...SAMPLE, seed, server: drawn(SERVERS), workMs: drawn([0, 1000]) };
      const deeds = [1, 2, 3].map(() => {
        const deed = deedOf(drawn(DEEDS), Math.floor(random() * 3), drawn([300, 1500, 2500, 6000]));
        return { at: 500 + random() * 12_000, deed };
      });
      const run = await simulateFleet(world, { processes: 3, asks: 20, giveUp: 120_000, deeds });
      bad.push(...judge(world, { ...run, throttled: [] }));
      asks += run.granted.length;
      throttled += run.throttled.length;
    }
    expect(bad).toEqual([]);
    expect(throttled / asks).toBeLessThanOrEqual(1 / 400);
  });
});
