import fc from 'fast-check';
import { expect, test } from 'vitest';
import { personKey } from '../../src/domain/ids.ts';
import type { ChatId, Pair, Participant } from '../../src/domain/words.ts';
import { PairIndex } from '../../src/lib/pair-index.ts';
import { repeats, soakTest } from '../helpers.ts';
import { pair } from '../ledger/support.ts';

const anyPair: fc.Arbitrary<Pair> = fc.record({
  chatId: fc.integer({ min: 0, max: 3 }).map((n) => `12036337130838968${n}@g.us` as ChatId),
  participant: fc
    .oneof(
      fc.integer({ min: 0, max: 60 }).map((n) => String(919_537_851_000 + n)),
      // The two numbers of one person, and numbers of every length.
      fc.integer({ min: 0, max: 9 }).chain((n) => fc.constantFrom(`521551234567${n}`, `52551234567${n}`)),
      fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }).map(String),
    )
    .map((digits) => digits as Participant),
});

test('it behaves as a Map of persons', () => {
  const operation = fc.tuple(anyPair, fc.integer({ min: -1, max: 1e9 }));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400, size: 'max' }), (operations) => {
      const index = new PairIndex();
      const map = new Map<string, number>();
      for (const [one, value] of operations) {
        const key = `${one.chatId} ${personKey(one.participant)}`;
        expect(index.get(one)).toBe(map.get(key));
        if (value < 0) continue;
        index.set(one, value);
        map.set(key, value);
        expect(index.get(one)).toBe(value);
        expect(index.size).toBe(map.size);
      }
    }),
    { numRuns: repeats(100) },
  );
});

test('entries are numbered in order of insertion, and stay while it grows', () => {
  const index = new PairIndex();
  for (let i = 0; i < 5000; i++) {
    expect(index.insert(pair(i, i % 7))).toBe(i);
    index.setAt(i, i * 3);
  }
  for (let i = 0; i < 5000; i++) {
    expect(index.find(pair(i, i % 7))).toBe(i);
    expect(index.insert(pair(i, i % 7))).toBe(i);
    expect(index.valueAt(i)).toBe(i * 3);
  }
  expect(index.find(pair(5000))).toBe(-1);
  expect(index.find(pair(1, 99))).toBe(-1);
});

soakTest('a million pairs take less than 100 MB', () => {
  const before = process.memoryUsage();
  const index = new PairIndex();
  for (let i = 0; i < 1_000_000; i++) index.set(pair(i * 7, i % 1000), i);
  const after = process.memoryUsage();
  // Typed arrays live outside the JavaScript heap; what the heap keeps is one string and number per group.
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(100e6);
  expect(index.size).toBe(1_000_000);
  let wrong = 0;
  for (let i = 0; i < 1_000_000; i++) if (index.get(pair(i * 7, i % 1000)) !== i) wrong++;
  expect(wrong).toBe(0);
});
