import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REMEMBERED_MS, SenderLog } from '../../src/ledger/sender-log.ts';
import { repeats } from '../helpers.ts';

const DAY = 86_400_000;

test('counts participants of one sender after the span began', () => {
  const log = new SenderLog();
  log.add('a', 1_000, 2);
  log.add('b', 1_500, 5);
  log.add('a', 2_000, 3);
  expect(log.within('a', 1_000, 2_000)).toBe(3);
  expect(log.within('a', 1_001, 2_000)).toBe(5);
  expect(log.within('a', 1_001, 2_001)).toBe(3);
  expect(log.within('b', DAY, 2_001)).toBe(5);
  expect(log.within('nobody', DAY, 2_001)).toBe(0);
});

test('an ask that was not done does not count', () => {
  const log = new SenderLog();
  const first = log.add('a', 1_000, 2);
  log.add('a', 1_000, 4);
  expect(log.within('a', DAY, 1_000)).toBe(6);
  first.people = 0;
  expect(log.within('a', DAY, 1_000)).toBe(4);
});

test('it agrees with counting everything anew, whatever the wall clock does', () => {
  const event = fc.oneof(
    fc.record({
      is: fc.constant('add' as const),
      step: fc.integer({ min: -5_000, max: 5_000 }),
      count: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ is: fc.constant('back' as const), which: fc.nat(50) }),
    fc.record({
      is: fc.constant('ask' as const),
      span: fc.constantFrom(1_000, 7_000, DAY),
      step: fc.integer({ min: -5_000, max: 5_000 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80, size: 'max' }), (events) => {
      const log = new SenderLog();
      const all: { at: number; count: number }[] = [];
      const logged: ReturnType<SenderLog['add']>[] = [];
      let now = 1e6;
      for (const one of events) {
        if (one.is === 'add') {
          now += one.step;
          all.push({ at: now, count: one.count });
          logged.push(log.add('a', now, one.count));
        } else if (one.is === 'back') {
          const which = one.which % Math.max(1, all.length);
          const ask = logged[which];
          if (ask === undefined) continue;
          ask.people = 0;
          all[which]!.count = 0;
        } else {
          now += one.step;
          const expected = all
            .filter(({ at }) => at > now - one.span)
            .reduce((sum, { count }) => sum + count, 0);
          expect(log.within('a', one.span, now)).toBe(expected);
        }
      }
    }),
    { numRuns: repeats(500) },
  );
});

test('forgets what no cap looks back to, and nothing younger', () => {
  const log = new SenderLog();
  const minute = 60_000;
  const days = 10;
  for (let i = 0; i < (days * DAY) / minute; i++) log.add('a', i * minute, 1);
  const now = days * DAY - minute;
  expect(log.within('a', DAY, now)).toBe(DAY / minute);
  expect(log.within('a', REMEMBERED_MS, now)).toBe(REMEMBERED_MS / minute);
  // What is older than that has gone, up to one large piece.
  expect(log.within('a', days * DAY, now)).toBeLessThan((2.1 * REMEMBERED_MS) / minute);
});

test('knows when anybody was last asked, and forgets an ask that was not done', () => {
  const log = new SenderLog();
  expect(log.last()).toBeUndefined();
  log.add('a', 1_000, 2);
  const later = log.add('b', 3_000, 1);
  expect(log.last()).toBe(3_000);
  later.people = 0;
  expect(log.last()).toBe(1_000);
});

test('has room at the first moment at which fewer than the cap were asked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ step: fc.integer({ min: 0, max: 400 }), count: fc.integer({ min: 1, max: 5 }) })),
      fc.integer({ min: 1, max: 20 }),
      (asks, cap) => {
        const log = new SenderLog();
        let now = 0;
        for (const { step, count } of asks) {
          now += step;
          log.add('a', now, count);
        }
        const at = log.roomAt('a', 1_000, cap, now);
        expect(at === undefined).toBe(log.within('a', 1_000, now) < cap);
        if (at === undefined) return;
        expect(at).toBeGreaterThan(now);
        expect(log.within('a', 1_000, at - 1)).toBeGreaterThanOrEqual(cap);
        expect(log.within('a', 1_000, at)).toBeLessThan(cap);
      },
    ),
  );
});

