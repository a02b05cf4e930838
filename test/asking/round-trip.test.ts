import { expect, test } from 'vitest';
import {
  addRoundTrip,
  longestRoundTrip,
  meanRoundTrip,
  NO_ROUND_TRIPS,
  shortestRoundTrip,
} from '../../src/asking/pacing/round-trip.ts';
import { randomFrom } from './simulator.ts';

const after = (trips: readonly number[]) => trips.reduce(addRoundTrip, NO_ROUND_TRIPS);

test('nothing is older than the generation before: what is remembered does not grow', () => {
  const few = after(Array.from({ length: 1100 }, () => 40));
  const many = after(Array.from({ length: 60_000 }, () => 40));
  expect(JSON.stringify(many)).toHaveLength(JSON.stringify(few).length);
});

test('a network that has become slower is known to be so after two generations', () => {
  const slower = after([...Array.from({ length: 512 }, () => 5), ...Array.from({ length: 512 }, () => 50)]);
  expect(shortestRoundTrip(slower)).toBeLessThan(5);
  expect(shortestRoundTrip(after([50, 50])), 'few samples say nothing').toBe(0);
  const forgotten = Array.from({ length: 513 }, () => 50).reduce(addRoundTrip, slower);
  expect([shortestRoundTrip(forgotten), longestRoundTrip(forgotten), meanRoundTrip(forgotten)]).toEqual([
    50, 50, 50,
  ]);
  expect(meanRoundTrip(NO_ROUND_TRIPS)).toBe(0);
});

test('two ways that vary each by itself seldom make the shortest trip: the next one hardly ever undercuts it', () => {
  const random = randomFrom(1);
  const [forth, back] = [114, 86];
  const runs = 300;
  let chance = 0;
  let asks = 0;
  for (let run = 0; run < runs; run++) {
    let trips = NO_ROUND_TRIPS;
    for (let ask = 0; ask < 2400; ask++, asks++) {
      trips = addRoundTrip(trips, 100 + random() * forth + random() * back);
      // The chance that the sum of both is below: a triangle's corner.
      const above = Math.max(0, shortestRoundTrip(trips) - 100);
      chance += above ** 2 / (2 * forth * back);
    }
  }
  expect((chance / asks) * 1e6, 'per million').toBeLessThan(10);
});
