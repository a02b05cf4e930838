import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createLimiter,
  type LimiterOptions,
  LimiterStopped,
  type Observation,
  type Start,
} from '../../../src/send/rate-limit/limiter.ts';
import { localPacer } from '../../../src/send/rate-limit/pacer.ts';
import { bestOfThree, PATIENTLY, soakTest } from '../../helpers.ts';
import { type Counter, counter } from './simulator.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

interface Api {
  readonly url: string;
  /** When the server counted each ask that it granted, and each that it refused. */
  readonly granted: number[];
  readonly refused: number[];
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The server of the sample: Express with express-rate-limit; half of the latency lies before the count. */
async function expressApi(limit: number, windowMs: number, latencyMs: number): Promise<Api> {
  const granted: number[] = [];
  const refused: number[] = [];
  const app = express();
  app.use(rateLimit({ limit, windowMs, standardHeaders: false, legacyHeaders: true, validate: false }));
  app.use((_request, response) => {
    granted.push(performance.now());
    setTimeout(() => response.json({}), latencyMs / 2);
  });
  const server = createServer((request, response) => {
    response.on('finish', () => {
      if (response.statusCode === 429) refused.push(performance.now());
    });
    setTimeout(() => app(request, response), latencyMs / 2);
  });
  return { url: await listen(server), granted, refused };
}

/** A server that counts as one of the simulator's. */
async function countingApi(
  count: Counter,
  headers: (remaining: number, resetAt: number) => Record<string, string>,
): Promise<Api> {
  const granted: number[] = [];
  const refused: number[] = [];
  const server = createServer((_request, response) => {
    const counted = count.hit(Date.now());
    (counted.ok ? granted : refused).push(performance.now());
    response.writeHead(counted.ok ? 200 : 429, headers(counted.remaining, counted.resetAt)).end('{}');
  });
  return { url: await listen(server), granted, refused };
}

async function exchange(
  url: string,
  start: Start,
): Promise<{ value: number; observation: Observation } | undefined> {
  if (!(await start.due())) return undefined;
  start.sent();
  const sentAt = performance.now();
  const answer = await fetch(url, { method: 'POST' });
  await answer.arrayBuffer();
  return {
    value: answer.status,
    observation: {
      sentAt,
      answeredAt: performance.now(),
      httpStatus: answer.status,
      headers: Object.fromEntries(answer.headers),
    },
  };
}

function limiterFor(options: Partial<LimiterOptions> = {}) {
  const limiter = createLimiter({ clock, maxConcurrent: 200, ...options });
  onTestFinished(() => limiter.stop());
  return limiter;
}

function used(api: Api, limit: number, windowMs: number): number {
  const { granted } = api;
  return ((granted.length / limit - 1) * windowMs) / ((granted.at(-1) ?? 0) - (granted[0] ?? 0));
}

describe('against a real Express server with express-rate-limit', () => {
  soakTest.each([
    [10, 1000, 5, 197],
    [10, 1000, 40, 197],
    [10, 1000, 200, 197],
  ])(
    '%i asks per %i ms at %i ms: no 429, and more of the allowance than any rival without one',
    async (limit, windowMs, latencyMs, asks) => {
      const once = async () => {
        const api = await expressApi(limit, windowMs, latencyMs);
        const limiter = limiterFor();
        const statuses = await Promise.all(
          Array.from({ length: asks }, () => limiter.schedule('ask', (start) => exchange(api.url, start))),
        );
        await limiter.stop();
        expect(new Set(statuses).size).toBe(api.refused.length === 0 ? 1 : 2);
        return { refused: api.refused.length, share: used(api, limit, windowMs) };
      };
      // The simulator asserts how much exactly, and the bench measures it: here a stall of the machine counts in, and would
      // have to three times in a row. A fixed delay of window/limit uses 67 %, waiting for Reset to the letter 50 %.
      const isGood = (run: { refused: number; share: number }) => run.refused === 0 && run.share > 0.8;
      const run = await bestOfThree(once, isGood);
      expect(run.refused).toBe(0);
      expect(run.share).toBeGreaterThan(0.8);
    },
  );

  soakTest('a hundred per second: asks in flight rise by themselves', async () => {
    const api = await expressApi(100, 1000, 40);
    const limiter = limiterFor();
    let flying = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 397 }, () =>
        limiter.schedule('ask', async (start) => {
          most = Math.max(most, ++flying);
          return exchange(api.url, start).finally(() => flying--);
        }),
      ),
    );
    expect(api.refused).toEqual([]);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(100);
  });

  test('the wall clock jumps by an hour, and back: nothing happens', async () => {
    const api = await expressApi(1000, 60_000, 0);
    const waits: unknown[] = [];
    const limiter = limiterFor({ onWait: (wait) => waits.push(wait) });
    const ask = () => limiter.schedule('ask', (start) => exchange(api.url, start));
    await ask();
    const real = Date.now;
    for (const jump of [-3_600_000, 3_600_000, -3_600_000]) {
      const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + jump);
      onTestFinished(() => spy.mockRestore());
      await Promise.all([ask(), ask(), ask()]);
    }
    expect(waits).toEqual([]);
    expect(api.refused).toEqual([]);
  });
});

