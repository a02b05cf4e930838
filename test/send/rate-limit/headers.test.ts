import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Facts, readFacts, toldToWaitMs } from '../../../src/send/rate-limit/headers.ts';
import { narrow, toMonotonic, UNKNOWN_CLOCK } from '../../../src/send/rate-limit/policy/server-clock.ts';
import { repeats } from '../../helpers.ts';

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
      windowMs: undefined,
      understood: true,
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
    ['the form of RFC 850', 'Sunday, 26-Jan-25 17:14:29 GMT', wall(AT + 2000, 1000)],
    ['the form of asctime, which names no zone', 'Sun Jan 26 17:14:29 2025', wall(AT + 2000, 1000)],
    ['ISO 8601', '2025-01-26T17:14:28.250Z', wall(AT + 1250, 1)],
    ['ISO 8601 elsewhere', '2025-01-26T22:44:29+05:30', wall(AT + 2000, 1000)],
    ['a word with a number', 'window 3', undefined],
    ['a month without a time', 'Jan 2025', undefined],
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

  test.each([
    ['seconds', '3', { on: 'answer', in: 3000 }, 3000],
    ['a part of a second', '0.5', { on: 'answer', in: 500 }, 500],
    ['now', '0', { on: 'answer', in: 0 }, 0],
    ['tomorrow', '86400', { on: 'answer', in: 86_400_000 }, 86_400_000],
    ['a date', 'Sun, 26 Jan 2025 17:14:30 GMT', { on: 'wall', at: AT + 3000 }, 3000],
    ['a date that is over', 'Sun, 26 Jan 2025 17:14:20 GMT', { on: 'wall', at: AT - 7000 }, 0],
    ['epoch seconds', '1737911670', { on: 'wall', at: AT + 3000 }, 3000],
    ['epoch seconds with a part', '1737911670.5', { on: 'wall', at: AT + 3500 }, 3500],
    ['epoch milliseconds', '1737911670250', { on: 'wall', at: AT + 3250 }, 3250],
    ['no number', 'later', undefined, undefined],
    ['a word with a number', 'later 3', undefined, undefined],
    ['negative', '-3', undefined, undefined],
    ['empty', '', undefined, undefined],
  ])('Retry-After as %s', (_, text, retryAfter, ms) => {
    for (const status of [200, 429, 503]) {
      const read = facts({ date: DATE, 'retry-after': text }, status);
      expect(read).toMatchObject({ retryAfter, throttled: status === 429 });
      expect(toldToWaitMs(read)).toBe(ms);
      expect(toldToWaitMs(read, AT - 3_600_000)).toBe(ms);
    }
  });

  test.each([
    ['our clock agrees', AT - 3000, 3000],
    ['our clock is an hour behind: no hour of stall', AT - 3_600_000, 60_000],
    ['our clock is a day behind: no wait is known', AT - 86_400_000, undefined],
    ['our clock is ahead: no wait is known', AT + 3_600_000, undefined],
    ['nobody looks at our clock', undefined, undefined],
  ])('Retry-After as an instant without Date: %s', (_, wallNow, ms) => {
    for (const text of [DATE, String(AT / 1000), String(AT)]) {
      expect(toldToWaitMs(facts({ 'retry-after': text }, 429), wallNow)).toBe(ms);
    }
  });

  test('a Date that a proxy repeats is one; two that differ are none', () => {
    expect(facts({ date: `${DATE}, ${DATE}` }).date).toBe(AT);
    expect(facts({ date: `${DATE}, Sun, 26 Jan 2025 17:14:28 GMT` }).date).toBeUndefined();
  });
});

const inSeconds = (seconds: number) => ({ on: 'answer', in: seconds * 1000, step: 1000 });

