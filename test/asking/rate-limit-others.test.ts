/** A second client of the same key, and a limit that changes: what ours gets, and what it costs. */
import { describe, expect, test } from 'vitest';
import { type Run, SAMPLE, type ServerKind, simulate } from './simulator.ts';

const RUNS = 12;
const SEEDS = Array.from({ length: RUNS }, (_, index) => index + 1);

describe('beside another client that takes 30 % at random', () => {
  const ASKS = 600;
  /** What ours got of what the other left, in all. */
  const share = (runs: readonly Run[]) => {
    let got = 0;
    let left = 0;
    for (const run of runs) {
      const tookMs = (run.granted.at(-1) ?? 0) - (run.granted[0] ?? 0);
      got += run.granted.length;
      left += (SAMPLE.limit * tookMs) / SAMPLE.windowMs - run.othersGranted;
    }
    return got / left;
  };

  // At 200 ms the other comes in between two or three times while our ask is under way: what is left for it is not used.
  test.each<[ServerKind, number, number]>([
    ['first-hit', 5, 0.99],
    ['first-hit', 40, 0.94],
    ['first-hit', 200, 0.74],
    ['aligned', 5, 0.93],
    ['aligned', 40, 0.9],
    ['aligned', 200, 0.71],
    ['sliding', 5, 0.87],
    ['sliding', 40, 0.77],
    ['sliding', 200, 0.47],
    ['bucket', 5, 0.93],
    ['bucket', 40, 0.95],
    ['bucket', 200, 0.95],
  ])(
    '%s at %i ms: at most 1 throttled of 200, nothing lost, a share of at least %f',
    (server, latencyMs, least) => {
      const runs = SEEDS.map((seed) =>
        simulate({ ...SAMPLE, server, latencyMs, seed }, { asks: ASKS, others: 0.3, giveUp: 1e6 }),
      );
      for (const run of runs) expect(run.granted).toHaveLength(ASKS);
      const throttled = runs.map((run) => run.throttled.length);
      expect(throttled.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual((RUNS * ASKS) / 200);
      expect(Math.max(...throttled)).toBeLessThanOrEqual((2 * ASKS) / 200);
      expect(share(runs)).toBeGreaterThan(least);
    },
  );
});

describe('the limit changes from 10 to 5 to 20', () => {
  const limitAt = [
    { at: 10_000, limit: 5 },
    { at: 30_000, limit: 20 },
  ];
  const between = (run: Run, from: number, to: number) =>
    run.granted.filter((at) => at >= from && at < to).length;

  test.each<ServerKind>(['first-hit', 'aligned', 'sliding', 'bucket'])(
    '%s: adapted to within two windows',
    (server) => {
      for (const seed of SEEDS) {
        const what = `seed ${seed}`;
        const run = simulate({ ...SAMPLE, server, seed }, { asks: 500, limitAt, giveUp: 1e6 });
        expect(between(run, 12_000, 30_000), what).toBeGreaterThanOrEqual(17 * 5);
        expect(between(run, 32_000, 40_000), what).toBeGreaterThanOrEqual(7 * 20);
        // A sliding log that is lowered refuses what was due: those under way when its first answer comes, no more.
        const unavoidable = server === 'sliding' ? 4 : 0;
        expect(run.throttled.length, what).toBeLessThanOrEqual(unavoidable);
        for (const at of run.throttled) expect(Math.abs(at - 10_500), what).toBeLessThanOrEqual(500);
      }
    },
  );
});
