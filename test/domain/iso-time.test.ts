import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoTime } from '../../src/domain/iso-time.ts';

it('is what Date says, also when the same instant or another one is asked again', () => {
  const instant = fc.integer({ min: 0, max: 4_102_444_800_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(instant, fc.integer({ min: 1, max: 3 }))), (asked) => {
      for (const [ms, times] of asked) {
        for (let n = 0; n < times; n++) expect(isoTime(ms)).toBe(new Date(ms).toISOString());
      }
    }),
  );
});

it('is what Date says when a few instants take turns', () => {
  const pool = fc.array(fc.integer({ min: 0, max: 4_102_444_800_000 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(pool, fc.array(fc.nat(3), { minLength: 12 }), (instants, turns) => {
      for (const turn of turns) {
        expect(isoTime(instants[turn] as number)).toBe(new Date(instants[turn] as number).toISOString());
      }
    }),
  );
});

it('is what Date says within a minute and at its ends, before 1970 and after year 9999 too', () => {
  const minute = fc.constantFrom(0, 29_000_000, -1, -29_000_000, 4_200_000_000, -130_000_000_000 / 60);
  const within = fc.array(fc.integer({ min: -1_500, max: 61_500 }), { minLength: 2 });
  fc.assert(
    fc.property(minute, within, (start, offsets) => {
      for (const offset of offsets) {
        const instant = Math.floor(start) * 60_000 + offset;
        expect(isoTime(instant)).toBe(new Date(instant).toISOString());
      }
    }),
  );
});

it('is what Date says of parts of a millisecond', () => {
  for (const ms of [1_000.9, 59_999.999, 60_000.5, -0.5, 1_000.2])
    expect(isoTime(ms)).toBe(new Date(ms).toISOString());
});

it('refuses what is no instant, and is not confused by it', () => {
  expect(() => isoTime(Number.NaN)).toThrow(RangeError);
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
  expect(() => isoTime(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
});
