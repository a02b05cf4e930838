/**
 * Ours beside its rivals, each against fresh Express servers with express-rate-limit of the same settings, one for each
 * latency, one rival after the other in one run: how much of the allowance is used, how many answers are 429, how many
 * asks are lost.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import pLimit from 'p-limit';
import type { ChatId, Participant } from '../../src/domain/words.ts';
import { createClient } from '../../src/send/api/client.ts';
import { observed } from '../../src/send/gateway.ts';
import { createLimiter } from '../../src/send/rate-limit/limiter.ts';

const LIMIT = 10;
const WINDOW_MS = 1000;
/** What an ask takes, ms: the way to the server before it counts, and what comes after that; both from … to. */
interface Latency {
  readonly name: string;
  readonly way: Range;
  readonly work: Range;
}
type Range = readonly [from: number, to: number];

/** The time that WhatsApp takes for an add, ± 50 %, behind a way of 1 to 40 ms. */
const working = (name: string, ms: number): Latency => ({
  name,
  way: [1, 40],
  work: [ms * 0.5, ms * 1.5],
});
const LATENCIES: readonly Latency[] = [
  { name: '40 ms', way: [20, 20], work: [20, 20] },
  working('400 ms', 400),
  working('1 s', 1000),
  working('2.5 s', 2500),
];
const within = ([from, to]: Range): number => from + Math.random() * (to - from);
/** Between the starts of two latencies: the bursts of those that begin with one do not meet. */
const APART_MS = 1500;
/** Just under whole windows, so that the measure is not of the last window's first ask. */
const ASKS = 207;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly answeredAt: number;
}
type Ask = () => Promise<Answer>;

async function post(url: string): Promise<Answer> {
  const answer = await fetch(url, { method: 'POST' });
  await answer.arrayBuffer();
  return { status: answer.status, headers: answer.headers, answeredAt: performance.now() };
}

/** How many of the asks came through. */
type Contender = (ask: Ask, asks: number, url: string) => Promise<number>;

const through = (answers: readonly Answer[]) => answers.filter((answer) => answer.status === 200).length;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

/** The limiter behind the client that the tool ships. */
const ours: Contender = async (_ask, asks, url) => {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const limiter = createLimiter({ clock, maxConcurrent: 200 });
  const client = createClient({
    baseUrl: new URL(url),
    apiKey: 'none',
    sender: undefined,
    requestTimeoutMs: 30_000,
    clock,
  });
  const [chat, person] = ['120363371308389685@g.us' as ChatId, '919537851844' as Participant];
  const statuses = await Promise.all(
    times(asks, () =>
      limiter.schedule('ask', async (start) => {
        if (!(await start.due())) return undefined;
        const answer = await client.add(chat, [person], { force: false, onSend: start.sent });
        const observation = observed(answer);
        return { value: observation.httpStatus, observation };
      }),
    ),
  );
  await limiter.stop();
  client.close();
  return statuses.filter((status) => status === 200).length;
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

interface Measured {
  /** In percent. */
  readonly used: string;
  readonly throttled: number;
  readonly lost: number;
}

async function measure(contender: Contender, { way, work }: Latency): Promise<Measured> {
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
    setTimeout(() => response.json({}), within(work));
  });
  const server = createServer((request, response) => {
    response.on('finish', () => {
      if (response.statusCode === 429) throttled++;
    });
    setTimeout(() => app(request, response), within(way));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const done = await contender(() => post(url), ASKS, url);
    const took = (granted.at(-1) ?? 0) - (granted[0] ?? 0);
    const used = took < WINDOW_MS ? undefined : ((granted.length / LIMIT - 1) * WINDOW_MS) / took;
    return {
      used: used === undefined ? '–' : `${(used * 100).toFixed(1)} %`,
      throttled,
      lost: ASKS - done,
    };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/**
 * A Markdown table: of the allowance, and how many were throttled and lost, by latency. Takes about a quarter of an hour,
 * most of it for the one that waits for each answer: the server's windows are real.
 */
export async function bench(): Promise<string> {
  const rows: string[] = [];
  for (const [name, contender] of CONTENDERS) {
    const measured = await Promise.all(
      LATENCIES.map(async (latency, place) => {
        await delay(place * APART_MS);
        return measure(contender, latency);
      }),
    );
    const cells = measured.map(({ used, throttled, lost }) => `${used}, ${throttled}, ${lost}`);
    rows.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  return [
    `${ASKS} asks, ${LIMIT} per ${WINDOW_MS} ms, Express with express-rate-limit; of the allowance, throttled, lost.`,
    'Latency 40 ms: half before the ask is counted; else what the server takes after it, ± 50 %, the way to it 1–40 ms:',
    '',
    `| client | ${LATENCIES.map(({ name }) => name).join(' | ')} |`,
    `|---|${LATENCIES.map(() => '---:|').join('')}`,
    ...rows,
  ].join('\n');
}
