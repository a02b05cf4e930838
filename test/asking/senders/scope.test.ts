import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../src/asking/rate-limit.ts';
import { ScopeJudge } from '../../../src/asking/senders/scope.ts';
import { repeats, SOAK } from '../../helpers.ts';
import { efficiency, randomFrom, type ServerKind, simulate, type World, worldOf } from '../simulator.ts';
import { severalSenders } from './simulated-senders.ts';

/** An answer `at` ms; `remaining` undefined: without the headers. */
function answer(at: number, remaining: number | undefined, httpStatus = 200, limit = 10): Observation {
  const said = {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': '60',
  };
  return { sentAt: at - 5, answeredAt: at, httpStatus, headers: remaining === undefined ? {} : said };
}

/** `a9 b8 …`: who was asked, and what remained then. `a-`: no headers; `a!`: throttled; `a?`: no answer. */
function heard(told: string, judge = new ScopeJudge()): ScopeJudge {
  for (const [i, word] of told.split(' ').entries()) {
    const what = word.slice(1);
    const at = i * 10;
    if (what === '?') judge.alone(word[0] as string, undefined);
    else if (what === '!') judge.alone(word[0] as string, answer(at, 0, 429));
    else judge.alone(word[0] as string, answer(at, what === '-' ? undefined : Number(what)));
  }
  return judge;
}

describe('how the server counts', () => {
  it.each<[told: string, scope: string]>([
    ['a9', 'open'],
    ['a9 b9', 'open'], // a renewal, or its own count
    ['a9 b8 a7', 'open'], // one fall that says shared
    ['a9 b8 a7 b6', 'shared'],
    ['a9 b9 a8 b8', 'open'], // a rise is a renewal, as far as we know
    ['a9 b9 a8 b8 a7 a6 b7 a5', 'open'],
    ['a9 b9 a8 b8 a7 a6 c9 a5 b7 a4 c8 a3', 'open'], // three falls
    ['a9 b9 a8 b8 a7 a6 c9 a5 b7 a4 c8 a3 b6 a2', 'apart'], // four
    ['a9 a5 b9 a4 b9 a3 b9 a2 b9 a1', 'apart'], // whose windows are renewed in between
    ['a5 b9 a3 b9 a1 b9 a5 b9 a3 b9 a1', 'open'], // falls, and none to where its own count would be
    ['a1 b9 a3 b9 a5 b9 a6 b9 a7', 'open'], // falls, and to somewhere above it
    ['a5 b9 a4 b9 a3 b9 a2 b5 a0 b9 a8 b9 a7', 'open'], // somebody else uses the key: all is counted anew
    ['a9 b8 a7 b9 a5 b9 a4 b9 a3 b9 a2', 'open'], // it said shared once
    ['a9 b!', 'shared'],
    ['a- b- a-', 'shared'], // nothing to be learnt
    ['a9 b? a5 b9', 'open'], // who counted what was lost?
    ['a5 b9 a4 b9 a? b9 a3 b9 a2', 'open'],
  ])('%s: %s', (told, scope) => {
    expect(heard(told).scope).toBe(scope);
  });

  it('is not asked where no fall could tell', () => {
    const judge = new ScopeJudge();
    judge.alone('a', answer(0, 1, 200, 2));
    expect(judge.scope).toBe('shared');
  });

  it('is given up in the end', () => {
    const judge = new ScopeJudge();
    for (let i = 0; judge.scope === 'open'; i++) {
      expect(i).toBeLessThan(1000);
      judge.alone(i % 2 ? 'a' : 'b', answer(i, 9));
    }
    expect(judge.scope).toBe('shared');
  });
});

describe('counted apart', () => {
  const apart = () => heard('a9 b9 a8 b8 a7 a6 c9 a5 b7 a4 c8 a3 b6 a2');

  it('one throttled answer puts all together for good', () => {
    const judge = apart();
    judge.answered(judge.sent('a'), answer(500, 0, 429));
    expect(judge.scope).toBe('shared');
    judge.alone('a', answer(510, 9));
    expect(judge.scope).toBe('shared');
  });

  it('falls that another phone’s asks would explain do, too; falls of its own asks in flight do not', () => {
    const judge = apart();
    // Ten at once, answered out of order.
    const asks = Array.from({ length: 10 }, () => judge.sent('a'));
    for (const [i, ask] of asks.reverse().entries()) judge.answered(ask, answer(500 + i, i));
    expect(judge.scope).toBe('apart');
    // One at a time, and two are gone each time.
    for (const remaining of [9, 7, 5]) judge.answered(judge.sent('a'), answer(600, remaining));
    expect(judge.scope).toBe('apart');
    judge.answered(judge.sent('a'), answer(600, 3));
    judge.answered(judge.sent('a'), undefined);
    expect(judge.scope).toBe('shared');
  });
});

