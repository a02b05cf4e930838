import { describe, expect, it } from 'vitest';
import { parseDayHours, parseTimeZone } from '../../src/lib/units.ts';
import { estimateMs } from '../../src/plan/estimate.ts';
import { closesAt, minuteOfDay, OpenHours, opensAt } from '../../src/plan/open-hours.ts';

const at = (text: string) => Date.parse(`${text}Z`);
const HOURS = { hours: parseDayHours('09:00-18:00'), timeZone: 'UTC', timeZoneGiven: false };
const open = (phone: string, now: string, config: Partial<typeof HOURS> = {}) => {
  const opens = new OpenHours({ ...HOURS, ...config }).opensAt(phone, at(now));
  return opens === Number.POSITIVE_INFINITY ? 'never' : new Date(opens).toISOString().slice(0, 16);
};

describe('the zone is the one of the number', () => {
  it.each([
    ['India', '919876543210', '2026-03-01T01:00', {}, '2026-03-01T03:30'],
    [
      'Kosovo, which the list of countries has not',
      '38344123456',
      '2026-01-01T01:00',
      {},
      '2026-01-01T08:00',
    ],
    ['the United States: in all zones', '12125551234', '2026-01-05T15:00', {}, '2026-01-05T19:00'],
    [
      '… and the one that was named',
      '12125551234',
      '2026-01-05T15:00',
      named('America/New_York'),
      '2026-01-05T15:00',
    ],
    [
      '… and one of another country is none',
      '12125551234',
      '2026-01-05T15:00',
      named('Asia/Kolkata'),
      '2026-01-05T19:00',
    ],
    [
      '… a named zone moves nobody else',
      '919876543210',
      '2026-03-01T01:00',
      named('America/New_York'),
      '2026-03-01T03:30',
    ],
    ['Russia: never in all', '79161234567', '2026-03-01T00:00', {}, 'never'],
    ['Russia, with its zone', '79161234567', '2026-03-01T00:00', named('Europe/Moscow'), '2026-03-01T06:00'],
    ['a satellite: the zone of the run', '881612345678', '2026-03-01T01:00', {}, '2026-03-01T09:00'],
  ])('%s', (_what, phone, now, config, expected) => {
    expect(open(phone, now, config)).toBe(expected);
  });

  function named(timeZone: string) {
    return { timeZone, timeZoneGiven: true };
  }

  it('what was found holds until it opens, and no longer than the hours', () => {
    const hours = new OpenHours(HOURS);
    const ask = (now: string) => hours.opensAt('919876543210', at(now)) <= at(now);
    expect(
      ['01:00', '03:29', '03:30', '12:29', '12:30', '12:31'].map((time) => ask(`2026-03-01T${time}`)),
    ).toEqual([false, false, true, true, false, false]);
    // The wall clock was set back.
    expect(ask('2026-03-01T10:00')).toBe(true);
  });
});

describe('the estimate knows the hours', () => {
  const people = (by: Record<string, number>) =>
    new Map(Object.entries(by).map(([region, n]) => [region, { people: n }]));
  const took = (by: Record<string, number>, now: string, more: object = {}) => {
    const all = Object.values(by).reduce((sum, n) => sum + n, 0);
    const pace = {
      limitPer: 'key',
      maxRate: { count: 60, perMs: 3_600_000 },
      gap: undefined,
      dailyCap: undefined,
    } as const;
    const when = { people: people(by), now: at(now) };
    return estimateMs(all, all, { ...pace, hours: HOURS, ...more }, undefined, when) / 3_600_000;
  };

  it.each([
    ['within one day', { IN: 60 }, '2026-03-01T04:00', {}, 1],
    ['from before the opening', { IN: 60 }, '2026-03-01T02:30', {}, 2],
    // 9 hours a day, one person a minute: 540 on the first day.
    ['over the night', { IN: 600 }, '2026-03-01T03:30', {}, 25],
    ['one country while another sleeps', { IN: 60, BR: 60 }, '2026-03-01T11:30', {}, 3.5],
    ['with a daily cap', { IN: 60 }, '2026-03-01T03:30', { dailyCap: 20 }, 48 + 1 / 3],
  ])('%s', (_what, by, now, more, hours) => {
    expect(took(by, now, more)).toBeCloseTo(hours, 1);
  });
});

const DAY = parseDayHours('09:00-18:00');
const NIGHT = parseDayHours('22:00-06:00');

it('zones', () => {
  expect(minuteOfDay(parseTimeZone(' Asia/Kolkata '), at('2026-03-01T10:00'))).toBe(15 * 60 + 30);
  expect(minuteOfDay('UTC', at('2026-03-01T00:07'))).toBe(7);
  for (const text of ['Asia/Delhi', 'IST+5', '']) expect(() => parseTimeZone(text)).toThrow(/Asia\/Kolkata/);
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
