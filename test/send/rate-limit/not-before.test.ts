import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/domain/errors.ts';
import { readFacts } from '../../../src/send/rate-limit/headers.ts';
import { anotherRun, LONGEST_WAIT, notBefore, waitWords } from '../../../src/send/rate-limit/not-before.ts';

const DATE = 'Thu, 26 Nov 2026 20:00:00 GMT';
const facts = (headers: Record<string, string>, httpStatus: number) =>
  readFacts({ sentAt: 0, answeredAt: 1, httpStatus, headers });

describe.each([429, 503, 403])('after HTTP %i', (status) => {
  it.each<[string, Record<string, string>, object]>([
    ['seconds', { 'retry-after': '7' }, { kind: 'wait', ms: 7_000, told: true }],
    ['none at all', { 'retry-after': '0' }, { kind: 'wait', ms: 0, told: true }],
    ['an hour', { 'retry-after': '3600' }, { kind: 'wait', ms: 3_600_000, told: true }],
    ['more than an hour', { 'retry-after': '3601' }, { kind: 'another_run', ms: 3_601_000 }],
    ['a day', { 'retry-after': '86400' }, { kind: 'another_run', ms: 86_400_000 }],
    [
      'a date',
      { date: DATE, 'retry-after': 'Thu, 26 Nov 2026 20:30:00 GMT' },
      { kind: 'wait', ms: 1_800_000, told: true },
    ],
    [
      'a date that is over',
      { date: DATE, 'retry-after': 'Thu, 26 Nov 2026 19:30:00 GMT' },
      { kind: 'wait', ms: 0, told: true },
    ],
    [
      'a date far away',
      { date: DATE, 'retry-after': 'Sat, 28 Nov 2026 20:00:00 GMT' },
      { kind: 'another_run', ms: 172_800_000 },
    ],
    ['nothing', {}, { kind: 'wait', ms: 4_000, told: false }],
    ['words', { 'retry-after': 'soon' }, { kind: 'wait', ms: 4_000, told: false }],
  ])('%s', (_, headers, expected) => {
    expect(notBefore(facts(headers, status), 4, () => 1)).toEqual(expected);
  });
});

it('a wait is never longer than the ceiling, whatever is said', () => {
  const text = fc.oneof(fc.string(), fc.nat().map(String), fc.double().map(String), fc.date().map(String));
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 1e6 }), (after, date, round) => {
      const found = notBefore(facts({ 'retry-after': after, date }, 503), round, () => 0.5);
      expect(found.ms).toBeGreaterThanOrEqual(0);
      expect(found.ms > LONGEST_WAIT).toBe(found.kind === 'another_run');
      // What a person is told of it can be said at any length.
      expect(anotherRun(found.ms, 503, Date.now()).message).toContain('until');
    }),
  );
});

it.each([
  [250, [{ wait_ms: 250 }, 'waiting: why']],
  [60_000, [{ wait_ms: 60_000 }, 'waiting: why']],
  [
    90_000,
    [
      { wait_ms: 90_000, until: '2026-11-26T20:01:30Z' },
      'waiting 1 min 30 s (until 2026-11-26T20:01:30Z): why',
    ],
  ],
])('%i ms in the log', (ms, words) => {
  expect(waitWords(ms, ': why', Date.parse(DATE))).toEqual(words);
});

it('the end of a run that is sent to another day names the time', () => {
  expect(anotherRun(86_400_000, 429, Date.parse(DATE))).toEqual({
    exit: EXIT.again,
    code: 'throttled',
    message: 'the API asks us to wait until 2026-11-27T20:00:00Z (24 h 00 min), HTTP 429: run again then',
  });
});