describe('the next phone', () => {
  it('two by turns at first; then one is brought low, and returned to', () => {
    const judge = new ScopeJudge();
    const left: Record<string, number> = { a: 10, b: 10, c: 10 };
    let order = '';
    for (let i = 0; judge.scope === 'open'; i++) {
      const { sender } = judge.pick(['a', 'b', 'c'], i * 10);
      left[sender] = (left[sender] as number) - 1;
      order += sender;
      judge.alone(sender, answer(i * 10, left[sender]));
    }
    expect(judge.scope).toBe('apart');
    expect(order.slice(0, 4)).toBe('abab');
    expect(order.length).toBeLessThan(16);
    expect(Math.min(...Object.values(left))).toBeGreaterThan(0);
  });

  it('a phone of which nothing may be left is left alone until its window is over', () => {
    const judge = heard('a9 b9 a0');
    expect(judge.pick(['a', 'b'], 30).sender).toBe('b');
    expect(judge.pick(['a'], 30)).toEqual({ sender: 'a', at: 20 + 60_000 });
    expect(judge.pick(['a'], 60_020)).toEqual({ sender: 'a', at: 60_020 });
    expect(judge.freshAt('a')).toBe(60_020);
    expect(judge.freshAt('never asked')).toBe(0);
  });
});

/** Three phones against a server, in virtual time. */
function run(
  world: World,
  countedApart: boolean,
  windows: number,
  others = 0,
  judge: ScopeJudge = new ScopeJudge(),
) {
  const script = { asks: Math.ceil((windows * world.limit) / 3) * 3, countedApart, others };
  return { judge, run: simulate(world, script, severalSenders(['a', 'b', 'c'], judge)) };
}

const KINDS: readonly ServerKind[] = ['first-hit', 'aligned', 'sliding', 'bucket'];
const worlds = KINDS.flatMap((server) =>
  [
    ...[5, 40, 200].map((latencyMs) => ({ limit: 10, windowMs: 1000, latencyMs })),
    ...[5, 40, 200].map((latencyMs) => ({ limit: 10, windowMs: 60_000, latencyMs })),
    ...[40, 200].map((latencyMs) => ({ limit: 5, windowMs: 10_000, latencyMs })),
    { limit: 100, windowMs: 1000, latencyMs: 40 },
  ]
    .map((shape, i) => ({ ...worldOf(i + 1), server, reset: 'seconds' as const, ...shape }))
    .filter((_, i) => SOAK || i % 5 === 1),
);
const named = (world: World) =>
  `${world.server}, ${world.limit} per ${world.windowMs} ms, ${world.latencyMs} ms, seed ${world.seed}`;

describe('a server that counts all together', () => {
  it.each(worlds.map((world) => [named(world), world] as const))(
    '%s: nothing throttled, nothing lost',
    (_name, world) => {
      const { judge, run: ours } = run(world, false, 30);
      expect(ours.throttled).toEqual([]);
      expect(judge.scope).toBe('shared');
      // As one phone does it, but for the few asks at the beginning that go one at a time.
      const alone = simulate(world, { asks: ours.granted.length });
      const took = (asks: readonly number[]) => (asks.at(-1) ?? 0) - (asks[0] ?? 0);
      expect(took(ours.granted)).toBeLessThan(took(alone.granted) * 1.02 + 16 * 1.5 * world.latencyMs);
    },
  );

  it('is found out when it was taken for the other kind: some answers are throttled, and no more', () => {
    for (const server of KINDS) {
      const world = { ...worldOf(3), server, limit: 10, windowMs: 1000, latencyMs: 40 };
      const misled = heard('a9 b9 a8 b8 a7 a6 c9 a5 b7 a4 c8 a3 b6 a2');
      expect(misled.scope).toBe('apart');
      const { judge, run: ours } = run(world, false, 60, 0, misled);
      expect(judge.scope).toBe('shared');
      expect(ours.throttled.length).toBeGreaterThan(0);
      expect(ours.throttled.length).toBeLessThan(30);
      expect(ours.granted).toHaveLength(600);
    }
  });

  it('is never taken for the other kind beside a second client', () => {
    for (let seed = 1; seed <= repeats(200, 1 / 10); seed++) {
      const world = { ...worldOf(seed), limit: 10, latencyMs: 40 };
      const { judge } = run(world, false, 12, 0.3 * randomFrom(seed)());
      expect([seed, judge.scope]).toEqual([seed, 'shared']);
    }
  });
});

describe('a server that counts each phone by itself', () => {
  it('is not used so well by one limiter for all', () => {
    const world = { ...worldOf(1), server: 'first-hit', limit: 10, windowMs: 1000, latencyMs: 40 } as const;
    const judge = new ScopeJudge();
    judge.settle();
    expect(efficiency(world, run(world, true, 180, 0, judge).run)).toBeLessThan(0.9 * 3);
  });

  // As the sample does, and the other kinds where a window holds enough asks one after the other to tell.
  const tellable = worlds.filter(
    ({ server, limit, windowMs, latencyMs }) =>
      limit < 100 &&
      (windowMs > 1000
        ? server !== 'bucket' || latencyMs < 200
        : latencyMs < (server === 'bucket' ? 40 : 200)),
  );
  it.each(tellable.map((world) => [named(world), world] as const))(
    '%s: nothing throttled, and 90 % of three times the allowance',
    (_name, world) => {
      const { judge, run: ours } = run(world, true, 180);
      expect(ours.throttled).toEqual([]);
      expect(judge.scope).toBe('apart');
      expect(efficiency(world, ours)).toBeGreaterThan(0.9 * 3);
    },
  );
});
