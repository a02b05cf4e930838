import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createLimiter, LimiterStopped, type Observation } from '../../../src/asking/limiter.ts';
import { createRouter, type Router, type RouterOptions } from '../../../src/asking/senders/router.ts';
import { bestOfThree, PATIENTLY, SOAK } from '../../helpers.ts';
import { type Counter, counter } from '../simulator.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const PHONES = ['a', 'b', 'c'];

/** A server like the sample's, with one window for the key or one for each phone; it can change its mind. */
async function api(scope: 'key' | 'phone', limit = 10, windowMs = 1000) {
  const told = { scope, granted: [] as string[], refused: [] as string[] };
  const counters = new Map<string, Counter>();
  const server = createServer((request, response) => {
    const phone = String(request.headers['x-phone']);
    const name = told.scope === 'key' ? 'key' : phone;
    const count = counters.get(name) ?? counter('first-hit', limit, windowMs, 'next');
    counters.set(name, count);
    const counted = count.hit(Date.now());
    (counted.ok ? told.granted : told.refused).push(phone);
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
  return { ...told, told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function exchange(url: string, phone: string, sent: () => void) {
  sent();
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

function routerFor(options: Partial<RouterOptions> = {}): Router & { scopes: string[]; made: () => number } {
  const scopes: string[] = [];
  let made = 0;
  const router = createRouter({
    clock,
    makeLimiter: (parts) => {
      made++;
      return createLimiter({ clock, ...parts });
    },
    gap: undefined,
    maxConcurrent: 100,
    phones: 3,
    mayPart: true,
    onScope: (scope) => scopes.push(scope),
    ...options,
  });
  onTestFinished(() => router.stop());
  return Object.assign(Object.create(router, { snapshot: { get: () => router.snapshot } }), {
    scopes,
    made: () => made,
  });
}

/** So many asks through each phone, all wanted at once; throttled ones go again. Gives how many were. */
async function askAll(router: Router, url: string, each: number, phones = PHONES): Promise<number> {
  let throttled = 0;
  const one = async (phone: string) => {
    const lane = router.lane(phone);
    while ((await lane.schedule('ask', (sent) => exchange(url, phone, sent))) === 429) throttled++;
  };
  await Promise.all(phones.flatMap((phone) => Array.from({ length: each }, () => one(phone))));
  return throttled;
}

/** A task that is answered at once, well within a great allowance. */
const answered =
  <T>(value: T, remaining = 900) =>
  async (sent: () => void) => {
    sent();
    const sentAt = performance.now();
    const headers = {
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': '60',
    };
    return { value, observation: { sentAt, answeredAt: performance.now() + 0.1, httpStatus: 200, headers } };
  };

// What it decides, scope.test.ts asks in virtual time.
describe.runIf(SOAK)('on real sockets', () => {
  test('counted together: one limiter, nothing throttled', async () => {
    const on = await api('key');
    const router = routerFor();
    expect(await askAll(router, on.url, 12)).toBe(0);
    expect([on.refused, on.granted.length, router.scopes, router.made()]).toEqual([[], 36, [], 1]);
  });

  test('counted apart: a limiter for each, nothing throttled, and more than one allowance used', async () => {
    const once = async () => {
      const on = await api('phone');
      const router = routerFor();
      const before = performance.now();
      expect(await askAll(router, on.url, 36)).toBe(0);
      const windows = (performance.now() - before) / 1000;
      expect(router.scopes).toEqual(['apart']);
      expect(on.refused).toEqual([]);
      expect(router.snapshot).toMatchObject({ limit: 30, queued: 0, inFlight: 0, throttled: 0 });
      return on.granted.length / 10 / windows;
    };
    // What else the machine does counts in: three times in a row it has to, for this to fail.
    expect(await bestOfThree(once, (allowances) => allowances > 1.2)).toBeGreaterThan(1.2);
  });

  test('no longer counted apart: together again for good, and everybody is asked', async () => {
    const on = await api('phone');
    const router = routerFor();
    await askAll(router, on.url, 10);
    expect(router.scopes).toEqual(['apart']);
    on.told.scope = 'key';
    const throttled = await askAll(router, on.url, 12);
    expect(router.scopes).toEqual(['apart', 'shared']);
    // Some, or none when falls that nobody can explain showed it before.
    expect(throttled).toBeLessThan(20);
    expect(router.snapshot.throttled).toBe(throttled);
    expect(on.granted).toHaveLength(66);
    expect(await askAll(router, on.url, 4)).toBe(0);
    expect(router.scopes).toHaveLength(2);
  });

  test('where they may not part, they never do', async () => {
    for (const settings of [{ mayPart: false }, { maxConcurrent: 2 }, { phones: 1 }]) {
      const on = await api('phone', 100);
      const router = routerFor(settings);
      await askAll(router, on.url, 10);
      expect([router.scopes, router.made()]).toEqual([[], 1]);
    }
  });
});

describe('while it is open how the server counts', () => {
  test('asks go one at a time; one phone that is alone for long is not held back', async () => {
    const router = routerFor();
    let flying = 0;
    const most = { few: 0, many: 0 };
    const ask = (phone: string, name: 'few' | 'many', i: number) =>
      router.lane(phone).schedule('ask', async (sent) => {
        most[name] = Math.max(most[name], ++flying);
        const done = await answered(i, 900)(sent);
        await delay(5);
        flying--;
        return done;
      });
    await Promise.all([ask('a', 'few', 1), ask('b', 'few', 2), ask('a', 'few', 3)]);
    expect(most.few).toBe(1);
    await Promise.all(Array.from({ length: 60 }, (_, i) => ask('a', 'many', i)));
    expect(most.many).toBeGreaterThan(5);
    expect(router.scopes).toEqual([]);
  });
});

describe('the lane of one phone', () => {
  test('its gap is its own', async () => {
    const waits: string[] = [];
    let ended = 0;
    const router = routerFor({
      gap: { minMs: 200, maxMs: 200 },
      random: () => 0,
      onWait: ({ why }) => waits.push(why),
      onWaitEnd: () => ended++,
    });
    const before = performance.now();
    const times: Record<string, number[]> = { a: [], b: [] };
    await Promise.all(
      ['a', 'a', 'a', 'b', 'b', 'b'].map((phone) =>
        router.lane(phone).schedule('ask', async (sent) => {
          times[phone]?.push(performance.now() - before);
          return answered(1)(sent);
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
    const router = routerFor({ gap: { minMs: 3_600_000, maxMs: 3_600_000 } });
    const [a, b] = [router.lane('a'), router.lane('b')];
    await a.schedule('ask', answered(1));
    const waiting = expect(a.schedule('ask', answered(2))).rejects.toThrow(LimiterStopped);
    expect(await b.schedule('ask', answered('other'))).toBe('other');
    expect(router.snapshot).toMatchObject({ queued: 1, waitingWhy: 'gap' });
    await router.stop();
    await waiting;
  });

  test('an ask that fails before it is sent does not keep the next one waiting', async () => {
    const router = routerFor({ gap: { minMs: 0, maxMs: 0 } });
    const lane = router.lane('a');
    const failing = lane.schedule('ask', async () => {
      throw new Error('no disk');
    });
    const next = lane.schedule('ask', answered('next'));
    await expect(failing).rejects.toThrow('no disk');
    expect(await next).toBe('next');
  });

  test('its pause holds back its asks, those that wait for the rate limit too', async () => {
    for (const gap of [undefined, { minMs: 0, maxMs: 0 }]) {
      const router = routerFor({ mayPart: false, gap });
      await router.lane('b').schedule('ask', answered(1));
      const start = performance.now();
      const held = router.lane('a').schedule('ask', async (sent) => {
        const at = performance.now() - start;
        return answered(at)(sent);
      });
      router.lane('a').pause(start + 250);
      const later = router
        .lane('a')
        .schedule('ask', answered(2))
        .then(() => performance.now() - start);
      expect(await held).toBeGreaterThanOrEqual(249);
      expect(await later).toBeGreaterThanOrEqual(249);
    }
  });

  test('and holds back no other phone’s', async () => {
    for (const gap of [undefined, { minMs: 0, maxMs: 0 }]) {
      const router = routerFor({ mayPart: false, gap });
      const started: string[] = [];
      const ask = (phone: string) =>
        router.lane(phone).schedule('ask', (sent) => {
          started.push(phone);
          return answered(1)(sent);
        });
      const held = expect(ask('a')).rejects.toThrow(LimiterStopped);
      router.lane('a').pause(performance.now() + 3_600_000);
      const later = expect(ask('a')).rejects.toThrow(LimiterStopped);
      await ask('b');
      expect(started).toEqual(['b']);
      await router.stop();
      await Promise.all([held, later]);
    }
  });

  test('a pause for all holds back all, in whatever limiter', async () => {
    const router = routerFor();
    const start = performance.now();
    router.pause(start + 150);
    await Promise.all(PHONES.map((phone) => router.lane(phone).schedule('ask', answered(1))));
    expect(performance.now() - start).toBeGreaterThanOrEqual(150);
  });

  test('its end is its own: its asks are told, reads and the other phones go on', async () => {
    const router = routerFor({ gap: { minMs: 60_000, maxMs: 60_000 } });
    const [a, b] = [router.lane('a'), router.lane('b')];
    await a.schedule('ask', answered(1));
    const waiting = [a.schedule('ask', answered(2)), a.schedule('ask', answered(3))];
    const outcomes = Promise.allSettled(waiting);
    await vi.waitFor(
      () => expect(router.snapshot).toMatchObject({ queued: 2, waitingWhy: 'gap' }),
      PATIENTLY,
    );
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
    expect(router.snapshot.queued).toBe(0);
  });

  test('the end of all: what is held back is told, reads go on until the very end', async () => {
    const router = routerFor();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = false;
    const running = router.lane('a').schedule('ask', async (sent) => {
      started = true;
      await gate;
      return answered('done')(sent);
    });
    const held = Promise.allSettled(PHONES.map((phone) => router.lane(phone).schedule('ask', answered(1))));
    const read = router.lane('b').schedule('read', answered('read'));
    await vi.waitFor(() => expect(started).toBe(true), PATIENTLY);
    router.stopAsks();
    for (const outcome of await held) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LimiterStopped) });
    }
    release();
    expect(await running).toBe('done');
    expect(await read).toBe('read');
    const late = router.lane('c').schedule('read', answered(1));
    const stopping = router.stop();
    await Promise.allSettled([late, stopping]);
    await expect(router.lane('c').schedule('read', answered(1))).rejects.toThrow(LimiterStopped);
  });
});
