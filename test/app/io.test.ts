import { expect, it } from 'vitest';
import { systemClock } from '../../src/app/io.ts';

it('the system’s clocks: milliseconds', () => {
  const before = Date.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  expect(systemClock.monotonic()).toBeLessThanOrEqual(systemClock.monotonic());
});