describe.each(['x-ratelimit', 'x-rate-limit', 'ratelimit'])('three headers named %s-…', (family) => {
  const three = (limit: string, remaining: string, reset: string, more: Record<string, string> = {}) =>
    facts({
      date: DATE,
      [`${family}-limit`]: limit,
      [`${family}-remaining`]: remaining,
      [`${family}-reset`]: reset,
      ...more,
    });

  test.each([
    ['10', '9', '2', 10, 9, inSeconds(2), undefined],
    ['10;w=1', '9', '2', 10, 9, inSeconds(2), 1000],
    ['10; window=60', '9', '2', 10, 9, inSeconds(2), 60_000],
    ['10, 10;w=1, 1000;w=3600', '9', '1', 10, 9, inSeconds(1), 1000],
    // Two headers of one name.
    ['10, 100', '9, 3', '1, 60', 100, 3, inSeconds(60), undefined],
    ['100, 10', '3, 9', '60, 1', 100, 3, inSeconds(60), undefined],
    ['10;w=1, 100;w=60', '9, 3', '1, 60', 100, 3, inSeconds(60), 60_000],
    ['10,100', '9,3', '1,60', 100, 3, inSeconds(60), undefined],
    ['10, 100', '0, 0', '1, 60', 100, 0, inSeconds(60), undefined],
    ['100, 10', '0, 0', '60, 1', 100, 0, inSeconds(60), undefined],
    ['10, 100', 'nine, 30', '1, 60', 100, 30, inSeconds(60), undefined],
    ['10, 100', '9', '1', 10, 9, inSeconds(1), undefined],
    // Whose Limit and Reset they are, nobody says.
    ['10', '9, 3', '1', undefined, 3, undefined, undefined],
    [
      '10, 100',
      '9, 3',
      'Sun, 26 Jan 2025 17:14:28 GMT, Sun, 26 Jan 2025 17:14:40 GMT',
      100,
      3,
      { on: 'wall', at: AT + 13_000, step: 1000 },
      undefined,
    ],
  ])('%s; %s; %s', (limit, remaining, reset, ...expected) => {
    const read = three(limit, remaining, reset);
    expect([read.limit, read.remaining, read.reset, read.windowMs]).toEqual(expected);
    expect(read.understood).toBe(true);
  });

  test('the policy of that limit tells the window', () => {
    expect(three('10', '9', '1', { 'ratelimit-policy': '10;w=1' }).windowMs).toBe(1000);
    expect(three('10', '9', '1', { 'ratelimit-policy': '10;w=1, 1000;w=3600' }).windowMs).toBe(1000);
    expect(three('10', '9', '1', { 'ratelimit-policy': '10;w=1, 10;w=60' }).windowMs).toBeUndefined();
    expect(three('10', '9', '1', { 'ratelimit-policy': '1000;w=3600' }).windowMs).toBeUndefined();
    expect(three('', '9', '1', { 'ratelimit-policy': '10;w=1' })).toMatchObject({
      limit: 10,
      windowMs: 1000,
    });
  });
});

describe('one header', () => {
  test.each([
    ['"default";r=5;t=1', '"default";q=10;w=1', 10, 5, 1, 1000],
    ['default;r=5;t=1', 'default;q=10;w=1', 10, 5, 1, 1000],
    ['"10-in-1min"; r=9; t=60', '"10-in-1min"; q=10; w=60; pk=:MTJjYTE3Y2IwYjY5:', 10, 9, 60, 60_000],
    ['"a, b;c \\"d\\"";r=5;t=1', '"a, b;c \\"d\\"";q=10;w=1', 10, 5, 1, 1000],
    ['"second";r=9;t=1, "day";r=3;t=60', '"second";q=10;w=1, "day";q=500;w=3600', 500, 3, 60, 3_600_000],
    ['"day";r=3;t=60, "second";r=9;t=1', '"second";q=10;w=1, "day";q=500;w=3600', 500, 3, 60, 3_600_000],
    ['"default";r=5;t=1', '10;w=1', 10, 5, 1, 1000],
    [
      '"bytes";r=2;t=9, "asks";r=5;t=1',
      '"bytes";q=9;w=9;qu="content-bytes", "asks";q=10;w=1',
      10,
      5,
      1,
      1000,
    ],
    ['"default";r=5', '"default";q=10;w=1', 10, 5, undefined, 1000],
    ['"default";r=5;t=1', undefined, undefined, 5, 1, undefined],
    ['limit=10, remaining=5, reset=1', '10;w=1', 10, 5, 1, 1000],
    ['limit=10,remaining=5,reset=1', '10;w=1, 1000;w=3600', 10, 5, 1, 1000],
    ['limit=10; remaining=5; reset=1', undefined, 10, 5, 1, undefined],
    ['Limit=10, Remaining=5, Reset=1', undefined, 10, 5, 1, undefined],
    [
      'limit=10, remaining=5, reset=1, limit=100, remaining=2, reset=60',
      '10;w=1, 100;w=60',
      100,
      2,
      60,
      60_000,
    ],
    ['remaining=5, reset=1', '10;w=1', 10, 5, 1, 1000],
    [undefined, '10;w=1', 10, undefined, undefined, 1000],
    [undefined, '"default";q=10;w=1', 10, undefined, undefined, 1000],
  ])('RateLimit: %s with RateLimit-Policy: %s', (one, policy, limit, remaining, seconds, windowMs) => {
    const headers = { ...(one && { ratelimit: one }), ...(policy && { 'ratelimit-policy': policy }) };
    expect(facts(headers)).toMatchObject({
      limit,
      remaining,
      reset: seconds === undefined ? undefined : inSeconds(seconds),
      windowMs,
      understood: true,
    });
  });
});

