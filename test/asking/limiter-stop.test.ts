<<<<<<< HEAD
import { expect, test } from 'vitest';
import { createLimiter } from '../../src/asking/limiter.ts';
import { systemClock } from '../../src/job/io.ts';

test('a limiter that is stopped at once rejects nothing that nobody waits for', async () => {
  const rejected: unknown[] = [];
  const note = (reason: unknown) => rejected.push(reason);
  process.on('unhandledRejection', note);
  try {
    await createLimiter({ clock: systemClock, maxConcurrent: 1 }).stop();
    // Node reports a rejection once the turn is over in which it happened; Bottleneck takes a few turns.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  } finally {
    process.off('unhandledRejection', note);
  }
  expect(rejected).toEqual([]);
=======
import { expect, it, onTestFinished } from 'vitest';
import { createLimiter } from '../../src/asking/limiter.ts';

it('a stop before anything could start is no defect: what waits is told, and nothing else rejects', async () => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listener);
  onTestFinished(() => {
    process.off('unhandledRejection', listener);
  });
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const limiter = createLimiter({ clock, maxConcurrent: 3 });
  const waiting = limiter.schedule('read', async () => ({ value: 1, observation: undefined }));
  await Promise.all([expect(waiting).rejects.toThrow('stopped before this could start'), limiter.stop()]);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
>>>>>>> 10e7268 (asking: a signal before the limiter's first start is no defect)
});
