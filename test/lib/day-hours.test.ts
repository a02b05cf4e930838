import { describe, expect, it } from 'vitest';
import { closesAt, minuteOfDay, opensAt, parseDayHours, parseTimeZone } from '../../src/lib/day-hours.ts';

const at = (text: string) => Date.parse(`${text}Z`);
const DAY = parseDayHours('09:00-18:00');
const NIGHT = parseDayHours('22:00-06:00');

describe('what people write', () => {
  it.each([
    ['09:00-18:00', 540, 1_080],
    ['9:00-18:00', 540, 1_080],
    ['09:00–18:00', 540, 1_080],
    ['09:00..18:30', 540, 1_110],
    ['22:00-06:00', 1_320, 360],
    ['00:00-24:00', 0, 1_440],
  ])('%s', (text, from, to) => expect(parseDayHours(text)).toEqual({ from, to }));

  it.each(['9-18', '09:00', '09:00-25:00', '24:00-06:00', '09:60-10:00', '10:00-10:00', 'day', ''])(
    '%j is refused',
    (text) => expect(() => parseDayHours(text)).toThrow(/write (?:them|it) like 09:00-18:00/),
  );

  it('zones', () => {
    expect(minuteOfDay(parseTimeZone(' Asia/Kolkata '), at('2026-03-01T10:00'))).toBe(15 * 60 + 30);
    expect(minuteOfDay('UTC', at('2026-03-01T00:07'))).toBe(7);
    for (const text of ['Asia/Delhi', 'IST+5', ''])
      expect(() => parseTimeZone(text)).toThrow(/Asia\/Kolkata/);
  });
});

it.each([
  ['open', DAY, ['Asia/Kolkata'], '2026-03-01T10:00', '2026-03-01T10:00'],
  ['the first minute', DAY, ['UTC'], '2026-03-01T09:00', '2026-03-01T09:00'],
  ['the minute after the last', DAY, ['UTC'], '2026-03-01T18:00', '2026-03-02T09:00'],
  ['before', DAY, ['Asia/Kolkata'], '2026-03-01T01:00', '2026-03-01T03:30'],
  ['all zones', DAY, ['America/New_York', 'Pacific/Honolulu'], '2026-01-05T15:00', '2026-01-05T19:00'],
  ['the night', NIGHT, ['UTC'], '2026-03-01T12:00', '2026-03-01T22:00'],
  ['the night, after midnight', NIGHT, ['UTC'], '2026-03-01T05:59', '2026-03-01T05:59'],
  ['the clocks go forward', DAY, ['Europe/Berlin'], '2026-03-28T20:00', '2026-03-29T07:00'],
  ['the clocks go back', DAY, ['Europe/Berlin'], '2026-10-24T20:00', '2026-10-25T08:00'],
  [
    'an opening that the clocks skip',
    parseDayHours('02:30-08:00'),
    ['Europe/Berlin'],
    '2026-03-29T00:00',
    '2026-03-29T01:00',
  ],
  ['never', DAY, ['Europe/Kaliningrad', 'Asia/Kamchatka'], '2026-03-01T00:00', undefined],
])('opens: %s', (_what, hours, zones, now, expected) => {
  const found = opensAt(hours, zones, at(now));
  expect(found === undefined ? undefined : new Date(found).toISOString().slice(0, 16)).toBe(expected);
  if (found !== undefined) {
    expect(opensAt(hours, zones, found)).toBe(found);
    if (found > at(now)) expect(opensAt(hours, zones, found - 1)).not.toBe(found - 1);
  }
});

it('closes with the first of its zones', () => {
  expect(closesAt(DAY, ['UTC'], at('2026-03-01T10:00'))).toBe(at('2026-03-01T18:00'));
  expect(closesAt(DAY, ['UTC', 'Europe/Berlin'], at('2026-01-01T10:00'))).toBe(at('2026-01-01T17:00'));
  expect(closesAt(NIGHT, ['UTC'], at('2026-03-01T23:00'))).toBe(at('2026-03-02T06:00'));
});