test('two names of one phone are counted together, whatever was asked before and after', () => {
  const log = new SenderLog();
  log.add('a', 1_000, 2);
  const second = log.add('b', 1_500, 5);
  log.add('a', 2_000, 3);
  log.add('c', 2_000, 100);
  log.unite(['a', 'b', 'never asked']);
  expect(['a', 'b', 'never asked'].map((name) => log.within(name, DAY, 2_000))).toEqual([10, 10, 10]);
  expect(log.within('a', 600, 2_000)).toBe(8);
  log.add('never asked', 3_000, 1);
  second.people = 0;
  log.unite(['b', 'a']);
  expect(log.within('b', DAY, 3_000)).toBe(6);
  expect(log.roomAt('b', DAY, 4, 3_000)).toBe(2_000 + DAY);
  expect(log.within('c', DAY, 3_000)).toBe(100);
});

describe('asks that are dated later than now', () => {
  const HOUR = 3_600_000;
  const T = 1e12;

  /** The ledger's records as they are read at the instant `now`. */
  function read(now: number, records: readonly (readonly [at: number, count: number])[]) {
    const log = new SenderLog(() => now);
    for (const [at, count] of records) {
      if (count > 0) log.add('a', at, count);
      else log.saw(at);
    }
    return log;
  }

  test('count as asked now, and shut the cap for a day and not for a year', () => {
    const records = [
      [T, 2],
      [T + 365 * DAY, 3],
    ] as const;
    const log = read(T + HOUR, records);
    expect(log.isAhead).toBe(true);
    expect(log.within('a', DAY, T + HOUR)).toBe(5);
    expect(log.roomAt('a', DAY, 3, T + HOUR)).toBe(T + HOUR + DAY);
    // The run says what time it is; from then on they are a day old when a day is over.
    const marked = [...records, [T + HOUR, 0]] as const;
    expect(read(T + HOUR, marked).isAhead).toBe(false);
    expect(read(T + DAY, marked).within('a', DAY, T + DAY)).toBe(3);
    expect(read(T + HOUR + DAY, marked).within('a', DAY, T + HOUR + DAY)).toBe(0);
  });

  test('make nobody forget what was asked before them', () => {
    const many = Array.from({ length: 4_999 }, (_, i) => [T + i, 1] as const);
    const ahead = Array.from({ length: 1_000 }, (_, i) => [T + 60 * HOUR + i, 1] as const);
    const now = T + HOUR;
    expect(read(now, [...many, ...ahead]).within('a', DAY, now)).toBe(5_999);
    expect(read(now, [...many, ...ahead, [now, 1]]).within('a', DAY, now)).toBe(6_000);
  });

  test('are from before the next record, and never from before the asks that precede them', () => {
    const log = read(T + 2 * HOUR, [
      [T, 2],
      [T + DAY, 3],
      [T + HOUR, 1],
    ]);
    expect(log.after('a', T + HOUR - 1).map(({ at, people }) => [at, people])).toEqual([
      [T + HOUR, 3],
      [T + HOUR, 1],
    ]);
    // The clock that came next was years behind.
    const behind = read(T + 2 * HOUR, [
      [T, 2],
      [T + DAY, 3],
      [T - 1e11, 1],
    ]);
    expect(behind.within('a', 3 * HOUR, T + 2 * HOUR)).toBe(5);
  });

  test('a clock that is set back in mid-run', () => {
    let now = T + 60 * HOUR;
    const log = new SenderLog(() => now);
    log.add('a', now, 4);
    now = T;
    log.add('a', now, 1);
    expect([log.isAhead, log.within('a', DAY, now)]).toEqual([false, 5]);
    expect(log.within('a', DAY, T + DAY)).toBe(0);
  });
});
