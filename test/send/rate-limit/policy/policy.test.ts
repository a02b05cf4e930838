import { describe, expect, test } from 'vitest';
import { repeats, soakTest } from '../../../helpers.ts';
import {
  type Client,
  efficiency,
  enough,
  type Run,
  required,
  SAMPLE,
  type Script,
  simulate,
  steady,
  type World,
  worldOf,
} from '../simulator.ts';

const SERVERS = ['first-hit', 'aligned', 'sliding', 'bucket'] as const;

/** Windows by which the length of them is known. */
const LEARNING_WINDOWS = 8;

/** Both invariants, as one judgement; the seed is in it, and `worldOf(seed)` is the run again. */
function judge(world: World, run: Run): { readonly over: string[]; readonly idle: string[] } {
  const what = `seed ${world.seed}: ${world.server} ${world.limit} per ${world.windowMs} ms, ${world.latencyMs} ms, ${world.reset}`;
  const used = steady(world, run, LEARNING_WINDOWS * world.windowMs);
  return {
    over: run.throttled.length === 0 ? [] : [`${what}: ${run.throttled.length} throttled`],
    idle: used >= required(world) ? [] : [`${what}: ${(used * 100).toFixed(1)} %`],
  };
}

function seeds(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

describe('never over', () => {
  // Short runs: what goes wrong goes wrong while a window is being learnt.
  test.each([0, 1, 2, 3])(
    'two thousand servers drawn at random (a fifth of them outside the soak), part %i',
    (part) => {
      const over = seeds(100_000 + part * 500, repeats(500)).flatMap((seed) => {
        const world = worldOf(seed);
        return judge(world, simulate(world, { asks: { 1: 25, 10: 50, 100: 250 }[world.limit] ?? 0 })).over;
      });
      expect(over).toEqual([]);
    },
  );
});

describe('hardly ever idle', () => {
  test.each(SERVERS)('the whole allowance of a %s server', (server) => {
    const worlds = seeds(200_000, repeats(400))
      .map(worldOf)
      .filter((world) => world.server === server && world.limit < 100);
    const judged = worlds.map((world) => judge(world, simulate(world, { asks: enough(world.limit) })));
    expect(worlds.length).toBeGreaterThan(repeats(40));
    expect(judged.flatMap((one) => one.over)).toEqual([]);
    expect(judged.flatMap((one) => one.idle)).toEqual([]);
  });

  test.each(SERVERS)('a hundred asks per window of a %s server', (server) => {
    const worlds = seeds(300_000, 150)
      .map(worldOf)
      .filter((world) => world.server === server && world.limit === 100)
      .slice(0, repeats(6, 1 / 6));
    const judged = worlds.map((world) => judge(world, simulate(world, { asks: enough(100) })));
    expect(judged.flatMap((one) => one.over)).toEqual([]);
    expect(judged.flatMap((one) => one.idle)).toEqual([]);
  });
});

/** Waits for X-RateLimit-Reset to the letter once Remaining is used up, as its own clock has it. */
function literal(): Client {
  let remaining = 1;
  let resetAt = 0;
  let id = 0;
  return {
    next(now) {
      if (remaining > 0 || now >= resetAt) return { go: true, until: undefined };
      return { go: false, until: resetAt };
    },
    start() {
      remaining--;
      return ++id;
    },
    answered(_, { headers, answeredAt }) {
      const date = Date.parse(headers['date'] ?? '');
      remaining = Number(headers['x-ratelimit-remaining']);
      resetAt = answeredAt + Number(headers['x-ratelimit-reset']) * 1000 - date;
    },
  };
}

/** Ten at a time, and again after each 429. */
function retrying(): Client {
  let flying = 0;
  let pausedUntil = 0;
  let id = 0;
  return {
    next(now) {
      if (flying >= 10) return { go: false, until: undefined };
      return now >= pausedUntil ? { go: true, until: undefined } : { go: false, until: pausedUntil };
    },
    start() {
      flying++;
      return ++id;
    },
    answered(_, { httpStatus, answeredAt }) {
      flying--;
      if (httpStatus === 429) pausedUntil = answeredAt + 50;
    },
  };
}

describe('the same judgement on other clients', () => {
  test('one that waits for the Reset to the letter is idle, and over', () => {
    const run = simulate(SAMPLE, { asks: 300 }, literal);
    expect(judge(SAMPLE, run)).toEqual({ over: [expect.anything()], idle: [expect.anything()] });
    expect(efficiency(SAMPLE, run)).toBeLessThan(0.7);
  });

  test('one that asks again after each 429 is over', () => {
    const run = simulate(SAMPLE, { asks: 300 }, retrying);
    expect(judge(SAMPLE, run).over).toHaveLength(1);
    expect(run.throttled.length).toBeGreaterThan(100);
  });
});

describe('what changes in mid-run', () => {
  const each = SERVERS.flatMap((server) => seeds(1, repeats(6)).map((seed) => ({ ...SAMPLE, server, seed })));
  const between = (run: Run, from: number, to: number) =>
    run.granted.filter((at) => at >= from && at < to).length;

  test('the limit: 10, then 5, then 20, adapted to within two windows', () => {
    for (const world of each.filter((one) => one.server === 'first-hit')) {
      const limitAt = [
        { at: 10_000, limit: 5 },
        { at: 30_000, limit: 20 },
      ];
      const run = simulate(world, { asks: 500, limitAt });
      expect(run.throttled, `seed ${world.seed}`).toEqual([]);
      expect(between(run, 12_000, 30_000)).toBeGreaterThanOrEqual(17 * 5);
      expect(between(run, 32_000, 40_000)).toBeGreaterThanOrEqual(7 * 20);
    }
  });

  test('a sliding log that is lowered costs no more than what was under way', () => {
    for (const world of each.filter((one) => one.server === 'sliding')) {
      const run = simulate(world, { asks: 300, limitAt: [{ at: 10_000, limit: 5 }] });
      expect(run.throttled.length, `seed ${world.seed}`).toBeLessThanOrEqual(3);
      expect(between(run, 12_000, 30_000)).toBeGreaterThanOrEqual(70);
    }
  });

  test('a limit that is raised: a token bucket holds no more than before until it refills', () => {
    for (const world of each.filter((one) => one.server === 'bucket')) {
      for (const limit of [20, 50]) {
        const run = simulate(world, { asks: 300, limitAt: [{ at: 10_000, limit }] });
        expect(run.throttled, `seed ${world.seed}`).toEqual([]);
      }
    }
  });

  test('the headers vanish: the last known pace is kept', () => {
    for (const world of each) {
      const run = simulate(world, { asks: 400, bareFrom: 10_000 });
      expect(run.throttled, `seed ${world.seed} ${world.server}`).toEqual([]);
      expect(between(run, 12_000, 30_000) / 180).toBeGreaterThan(0.9);
    }
  });

  test('a pause of the network: no burst beyond the allowance after it', () => {
    for (const world of each) {
      const run = simulate(world, { asks: 400, outage: { from: 10_200, to: 40_200 } });
      expect(run.throttled, `seed ${world.seed} ${world.server}`).toEqual([]);
      expect(between(run, 40_200, 41_190)).toBeLessThanOrEqual(20);
    }
  });
});

describe('beside another client that takes 30 %', () => {
  test.each([5, 40])('at %i ms: hardly a 429, nothing lost, and what is left is used', (latencyMs) => {
    const runs = seeds(1, repeats(12, 1 / 3)).map((seed) => {
      const world = { ...SAMPLE, latencyMs, seed };
      return simulate(world, { asks: 600, others: 0.3, giveUp: 1e6 });
    });
    const throttled = runs.reduce((sum, run) => sum + run.throttled.length, 0);
    expect(throttled).toBeLessThanOrEqual((runs.length * 600) / 200);
    for (const run of runs) {
      expect(run.granted).toHaveLength(600);
      const seconds = ((run.granted.at(-1) ?? 0) - (run.granted[0] ?? 0)) / 1000;
      expect(600 / seconds / 10).toBeGreaterThan(0.65);
    }
  });
});

describe('odd headers', () => {
  const without = (name: string) => (headers: Record<string, string>) =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
  const reset = (value: string) => (headers: Record<string, string>) => ({
    ...headers,
    'x-ratelimit-reset': value,
  });
  const odd: [string, NonNullable<Script['headers']>][] = [
    ['no Remaining', without('x-ratelimit-remaining')],
    ['no Reset', without('x-ratelimit-reset')],
    ['no Date', without('date')],
    ['a Reset in the past', reset('1000000000')],
    ['a Reset in the far future', reset('4000000000')],
    ['a Reset of years in milliseconds', reset('99999999999999')],
    ['a Reset that is no number', reset('soon')],
    ['a Remaining that is no number', (headers) => ({ ...headers, 'x-ratelimit-remaining': 'many' })],
    ['a negative Remaining', (headers) => ({ ...headers, 'x-ratelimit-remaining': '-1' })],
    ['no headers at all', () => ({})],
  ];
  test.each(odd)('%s: never a storm, never a long stall', (_, headers) => {
    for (const server of SERVERS) {
      const run = simulate({ ...SAMPLE, server }, { asks: 100, headers, giveUp: 600_000 });
      expect(run.granted, server).toHaveLength(100);
      expect(run.throttled.length, server).toBeLessThanOrEqual(5);
      const pauses = run.sent.slice(1).map((at, index) => at - (run.sent[index] ?? 0));
      expect(Math.max(...pauses), server).toBeLessThanOrEqual(60_000);
    }
  });
});

soakTest('a limit too large to count one by one goes by the word of the server', () => {
  const world = { ...SAMPLE, limit: 2000, latencyMs: 5 };
  const run = simulate(world, { asks: 5000, giveUp: 60_000 });
  expect(run.throttled).toEqual([]);
  expect(run.granted).toHaveLength(5000);
  const blind = simulate(world, {
    asks: 3000,
    headers: ({ 'x-ratelimit-remaining': _, ...rest }) => rest,
    giveUp: 60_000,
  });
  expect(blind.throttled).toEqual([]);
});

describe('our own pace', () => {
  const gaps = (run: Run) => run.sent.slice(1).map((at, index) => at - (run.sent[index] ?? 0));

  test('--max-rate: never more in its period, and no less', () => {
    const pace = { maxRate: { count: 30, perMs: 60_000 } };
    const run = simulate(SAMPLE, { asks: 301, pace });
    run.sent.forEach((at, index) => {
      const later = run.sent[index + 30];
      if (later !== undefined) expect(later - at).toBeGreaterThanOrEqual(60_000);
    });
    expect((300 * 2000) / ((run.sent.at(-1) ?? 0) - (run.sent[0] ?? 0))).toBeGreaterThan(0.97);
  });

  test('--gap: every pause is within it, and they differ', () => {
    const run = simulate(SAMPLE, { asks: 200, pace: { gap: { minMs: 30_000, maxMs: 60_000 } } });
    expect(Math.min(...gaps(run))).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...gaps(run))).toBeLessThanOrEqual(60_001);
    expect(new Set(gaps(run).map(Math.round)).size).toBeGreaterThan(150);
  });

  test('--concurrency is a ceiling, and by itself it is what the allowance needs', () => {
    const world = { ...SAMPLE, limit: 100, latencyMs: 200, jitter: 0 };
    const four = simulate(world, { asks: 300, maxInFlight: 4 });
    const free = simulate(world, { asks: 1500 });
    expect(efficiency(world, four)).toBeLessThan(0.3);
    expect(free.throttled).toEqual([]);
    expect(steady(world, free, 4000)).toBeGreaterThan(0.9);
  });
});
