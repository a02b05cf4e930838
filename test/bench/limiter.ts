/**
 * Ours beside its rivals, each against a fresh Express server with express-rate-limit of the same settings, one after
 * the other in one run: how much of the allowance is used, how many answers are 429, how many asks are lost.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import pLimit from 'p-limit';
import { createLimiter } from '../../src/asking/limiter.ts';

const LIMIT = 10;
const WINDOW_MS = 1000;
const LATENCY_MS = 40;
/** Just under whole windows, so that the measure is not of the last window's first ask. */
const ASKS = 207;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly sentAt: number;
  readonly answeredAt: number;
}
type Ask = () => Promise<Answer>;

async function post(url: string): Promise<Answer> {
  const sentAt = performance.now();
  const answer = await fetch(url, { method: 'POST' });
  await answer.arrayBuffer();
  return { status: answer.status, headers: answer.headers, sentAt, answeredAt: performance.now() };
}

/** How many of the asks came through. */
type Contender = (ask: Ask, asks: number) => Promise<number>;

const through = (answers: readonly Answer[]) => answers.filter((answer) => answer.status === 200).length;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

const ours: Contender = async (ask, asks) => {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const limiter = createLimiter({ clock, maxConcurrent: 200 });
  const answers = await Promise.all(
    times(asks, () =>
      limiter.schedule('ask', async (sent) => {
        sent();
        const { status, headers, sentAt, answeredAt } = await ask();
        const observation = { sentAt, answeredAt, httpStatus: status, headers: Object.fromEntries(headers) };
        return { value: { status, headers, sentAt, answeredAt }, observation };
      }),
    ),
  );
  await limiter.stop();
  return through(answers);
};

/** The vendor's client, called in a loop: all at once, a 429 is an error and that is that. */
const vendor: Contender = async (ask, asks) => through(await Promise.all(times(asks, ask)));

/** Ten at a time; a 429 is tried again after its Retry-After. */
const retrying: Contender = async (ask, asks) => {
  const slots = pLimit(LIMIT);
  const untilDone = async (): Promise<Answer> => {
    for (;;) {
      const answer = await ask();
      if (answer.status !== 429) return answer;
      await delay(Number(answer.headers.get('retry-after') ?? 1) * 1000);
    }
  };
  return through(await Promise.all(times(asks, () => slots(untilDone))));
};

/** Window over limit between any two. */
const fixedDelay: Contender = async (ask, asks) => {
  const answers: Answer[] = [];
  for (let index = 0; index < asks; index++) {
    answers.push(await ask());
    await delay(WINDOW_MS / LIMIT);
  }
  return through(answers);
};

/** Waits for X-RateLimit-Reset to the letter, ten in flight, and tries again after a 429. */
const literal: Contender = async (ask, asks) => {
  const slots = pLimit(LIMIT);
  let resumeAt = 0;
  const untilDone = async (): Promise<Answer> => {
    for (;;) {
      while (performance.now() < resumeAt) await delay(resumeAt - performance.now());
      const answer = await ask();
      if (Number(answer.headers.get('x-ratelimit-remaining')) === 0) {
        const reset = Number(answer.headers.get('x-ratelimit-reset')) * 1000;
        resumeAt = Math.max(resumeAt, answer.answeredAt + reset - Date.now());
      }
      if (answer.status !== 429) return answer;
    }
  };
  return through(await Promise.all(times(asks, () => slots(untilDone))));
};

const CONTENDERS: readonly (readonly [string, Contender])[] = [
  ['group-onboard', ours],
  ["the vendor's client in a loop", vendor],
  ['p-limit, and again after each 429', retrying],
  ['a fixed delay of window/limit', fixedDelay],
  ['X-RateLimit-Reset to the letter', literal],
];

async function measure(contender: Contender): Promise<readonly string[]> {
  const granted: number[] = [];
  let throttled = 0;
  const app = express();
  app.use(
    rateLimit({
      limit: LIMIT,
      windowMs: WINDOW_MS,
      standardHeaders: false,
      legacyHeaders: true,
      validate: false,
    }),
  );
  app.use((_request, response) => {
    granted.push(performance.now());
    setTimeout(() => response.json({}), LATENCY_MS / 2);
  });
  const server = createServer((request, response) => {
    response.on('finish', () => {
      if (response.statusCode === 429) throttled++;
    });
    setTimeout(() => app(request, response), LATENCY_MS / 2);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const done = await contender(() => post(url), ASKS);
    const took = (granted.at(-1) ?? 0) - (granted[0] ?? 0);
    const used = took < WINDOW_MS ? undefined : ((granted.length / LIMIT - 1) * WINDOW_MS) / took;
    const lost = ASKS - done;
    return [used === undefined ? '–' : `${(used * 100).toFixed(1)} %`, String(throttled), String(lost)];
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A Markdown table. Takes about two minutes: the server's windows are real. */
export async function bench(): Promise<string> {
  const rows: string[] = [];
  for (const [name, contender] of CONTENDERS) {
    rows.push(`| ${name} | ${(await measure(contender)).join(' | ')} |`);
  }
  return [
    `${ASKS} asks, ${LIMIT} per ${WINDOW_MS} ms, ${LATENCY_MS} ms latency, Express with express-rate-limit:`,
    '',
    '| client | of the allowance | throttled | lost |',
    '|---|---:|---:|---:|',
    ...rows,
  ].join('\n');
}
