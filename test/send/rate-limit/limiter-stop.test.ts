import { expect, test } from 'vitest';
import { systemClock } from '../../../src/app/io.ts';
import { createLimiter } from '../../../src/send/rate-limit/limiter.ts';

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
});
