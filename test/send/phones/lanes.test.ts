import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createLanes,
  type Lanes,
  type LanesOptions,
  type LimiterParts,
} from '../../../src/send/phones/lanes.ts';
import {
  createLimiter,
  type Limiter,
  LimiterStopped,
  type Observation,
  type Start,
} from '../../../src/send/rate-limit/limiter.ts';
import { bestOfThree, PATIENTLY, SOAK } from '../../helpers.ts';
import { type Counter, counter } from '../rate-limit/simulator.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const PHONES = ['a', 'b', 'c'];

/** A server like the sample's, with one window for the key or one for each phone. */
async function api(per: 'key' | 'phone', limit = 10, windowMs = 1000) {
  const granted: string[] = [];
  const refused: string[] = [];
  const counters = new Map<string, Counter>();
  const server = createServer((request, response) => {
    const phone = String(request.headers['x-phone']);
    const name = per === 'key' ? 'key' : phone;
    const count = counters.get(name) ?? counter('first-hit', limit, windowMs, 'next');
    counters.set(name, count);
    const counted = count.hit(Date.now());
    (counted.ok ? granted : refused).push(phone);
    response
      .writeHead(counted.ok ? 200 : 429, {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(counted.remaining),
        'x-ratelimit-reset': String(Math.ceil(counted.resetAt / 1000)),
        ...(counted.ok ? {} : { 'retry-after': '1' }),
      })
      .end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { granted, refused, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function exchange(url: string, phone: string, start: Start) {
  if (!(await start.due())) return undefined;
  start.sent();
  const sentAt = performance.now();
  const answer = await fetch(url, { method: 'POST', headers: { 'x-phone': phone } });
  await answer.arrayBuffer();
  const observation: Observation = {
    sentAt,
    answeredAt: performance.now(),
    httpStatus: answer.status,
    headers: Object.fromEntries(answer.headers),
  };
  return { value: answer.status, observation };
}

function lanesFor(options: Partial<LanesOptions> = {}): Lanes & { made: LimiterParts[] } {
  const made: LimiterParts[] = [];
  const lanes = createLanes({
    clock,
    makeLimiter: (parts) => {
      made.push(parts);
      const { gap, ...own } = parts;
      return createLimiter({
        clock,
        ...own,
        ...(gap && { gap }),
        ...(options.random && { random: options.random }),
      });
    },
    per: 'key',
    phones: 3,
    maxConcurrent: 100,
    gap: undefined,
    gapIsShared: false,
    onWait: () => undefined,
    onWaitEnd: () => undefined,
    ...options,
  });
  onTestFinished(() => lanes.stop());
  return Object.assign(Object.create(lanes, { snapshot: { get: () => lanes.snapshot } }), { made });
}

/** So many asks through each phone, all wanted at once; throttled ones go again. Gives how many were. */
async function askAll(lanes: Lanes, url: string, each: number, phones = PHONES): Promise<number> {
  let throttled = 0;
  const one = async (phone: string) => {
    const lane = lanes.lane(phone);
    while ((await lane.schedule('ask', (start) => exchange(url, phone, start))) === 429) throttled++;
  };
  await Promise.all(phones.flatMap((phone) => Array.from({ length: each }, () => one(phone))));
  return throttled;
}

/** A task that is answered at once, well within a great allowance. */
const answered =
  <T>(value: T, remaining = 900) =>
  async (start: Start) => {
    if (!(await start.due())) return undefined;
    start.sent();
    const sentAt = performance.now();
    const headers = {
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': '60',
    };
    return { value, observation: { sentAt, answeredAt: performance.now() + 0.1, httpStatus: 200, headers } };
  };

// Waits for whole windows.
describe.runIf(SOAK)('on real sockets', () => {
  test('counted by the key: one allowance for all, nothing throttled', async () => {
    const on = await api('key');
    const lanes = lanesFor();
    const before = performance.now();
    expect(await askAll(lanes, on.url, 12)).toBe(0);
    expect([on.refused, on.granted.length, lanes.made.length]).toEqual([[], 36, 1]);
    expect(performance.now() - before).toBeGreaterThan(3000);
    expect(lanes.snapshot).toMatchObject({ limit: 10, queued: 0, inFlight: 0, throttled: 0 });
  });

  test('counted by the phone: each has its allowance, nothing throttled', async () => {
    const once = async () => {
      const on = await api('phone');
      const lanes = lanesFor({ per: 'phone' });
      const before = performance.now();
      expect(await askAll(lanes, on.url, 36)).toBe(0);
      const windows = (performance.now() - before) / 1000;
      expect([on.refused, on.granted.length, lanes.made.length]).toEqual([[], 108, 3]);
      expect(lanes.snapshot).toMatchObject({ limit: 30, queued: 0, inFlight: 0, throttled: 0 });
      return on.granted.length / 10 / windows;
    };
    // What else the machine does counts in: three times in a row it has to, for this to fail.
    expect(await bestOfThree(once, (allowances) => allowances > 2)).toBeGreaterThan(2);
  });

  test('counted by the phone, and taken for the key’s: slower, and nothing throttled', async () => {
    const on = await api('phone');
    expect(await askAll(lanesFor(), on.url, 8)).toBe(0);
    expect([on.refused, on.granted.length]).toEqual([[], 24]);
  });
});

describe('the limiters', () => {
  const parts = (lanes: ReturnType<typeof lanesFor>) =>
    lanes.made.map(({ sender, maxConcurrent, gap }) => [sender, maxConcurrent, gap?.minMs]);
  const gap = { minMs: 7, maxMs: 7 };

  test.each<[string, Partial<LanesOptions>, unknown[]]>([
    ['by the key: one for all, a gate for each', { per: 'key', gap }, [[undefined, 100, undefined]]],
    [
      'by the key, the gap shared: one that keeps it',
      { per: 'key', gap, gapIsShared: true },
      [[undefined, 100, 7]],
    ],
    [
      'by the phone: one for each, the ceiling shared out',
      { per: 'phone', gap },
      [
        ['a', 33, 7],
        ['b', 33, 7],
        ['c', 33, 7],
      ],
    ],
  ])('%s', (_, settings, made) => {
    const lanes = lanesFor(settings);
    for (const phone of [...PHONES, ...PHONES]) expect(lanes.lane(phone)).toBe(lanes.lane(phone));
    expect(parts(lanes)).toEqual(made);
  });

  test.each([
    ['key', undefined],
    ['phone', 'a'],
  ] as const)('of one phone, by the %s: its own, which keeps gap and ceiling', (per, sender) => {
    const lanes = lanesFor({ per, phones: 1, gap });
    lanes.lane('a');
    expect(parts(lanes)).toEqual([[sender, 100, 7]]);
  });
});

describe.each(['key', 'phone'] as const)('the lane of one phone of several, by the %s', (per) => {
  test('its gap is its own', async () => {
    const waits: string[] = [];
    let ended = 0;
    const lanes = lanesFor({
      per,
      gap: { minMs: 200, maxMs: 200 },
      random: () => 0,
      onWait: ({ why }) => waits.push(why),
      onWaitEnd: () => ended++,
    });
    const before = performance.now();
    const times: Record<string, number[]> = { a: [], b: [] };
    await Promise.all(
      ['a', 'a', 'a', 'b', 'b', 'b'].map((phone) =>
        lanes.lane(phone).schedule('ask', async (go) => {
          if (!(await go.due())) return undefined;
          times[phone]?.push(performance.now() - before);
          return answered(1)(go);
        }),
      ),
    );
    for (const own of Object.values(times)) {
      expect(own).toHaveLength(3);
      expect((own[1] as number) - (own[0] as number)).toBeGreaterThanOrEqual(198);
      expect((own[2] as number) - (own[1] as number)).toBeGreaterThanOrEqual(198);
    }
    expect(waits).toContain('gap');
    expect(ended).toBeGreaterThan(0);
  });

  test('and holds back no other phone’s', async () => {
    const lanes = lanesFor({ per, gap: { minMs: 3_600_000, maxMs: 3_600_000 } });
    const [a, b] = [lanes.lane('a'), lanes.lane('b')];
    await a.schedule('ask', answered(1));
    const waiting = expect(a.schedule('ask', answered(2))).rejects.toThrow(LimiterStopped);
    expect(await b.schedule('ask', answered('other'))).toBe('other');
    expect(lanes.snapshot).toMatchObject({ queued: 1, waitingWhy: 'gap' });
    await lanes.stop();
    await waiting;
  });

  test('an ask that fails before it is sent does not keep the next one waiting', async () => {
    const lanes = lanesFor({ per, gap: { minMs: 0, maxMs: 0 } });
    const lane = lanes.lane('a');
    const failing = lane.schedule('ask', async () => {
      throw new Error('no disk');
    });
    const next = lane.schedule('ask', answered('next'));
    await expect(failing).rejects.toThrow('no disk');
    expect(await next).toBe('next');
  });

  test('its pause holds back its asks, and no other phone’s', async () => {
    for (const gap of [undefined, { minMs: 0, maxMs: 0 }]) {
      const lanes = lanesFor({ per, gap });
      const [a, b] = [lanes.lane('a'), lanes.lane('b')];
      const start = performance.now();
      const since = () => performance.now() - start;
      a.pause(start + 250, 'cool_down');
      const held = ['first', 'second'].map(() => a.schedule('ask', answered(1)).then(since));
      expect(await b.schedule('ask', answered('other'))).toBe('other');
      expect(since()).toBeLessThan(250);
      expect(lanes.snapshot).toMatchObject({ queued: 2, waitingWhy: 'cool_down' });
      for (const ms of await Promise.all(held)) expect(ms).toBeGreaterThanOrEqual(249);
    }
  });

  test('a pause for all holds back all', async () => {
    const lanes = lanesFor({ per });
    for (const phone of PHONES) lanes.lane(phone);
    const start = performance.now();
    lanes.pause(start + 150);
    await Promise.all(PHONES.map((phone) => lanes.lane(phone).schedule('ask', answered(1))));
    expect(performance.now() - start).toBeGreaterThanOrEqual(150);
  });

  test('its end is its own: its asks are told, reads and the other phones go on', async () => {
    const lanes = lanesFor({ per, gap: { minMs: 60_000, maxMs: 60_000 } });
    const [a, b] = [lanes.lane('a'), lanes.lane('b')];
    await a.schedule('ask', answered(1));
    const waiting = [a.schedule('ask', answered(2)), a.schedule('ask', answered(3))];
    const outcomes = Promise.allSettled(waiting);
    await vi.waitFor(() => expect(lanes.snapshot).toMatchObject({ queued: 2, waitingWhy: 'gap' }), PATIENTLY);
    a.stopAsks();
    a.stopAsks();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LimiterStopped) });
    }
    await expect(a.schedule('ask', answered(4))).rejects.toThrow(LimiterStopped);
    expect(await a.schedule('read', answered('read'))).toBe('read');
    expect(await b.schedule('ask', answered('other'))).toBe('other');
    await a.stop();
    await expect(a.schedule('read', answered(5))).rejects.toThrow(LimiterStopped);
    expect(lanes.snapshot.queued).toBe(0);
  });

  test('the end of all: what is held back is told, reads go on until the very end', async () => {
    const lanes = lanesFor({ per, gap: { minMs: 60_000, maxMs: 60_000 } });
    const all = PHONES.map((phone) => lanes.lane(phone));
    for (const lane of all) await lane.schedule('ask', answered(1));
    const held = Promise.allSettled(all.map((lane) => lane.schedule('ask', answered(2))));
    await vi.waitFor(() => expect(lanes.snapshot.queued).toBe(3), PATIENTLY);
    lanes.stopAsks();
    for (const outcome of await held) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LimiterStopped) });
    }
    const [a, b, c] = all as [Limiter, Limiter, Limiter];
    await expect(a.schedule('ask', answered(3))).rejects.toThrow(LimiterStopped);
    expect(await b.schedule('read', answered('read'))).toBe('read');
    await lanes.stop();
    await expect(c.schedule('read', answered(1))).rejects.toThrow(LimiterStopped);
  });
});

test('an ask that waits for the allowance when its phone is paused waits on', async () => {
  for (const gap of [undefined, { minMs: 0, maxMs: 0 }]) {
    const lanes = lanesFor({ gap });
    let answer: () => void = () => undefined;
    const first = lanes.lane('b').schedule('ask', async (go) => {
      // The first ask of all goes alone.
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return answered(1)(go);
    });
    const start = performance.now();
    const waiting = lanes.lane('a').schedule('ask', async (go) => answered(performance.now() - start)(go));
    await vi.waitFor(() => expect(lanes.snapshot).toMatchObject({ inFlight: 1, queued: 1 }), PATIENTLY);
    lanes.lane('a').pause(start + 250);
    answer();
    await first;
    expect(await waiting).toBeGreaterThanOrEqual(249);
  }
});