soakTest('a sliding log on real sockets: no 429', async () => {
  const count = counter('sliding', 10, 1000, 'next');
  const api = await countingApi(count, (remaining, resetAt) => ({
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
  }));
  const limiter = limiterFor();
  await Promise.all(
    Array.from({ length: 47 }, () => limiter.schedule('ask', (start) => exchange(api.url, start))),
  );
  expect(api.refused).toEqual([]);
  expect(api.granted).toHaveLength(47);
});

describe('the mechanism', () => {
  /** A task that was answered at once. */
  const answered =
    (value: unknown, httpStatus = 200, headers: Record<string, string> = {}) =>
    async (start: Start) => {
      if (!(await start.due())) return undefined;
      start.sent();
      const sentAt = performance.now();
      return { value, observation: { sentAt, answeredAt: performance.now() + 0.1, httpStatus, headers } };
    };
  const generous = { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '900', 'x-ratelimit-reset': '60' };

  test('the first ask goes alone', async () => {
    const limiter = limiterFor();
    let started = 0;
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tasks = Array.from({ length: 5 }, () =>
      limiter.schedule('ask', async (start) => {
        started++;
        await gate;
        return answered(1, 200, generous)(start);
      }),
    );
    await vi.waitFor(() => expect(started).toBe(1), PATIENTLY);
    await delay(30);
    expect(started).toBe(1);
    expect(limiter.snapshot).toMatchObject({ inFlight: 1, queued: 4 });
    release();
    await Promise.all(tasks);
    expect(limiter.snapshot).toMatchObject({ limit: 1000, inFlight: 0, queued: 0, throttled: 0 });
  });

  test('a 429 pauses everything, says so, and is told to whoever asked', async () => {
    const waits: string[] = [];
    const limiter = limiterFor({ onWait: ({ why }) => waits.push(why) });
    await limiter.schedule('ask', answered(1, 200, generous));
    const before = performance.now();
    expect(await limiter.schedule('ask', answered('refused', 429, { ...generous, 'retry-after': '1' }))).toBe(
      'refused',
    );
    expect(await limiter.schedule('read', answered('later', 200, generous))).toBe('later');
    expect(performance.now() - before).toBeGreaterThanOrEqual(1000);
    expect(waits).toContain('throttled');
    expect(limiter.snapshot.throttled).toBe(1);
  });

  test('a window of more than a minute is one wait, with its end', async () => {
    const waits: { untilMonotonic: number; why: string }[] = [];
    const limiter = createLimiter({ clock, maxConcurrent: 10, onWait: (wait) => waits.push(wait) });
    const full = { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '120' };
    await limiter.schedule('ask', answered(1, 200, full));
    const held = [3, 4].map((i) => limiter.schedule('ask', answered(i, 200, full)));
    const outcomes = Promise.allSettled(held);
    await vi.waitFor(() => expect(waits.at(-1)?.untilMonotonic).toBeGreaterThan(performance.now() + 60_000));
    await delay(50);
    const long = waits.filter(({ untilMonotonic }) => untilMonotonic > performance.now() + 60_000);
    expect(long.map(({ why }) => why)).toEqual(['window']);
    expect(limiter.snapshot).toMatchObject({ waitingWhy: 'window', queued: 2 });
    await limiter.stop();
    await outcomes;
  });

  test('a pause holds everything back, and is never shortened', async () => {
    const limiter = limiterFor();
    const until = performance.now() + 150;
    limiter.pause(until);
    limiter.pause(until - 100);
    await limiter.schedule('ask', answered(1));
    expect(performance.now()).toBeGreaterThanOrEqual(until);
  });

  test('the gap is between asks', async () => {
    const limiter = limiterFor({ gap: { minMs: 200, maxMs: 200 }, random: () => 0 });
    await limiter.schedule('ask', answered(1, 200, generous));
    const before = performance.now();
    await limiter.schedule('ask', answered(2, 200, generous));
    expect(performance.now() - before).toBeGreaterThanOrEqual(190);
  });

  test('reads do not wait for the gap', async () => {
    const limiter = limiterFor({ gap: { minMs: 3_600_000, maxMs: 3_600_000 }, random: () => 0 });
    await limiter.schedule('ask', answered(1, 200, generous));
    const ask = limiter.schedule('ask', answered(2, 200, generous));
    const outcome = expect(ask).rejects.toThrow(LimiterStopped);
    expect(await limiter.schedule('read', answered(3, 200, generous))).toBe(3);
    expect(limiter.snapshot).toMatchObject({ queued: 1, waitingWhy: 'gap' });
    await limiter.stop();
    await outcome;
  });

  test('no headers: one per second, or the rate that was asked for', async () => {
    const slow = limiterFor();
    const quick = limiterFor({ maxRate: { count: 20, perMs: 1000 } });
    const time = async (limiter: typeof slow) => {
      const before = performance.now();
      await Promise.all(Array.from({ length: 3 }, () => limiter.schedule('ask', answered(1))));
      return performance.now() - before;
    };
    const [perSecond, asAsked] = await Promise.all([time(slow), time(quick)]);
    expect(perSecond).toBeGreaterThanOrEqual(2000);
    expect(asAsked).toBeGreaterThanOrEqual(90);
    expect(asAsked).toBeLessThan(perSecond);
  });

  test('a task that fails, sent or not, holds nobody up, and its error is passed on', async () => {
    const limiter = limiterFor({ maxConcurrent: 1 });
    const fail = (send: boolean) =>
      limiter.schedule('ask', async (start) => {
        if (send) start.sent();
        throw new Error('no disk');
      });
    await expect(fail(false)).rejects.toThrow('no disk');
    await limiter.schedule('ask', answered(1, 200, generous));
    await expect(fail(true)).rejects.toThrow('no disk');
    expect(await limiter.schedule('ask', answered('on', 200, generous))).toBe('on');
    expect(limiter.snapshot.inFlight).toBe(0);
  });

  test('a permit that has lapsed is given back, and the task waits for another', async () => {
    const told: string[] = [];
    let checks = 0;
    const limiter = limiterFor({
      pacer: (parts) => {
        const pacer = localPacer(parts);
        return {
          ...pacer,
          get allowance() {
            return pacer.allowance;
          },
          tell(event) {
            told.push(event.type);
            pacer.tell(event);
          },
          // The first one lapses.
          holds: () => {
            checks++;
            return checks > 1;
          },
        };
      },
    });
    let runs = 0;
    const value = await limiter.schedule('ask', async (start) => {
      runs++;
      return answered('done', 200, generous)(start);
    });
    expect([value, runs, told]).toEqual(['done', 2, ['withdrawn', 'sent', 'answered']]);
    expect(limiter.snapshot).toMatchObject({ inFlight: 0, queued: 0 });
  });

  test('what is granted after the stop is given back', async () => {
    const told: string[] = [];
    let grantLate: () => void = () => undefined;
    const limiter = createLimiter({
      clock,
      maxConcurrent: 1,
      pacer: ({ hooks }) => {
        grantLate = () => hooks.grant([{ id: 7, kind: 'ask', from: 0 }]);
        return {
          tell: (event) => told.push(`${event.type} ${'id' in event ? event.id : ''}`),
          look: () => undefined,
          holds: () => true,
          allowance: { mode: 'unknown' as const },
          close: async () => {
            told.push('closed');
          },
        };
      },
    });
    const task = limiter.schedule('ask', answered(1));
    const outcome = expect(task).rejects.toThrow(LimiterStopped);
    limiter.stopAsks();
    grantLate();
    await outcome;
    await limiter.stop();
    expect(told).toEqual(['withdrawn 7', 'closed']);
  });

  test('stop: the running one ends, the queued ones are told, nothing is left', async () => {
    const limiter = createLimiter({ clock, maxConcurrent: 5 });
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let started = false;
    const running = limiter.schedule('ask', async (start) => {
      started = true;
      await gate;
      return answered('done')(start);
    });
    const queued = [1, 2, 3].map(() => limiter.schedule('ask', answered(1)));
    const outcomes = Promise.allSettled(queued);
    await vi.waitFor(() => expect(started).toBe(true), PATIENTLY);
    const stopped = limiter.stop();
    finish();
    await stopped;
    expect(await running).toBe('done');
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LimiterStopped) });
    }
    await expect(limiter.schedule('ask', answered(1))).rejects.toThrow(LimiterStopped);
    expect(limiter.snapshot.queued).toBe(0);
    await limiter.stop();
  });
});
