/** Servers that count otherwise than their headers say, or that count reads and asks apart, at the built CLI. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { describe, expect, it } from 'vitest';
import { httpServer, textOf } from '../send/api-server.ts';
import { job } from './faults/support.ts';
import { csv, GROUP, phone, SENDER } from './harness.ts';

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** Takes the ask, or refuses it; what it takes is answered after `workMs`. */
interface Server {
  readonly workMs: number;
  ask(now: number, inWork: number): Reply;
  read?(now: number): Reply;
}

interface Seen {
  /** How often each participant was accepted. */
  readonly accepted: Map<string, number>;
  /** Arrivals of what was taken, ms. */
  readonly taken: number[];
  readonly refused: number[];
  readonly readsRefused: number[];
  mostInWork: number;
}

const done = { is_success: true, code: 200, message: 'Participant added successfully' };

function answerTo(request: IncomingMessage, people: readonly string[]): unknown {
  if (request.method === 'POST') return Object.fromEntries(people.map((one) => [`${one}@c.us`, done]));
  return request.url?.endsWith('/phones')
    ? { is_ready: true, wa_state: 'CONNECTED', org_phone: SENDER }
    : { chat_id: GROUP, chat_name: 'A', members: { [`${SENDER}@c.us`]: {} } };
}

const count = (headers: Partial<Record<'limit' | 'remaining' | 'reset', number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [`x-ratelimit-${name}`, String(value)]));

/** What a server says that shows a thousand a second, and counts something else. */
const roomy = (now: number) => count({ limit: 1000, remaining: 990, reset: Math.ceil(now / 1000) + 1 });

async function stub(server: Server): Promise<{ readonly url: URL; readonly seen: Seen }> {
  const seen: Seen = { accepted: new Map(), taken: [], refused: [], readsRefused: [], mostInWork: 0 };
  let inWork = 0;
  const { url } = await httpServer(async (request, response) => {
    const people: string[] = JSON.parse((await textOf(request)) || '{}').participants ?? [];
    const now = Date.now();
    const isAsk = request.method === 'POST';
    const { status, headers } = isAsk ? server.ask(now, inWork) : (server.read?.(now) ?? { status: 200 });
    const say = (body: unknown) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...(headers ?? roomy(now)) })
        .end(JSON.stringify(body));
    if (status !== 200) {
      (isAsk ? seen.refused : seen.readsRefused).push(now);
      return say({ message: status === 429 ? 'Too many requests' : 'Service Unavailable' });
    }
    if (!isAsk) return say(answerTo(request, people));
    seen.taken.push(now);
    for (const one of people) seen.accepted.set(one, (seen.accepted.get(one) ?? 0) + 1);
    seen.mostInWork = Math.max(seen.mostInWork, ++inWork);
    await delay(server.workMs);
    inWork--;
    return say(answerTo(request, people));
  });
  return { url, seen };
}

/** So many people through it: all are done, each accepted once. */
async function runFor(howMany: number, url: URL, ...flags: string[]) {
  const people = Array.from({ length: howMany }, (_, i) => phone(i));
  const on = await job(
    { args: ['--base-url', url.href, '--phone', SENDER], env: { PERISKOPE_API_KEY: 'key' } },
    csv(people),
  );
  const ended = await on.run(...flags);
  expect(await on.rows()).toEqual(people.map(() => 'added'));
  expect(ended.code).toBe(0);
  return { people, stderr: ended.stderr };
}

const onceEach = (people: readonly string[]) => new Map(people.map((one) => [one, 1]));

/** At most so many in any `windowMs`, to the letter. */
function slidingLog(limit: number, windowMs: number) {
  const hits: number[] = [];
  return (now: number): number | undefined => {
    while ((hits[0] ?? now) + windowMs <= now) hits.shift();
    if (hits.length >= limit) return undefined;
    hits.push(now);
    return limit - hits.length;
  };
}

describe.each([429, 503])('a server that shows a thousand and refuses with %i', (status) => {
  it('what goes beyond five at a time: at most one ask of twenty is refused, and the ceiling is said', async () => {
    const { url, seen } = await stub({
      workMs: 300,
      ask: (_now, inWork) => ({ status: inWork < 5 ? 200 : status }),
    });
    const { people, stderr } = await runFor(200, url);
    expect(seen.accepted).toEqual(onceEach(people));
    expect(seen.refused.length).toBeLessThanOrEqual(10);
    expect(stderr).toMatch(/the API refuses more than [1-5] asks? at a time, whatever its headers say/);
  });

  it('what goes beyond ten a second: at most one ask of twenty is refused', async () => {
    const log = slidingLog(10, 1000);
    const { url, seen } = await stub({
      workMs: 40,
      ask: (now) => ({ status: log(now) === undefined ? status : 200 }),
    });
    const { people } = await runFor(200, url);
    expect(seen.accepted).toEqual(onceEach(people));
    expect(seen.refused.length).toBeLessThanOrEqual(10);
  });
});

/** A window that begins with its first hit, as express-rate-limit counts. */
function firstHit(limit: number, windowMs: number): (now: number) => Reply {
  let from = Number.NEGATIVE_INFINITY;
  let hits = 0;
  return (now) => {
    if (now >= from + windowMs) [from, hits] = [now, 0];
    hits++;
    const headers = count({
      limit,
      remaining: Math.max(0, limit - hits),
      reset: Math.ceil((from + windowMs) / 1000),
    });
    return { status: hits > limit ? 429 : 200, headers };
  };
}

it('reads counted by the minute, asks by the second: no 429, and the asks use their allowance', async () => {
  const { url, seen } = await stub({
    workMs: 100,
    ask: firstHit(10, 1000),
    read: firstHit(100, 60_000),
  });
  const { people } = await runFor(60, url);
  expect(seen.accepted).toEqual(onceEach(people));
  expect([...seen.refused, ...seen.readsRefused]).toEqual([]);
  const took = (seen.taken.at(-1) ?? 0) - (seen.taken[0] ?? 0);
  console.log('apart', took);
  // Six windows, and what learning their length costs.
  expect(took).toBeLessThan(9000);
});

it('express-rate-limit, ten a second, a second of work after the count: no 429 in 150 asks', async () => {
  const app = express();
  const accepted = new Map<string, number>();
  let refused = 0;
  const limiter = rateLimit({
    limit: 10,
    windowMs: 1000,
    standardHeaders: false,
    legacyHeaders: true,
    validate: false,
    handler: (_request, response) => {
      refused++;
      response.status(429).send('Too many requests');
    },
  });
  app.use(limiter, express.json(), async (request, response) => {
    const people: string[] = request.body?.participants ?? [];
    for (const one of people) accepted.set(one, (accepted.get(one) ?? 0) + 1);
    if (request.method === 'POST') await delay(1000);
    response.json(answerTo(request, people));
  });
  const { url } = await httpServer(app);
  const { people } = await runFor(150, url);
  expect(accepted).toEqual(onceEach(people));
  expect(refused).toBe(0);
});