describe('which form counts', () => {
  const FORMS: Record<string, string>[] = [
    { 'x-ratelimit-limit': '11', 'x-ratelimit-remaining': '1' },
    { 'x-rate-limit-limit': '12', 'x-rate-limit-remaining': '2' },
    { 'ratelimit-limit': '13', 'ratelimit-remaining': '3' },
    { ratelimit: 'limit=14, remaining=4, reset=1' },
  ];

  test.each([0, 1, 2, 3])('the first that is there: number %i', (first) => {
    const read = facts(Object.assign({}, ...FORMS.slice(first).reverse()));
    expect([read.limit, read.remaining]).toEqual([11 + first, 1 + first]);
  });

  test('one that says what is left comes before one that does not', () => {
    const read = facts({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': 'some', ...FORMS[3] });
    expect([read.limit, read.remaining]).toEqual([14, 4]);
  });

  test.each<Record<string, string>>([
    {},
    { date: DATE, 'retry-after': '3' },
    { 'x-ratelimit-limit': 'ten', 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': 'soon' },
    { ratelimit: 'yes', 'ratelimit-policy': 'ask nicely' },
    { ratelimit: `"${'x'.repeat(3000)}";r=5;t=1` },
    { 'x-ratelimit': '10' },
  ])('nothing is understood in %j', (headers) => {
    expect(facts(headers)).toMatchObject({
      understood: false,
      limit: undefined,
      remaining: undefined,
      reset: undefined,
      windowMs: undefined,
    });
  });
});

test('any text is taken without a crash, and no fact is absurd', () => {
  const plain = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String));
  const bit = fc.oneof(
    plain,
    fc.constantFrom(',', ';', '=', '"', '\\', 'w=', 'r=', 't=', 'q=', 'limit=', 'remaining=', DATE),
  );
  const text = fc.oneof(
    plain,
    fc.array(bit, { maxLength: 12 }).map((bits) => bits.join('')),
  );
  const names = ['x-ratelimit', 'x-rate-limit', 'ratelimit'].flatMap((family) =>
    ['limit', 'remaining', 'reset'].map((what) => `${family}-${what}`),
  );
  const all = [...names, 'ratelimit', 'ratelimit-policy', 'date', 'retry-after'];
  const headers = fc.dictionary(fc.constantFrom(...all), text);
  fc.assert(
    fc.property(headers, (given) => {
      const read = facts(given);
      if (read.limit !== undefined) expect(read.limit).toBeGreaterThanOrEqual(1);
      if (read.remaining !== undefined) expect(read.remaining).toBeGreaterThanOrEqual(0);
      if (read.reset?.on === 'answer') {
        expect(read.reset.in).toBeGreaterThan(0);
        expect(read.reset.in).toBeLessThanOrEqual(3_600_000);
      }
      if (read.windowMs !== undefined) {
        expect(read.windowMs).toBeGreaterThan(0);
        expect(read.windowMs).toBeLessThanOrEqual(3_600_000);
      }
      for (const wallNow of [undefined, AT]) {
        const told = toldToWaitMs(read, wallNow);
        if (told !== undefined) expect(told).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: repeats(2000) },
  );
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
