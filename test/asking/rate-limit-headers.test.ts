import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Facts, readFacts } from '../../src/asking/pacing/headers.ts';
import { narrow, toMonotonic, UNKNOWN_CLOCK } from '../../src/asking/pacing/server-clock.ts';
import { repeats } from '../helpers.ts';

const DATE = 'Sun, 26 Jan 2025 17:14:27 GMT';
const AT = Date.parse(DATE);

function facts(headers: Record<string, string>, httpStatus = 200): Facts {
  return readFacts({ sentAt: 0, answeredAt: 1, httpStatus, headers });
}

describe('the three headers', () => {
  test("the sample's: ten per window, nine left, the window's end two seconds after Date", () => {
    expect(
      facts({
        date: DATE,
        'x-ratelimit-limit': '10',
        'x-ratelimit-remaining': '9',
        'x-ratelimit-reset': '1737911669',
      }),
    ).toEqual({
      limit: 10,
      remaining: 9,
      reset: { on: 'wall', at: AT + 2000, step: 1000 },
      date: AT,
      retryAfter: undefined,
      throttled: false,
    });
  });

  const wall = (at: number, step: number) => ({ on: 'wall', at, step });
  test.each([
    ['epoch seconds', '1737911669', wall(AT + 2000, 1000)],
    ['epoch seconds with a part', '1737911668.5', wall(AT + 1500, 1)],
    ['epoch milliseconds', '1737911668123', wall(AT + 1123, 1)],
    ['an HTTP date', 'Sun, 26 Jan 2025 17:14:29 GMT', wall(AT + 2000, 1000)],
    ['seconds from now', '60', { on: 'answer', in: 60_000, step: 1000 }],
    ['a part of a second from now', '0.5', { on: 'answer', in: 500, step: 1 }],
    ['ten minutes from now', '600', { on: 'answer', in: 600_000, step: 1000 }],
    ['now', '0', undefined],
    ['the past', '1737911600', undefined],
    ['the far future', '4000000000', undefined],
    ['a day from now', '86400', undefined],
    ['no number', 'soon', undefined],
    ['negative', '-5', undefined],
    ['empty', '', undefined],
  ])('Reset as %s', (_, text, reset) => {
    expect(facts({ date: DATE, 'x-ratelimit-reset': text }).reset).toEqual(reset);
  });

  test('an instant without Date is no fact: our own wall clock is not asked', () => {
    expect(facts({ 'x-ratelimit-reset': '1737911669' }).reset).toBeUndefined();
  });

  test.each([
    ['10', 10],
    ['10;w=1', 10],
    ['10, 100;w=60', 10],
    ['0', undefined],
    ['ten', undefined],
    ['1e3', undefined],
  ])('Limit %j', (text, limit) => {
    expect(facts({ 'x-ratelimit-limit': text }).limit).toBe(limit);
  });

  test('Retry-After in seconds and as a date; 429 is throttled', () => {
    expect(facts({ 'retry-after': '3' }, 429)).toMatchObject({
      throttled: true,
      retryAfter: { on: 'answer', in: 3000 },
    });
    expect(facts({ 'retry-after': DATE }).retryAfter).toEqual({ on: 'wall', at: AT });
    expect(facts({ 'retry-after': 'later' }).retryAfter).toBeUndefined();
  });

  test('any text is taken without a crash, and no fact is absurd', () => {
    const text = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String));
    fc.assert(
      fc.property(text, text, text, text, (limit, remaining, reset, date) => {
        const read = facts({
          'x-ratelimit-limit': limit,
          'x-ratelimit-remaining': remaining,
          'x-ratelimit-reset': reset,
          date,
        });
        if (read.limit !== undefined) expect(read.limit).toBeGreaterThanOrEqual(1);
        if (read.remaining !== undefined) expect(read.remaining).toBeGreaterThanOrEqual(0);
        if (read.reset?.on === 'answer') expect(read.reset.in).toBeLessThanOrEqual(3_600_000);
      }),
      { numRuns: repeats(2000) },
    );
  });
});

test("the server's clock: every Date narrows the interval, and the truth stays in it", () => {
  const truth = 1_737_911_667_421;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(900_000), fc.nat(300), fc.nat(300)), { minLength: 1 }),
      (answers) => {
        let clock = UNKNOWN_CLOCK;
        let width = Number.POSITIVE_INFINITY;
        for (const [at, forth, back] of answers.sort((a, b) => a[0] - b[0])) {
          const date = Math.floor((truth + at) / 1000) * 1000;
          clock = narrow(clock, date, at - forth, at + back);
          const span = toMonotonic(clock, truth + at);
          expect(span?.from).toBeLessThanOrEqual(at);
          expect(span?.to).toBeGreaterThanOrEqual(at);
          width = Math.min(width, (span?.to ?? 0) - (span?.from ?? 0));
        }
        expect(width).toBeLessThanOrEqual(1620);
      },
    ),
  );
});

test('a server whose clock was set starts afresh', () => {
  const before = narrow(UNKNOWN_CLOCK, 1_000_000, 0, 10);
  const after = narrow(before, 9_000_000, 1000, 1010);
  expect(toMonotonic(after, 9_000_500)?.from).toBeGreaterThan(0);
});
