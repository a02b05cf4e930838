import { expect, test } from 'vitest';
import {
  addRoundTrip,
  longestRoundTrip,
  meanRoundTrip,
  NO_ROUND_TRIPS,
  shortestRoundTrip,
} from '../../src/asking/pacing/round-trip.ts';

const after = (trips: readonly number[]) => trips.reduce(addRoundTrip, NO_ROUND_TRIPS);

test('nothing is older than the generation before: what is remembered does not grow', () => {
  const few = after(Array.from({ length: 600 }, () => 40));
  const many = after(Array.from({ length: 60_000 }, () => 40));
  expect(JSON.stringify(many)).toHaveLength(JSON.stringify(few).length);
});

test('a network that has become slower is known to be so after two generations', () => {
  const slower = after([...Array.from({ length: 256 }, () => 5), ...Array.from({ length: 256 }, () => 50)]);
  expect(shortestRoundTrip(slower)).toBeLessThan(5);
  expect(shortestRoundTrip(after([50, 50])), 'few samples say nothing').toBe(0);
  const forgotten = Array.from({ length: 257 }, () => 50).reduce(addRoundTrip, slower);
  expect([shortestRoundTrip(forgotten), longestRoundTrip(forgotten), meanRoundTrip(forgotten)]).toEqual([
    50, 50, 50,
  ]);
  expect(meanRoundTrip(NO_ROUND_TRIPS)).toBe(0);
});
