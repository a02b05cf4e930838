/** Servers that say one thing and do another, and what it costs. */
import { describe, expect, test } from 'vitest';
import { repeats, SOAK } from '../../helpers.ts';
import { SAMPLE, type Script, simulate, steady, type World } from './simulator.ts';

describe('what no header shows', () => {
  const SHOWN: World = { ...SAMPLE, limit: 1000, latencyMs: 40, workMs: 300 };
  test.each<[string, World]>([
    ['five at a time', { ...SHOWN, hidden: { atOnce: 5 } }],
    ['five at a time, each a second', { ...SHOWN, workMs: 1000, hidden: { atOnce: 5 } }],
    ['one at a time', { ...SHOWN, hidden: { atOnce: 1 } }],
    ['ten a second', { ...SHOWN, hidden: { perSecond: 10 } }],
    ['ten a second, answered quickly', { ...SHOWN, workMs: 0, hidden: { perSecond: 10 } }],
    ['twenty a second', { ...SHOWN, hidden: { perSecond: 20 } }],
    ['five a second', { ...SHOWN, hidden: { perSecond: 5 } }],
    ['five a second, each taking one', { ...SHOWN, workMs: 1000, hidden: { perSecond: 5 } }],
    ['both', { ...SHOWN, hidden: { atOnce: 5, perSecond: 10 } }],
  ])('%s: everybody is done in minutes, and at most one ask of twenty is refused', (_, world) => {
    for (let seed = 1; seed <= 10; seed++) {
      const run = simulate({ ...world, seed }, { asks: 200, giveUp: 240_000 });
      expect(run.granted, `seed ${seed}`).toHaveLength(200);
      expect(run.throttled.length, `seed ${seed}`).toBeLessThanOrEqual(10);
    }
  });
});

describe('a Date that cannot be relied on', () => {
  const stopped = (): Script['headers'] => {
    let first: string | undefined;
    return (headers) => {
      first ??= headers['date'] ?? '';
      return { ...headers, date: first };
    };
  };
  test.each<[string, World, () => Script['headers']]>([
    ['behind the clock of Reset by 15 ms', { ...SAMPLE, dateOffMs: -15 }, () => undefined],
    ['ahead of the clock of Reset by 15 ms', { ...SAMPLE, dateOffMs: 15 }, () => undefined],
    ['behind by a second', { ...SAMPLE, dateOffMs: -1000 }, () => undefined],
    [
      'behind by half a second, a sliding log',
      { ...SAMPLE, server: 'sliding', dateOffMs: -500 },
      () => undefined,
    ],
    ['behind by five seconds', { ...SAMPLE, dateOffMs: -5000 }, () => undefined],
    [
      'behind by twenty seconds, a sliding log',
      { ...SAMPLE, server: 'sliding', dateOffMs: -20_000 },
      () => undefined,
    ],
    ['behind by five minutes', { ...SAMPLE, dateOffMs: -300_000 }, () => undefined],
    [
      'behind by five minutes, a token bucket',
      { ...SAMPLE, server: 'bucket', dateOffMs: -300_000 },
      () => undefined,
    ],
    ['ahead by five minutes', { ...SAMPLE, dateOffMs: 300_000 }, () => undefined],
    ['standing still', SAMPLE, stopped],
  ])('%s: no 429, and the speed of the server', (_, world, change) => {
    for (let seed = 1; seed <= 4; seed++) {
      const headers = change();
      const run = simulate({ ...world, seed }, { asks: 400, giveUp: 600_000, ...(headers && { headers }) });
      expect(run.granted).toHaveLength(400);
      expect(run.throttled).toEqual([]);
      expect(steady(world, run, 15_000), `seed ${seed}`).toBeGreaterThan(0.9);
    }
  });
});

describe('an answer that takes WhatsApp its time', () => {
  const KINDS = ['first-hit', 'aligned', 'sliding', 'bucket'] as const;
  /** Work after the count, and the share of the allowance that is used at least, while the way takes next to no time. */
  const LEAST = [
    [5, 0.97],
    [40, 0.96],
    [400, 0.94],
    [1000, 0.93],
    [2500, 0.93],
  ] as const;
  const rows = KINDS.flatMap((server) =>
    (SOAK ? [2, 40, 80] : [40]).flatMap((wayMs) =>
      LEAST.map(([workMs, least]) => [server, wayMs, workMs, least] as const),
    ),
  );
  test.each(rows)(
    '%s, a way of %i ms and work of %i ms: no 429, and at least %f less the way’s own swing',
    (server, latencyMs, workMs, least) => {
      for (let seed = 1; seed <= repeats(3, 1 / 3); seed++) {
        const world = { ...SAMPLE, server, latencyMs, workMs, seed };
        const run = simulate(world, { asks: 907, giveUp: 1e6 });
        expect(run.throttled).toEqual([]);
        const swing = latencyMs > 10 ? latencyMs / world.windowMs : 0;
        expect(steady(world, run, 50_000), `seed ${seed}`).toBeGreaterThan(least - swing);
      }
    },
  );
});
