/** A second client of the same key, and a limit that changes: what ours gets, and what it costs. */
import { describe, expect, test } from 'vitest';
import { repeats, SOAK } from '../../../helpers.ts';
import { type Run, SAMPLE, type ServerKind, simulate, worldOf } from '../simulator.ts';

const RUNS = repeats(12, 1 / 2);
const SEEDS = Array.from({ length: RUNS }, (_, index) => index + 1);

describe('beside another client that takes 30 % at random', () => {
  const ASKS = 600;
  /** What ours got of what the other left, in all. */
  const share = (windowMs: number, runs: readonly Run[]) => {
    let got = 0;
    let left = 0;
    for (const run of runs) {
      const tookMs = (run.granted.at(-1) ?? 0) - (run.granted[0] ?? 0);
      got += run.granted.length;
      left += (SAMPLE.limit * tookMs) / windowMs - run.othersGranted;
    }
    return got / left;
  };

  // What ours got of what the other left, at least, and of how many asks at most one is refused. Where the other comes in
  // between while an ask of ours is under way, more has to be left for it than it takes: at 200 ms a window of a second
  // is mostly way.
  const EXPECTED: [ServerKind, number, [number, number, number], number][] = [
    ['first-hit', 1000, [0.95, 0.85, 0.5], 200],
    ['first-hit', 10_000, [0.85, 0.85, 0.75], 200],
    ['aligned', 1000, [0.75, 0.75, 0.6], 50],
    ['aligned', 10_000, [0.85, 0.85, 0.8], 50],
    ['sliding', 1000, [0.5, 0.5, 0.4], 50],
    ['sliding', 10_000, [0.6, 0.6, 0.5], 50],
    ['bucket', 1000, [0.9, 0.85, 0.75], 50],
    ['bucket', 10_000, [0.6, 0.6, 0.6], 50],
  ];
  const rows = EXPECTED.flatMap(([server, windowMs, least, oneOf]) =>
    [5, 40, 200].map((latencyMs, index) => {
      const isFarForAWindow = latencyMs * 10 > windowMs;
      return [server, windowMs, latencyMs, isFarForAWindow ? 50 : oneOf, least[index] ?? 1] as const;
    }),
  );
  // Outside the soak, a window of a second at 40 ms.
  const chosen = rows.filter(([, windowMs, latencyMs]) => SOAK || (windowMs === 1000 && latencyMs === 40));
  test.each(chosen)(
    '%s, a window of %i ms, at %i ms: at most 1 throttled of %i, nothing lost, a share of at least %f',
    (server, windowMs, latencyMs, oneOf, least) => {
      const runs = SEEDS.map((seed) =>
        simulate(
          { ...SAMPLE, server, windowMs, latencyMs, seed },
          { asks: ASKS, others: 0.3, giveUp: 1000 * windowMs },
        ),
      );
      for (const run of runs) expect(run.granted).toHaveLength(ASKS);
      const throttled = runs.map((run) => run.throttled.length);
      expect(throttled.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual((RUNS * ASKS) / oneOf);
      expect(share(windowMs, runs)).toBeGreaterThan(least);
    },
  );

  test('answers that take longer than the window, beside one ask of others in three windows: half of what is left', () => {
    const runs = (['first-hit', 'aligned', 'sliding', 'bucket'] as const).flatMap((server) =>
      SEEDS.slice(0, 3).map((seed) =>
        simulate({ ...SAMPLE, server, seed, workMs: 2500 }, { asks: ASKS, others: 0.03, giveUp: 1e6 }),
      ),
    );
    for (const run of runs) expect(run.granted).toHaveLength(ASKS);
    const throttled = runs.reduce((sum, run) => sum + run.throttled.length, 0);
    expect(throttled).toBeLessThanOrEqual((runs.length * ASKS) / 200);
    expect(share(SAMPLE.windowMs, runs)).toBeGreaterThan(0.45);
  });

  test('any world of the matrix: at most 1 throttled of 50 in all', () => {
    let throttled = 0;
    let asks = 0;
    for (let seed = 1; seed <= repeats(150, 1 / 15); seed++) {
      const world = worldOf(seed);
      if (world.limit === 1) continue;
      const count = Math.min(30 * world.limit, 1000);
      const run = simulate(world, { asks: count, others: 0.3, giveUp: 1000 * world.windowMs });
      expect(run.granted, `seed ${seed}`).toHaveLength(count);
      throttled += run.throttled.length;
      asks += run.granted.length;
    }
    expect((50 * throttled) / asks).toBeLessThanOrEqual(1);
  });
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
