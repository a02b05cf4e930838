/** A server that takes fewer asks at a time than its headers say: the user is told which flag helps. */
import { expect, it, test } from 'vitest';
import { systemClock } from '../../src/app/io.ts';
import { createLimiter, type Start } from '../../src/send/rate-limit/limiter.ts';
import { answered } from './answers.ts';
import { people, stage } from './fakes.ts';

it.each([
  [undefined, 'the API keeps refusing (Too many requests)'],
  [5, 'the API keeps refusing (Too many requests); at most 5 at a time got through: --concurrency 5'],
])('a ceiling of %s: the stop says so', async (ceiling, message) => {
  const on = stage({ add: () => answered(429, 'Too many requests') });
  on.limiter.snapshot = { inFlight: 0, queued: 0, throttled: 0, ...(ceiling && { ceiling }) };
  await on.askFor(people(20));
  expect(on.control.reason).toMatchObject({ exit: 75, code: 'throttled', message });
});

const shown = { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '900', 'x-ratelimit-reset': '1' };

test.each([
  ['429', 429],
  ['503', 503],
])('more than three at a time are %s: noted once', async (_what, refusal) => {
  const found: number[] = [];
  const onCeiling = (atOnce: number) => found.push(atOnce);
  const limiter = createLimiter({ clock: systemClock, maxConcurrent: 100, onCeiling });
  let flying = 0;
  const exchange = async (start: Start) => {
    if (!(await start.due())) return undefined;
    start.sent();
    const sentAt = systemClock.monotonic();
    flying++;
    const httpStatus = flying > 3 ? refusal : 200;
    // Long beside the time from a grant to its start: the limiter and the server count the same.
    await new Promise((resolve) => setTimeout(resolve, 50));
    flying--;
    const observation = { sentAt, answeredAt: systemClock.monotonic(), httpStatus, headers: shown };
    return { value: httpStatus, observation };
  };
  const untilDone = async () => {
    while ((await limiter.schedule('ask', exchange)) !== 200);
  };
  await Promise.all(people(30).map(untilDone));
  expect(found).toEqual([limiter.snapshot.ceiling]);
  expect(found[0]).toBeLessThanOrEqual(3);
  await limiter.stop();
});

test('one ask refused by itself says nothing of how many at a time', async () => {
  const found: number[] = [];
  const limiter = createLimiter({
    clock: systemClock,
    maxConcurrent: 100,
    onCeiling: (atOnce) => found.push(atOnce),
  });
  let n = 0;
  for (let i = 0; i < 5; i++) {
    await limiter.schedule('ask', async (start) => {
      if (!(await start.due())) return undefined;
      start.sent();
      const sentAt = systemClock.monotonic();
      const observation = {
        sentAt,
        answeredAt: sentAt + 0.1,
        httpStatus: n++ === 0 ? 503 : 200,
        headers: shown,
      };
      return { value: undefined, observation };
    });
  }
  expect(found).toEqual([]);
  expect(limiter.snapshot.ceiling).toBeUndefined();
  await limiter.stop();
});
