import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  parseCount,
  parseDayHours,
  parseDuration,
  parseGap,
  parseRate,
  parseTolerance,
} from '../../src/lib/units.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['10m', 600_000],
    ['10 min', 600_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each(['', '10', 's', '-1s', '0s', '1 week', '1e3s'])('“%s” is refused, with an example', (text) => {
    expect(() => parseDuration(text)).toThrow(/“.*30s|above zero/);
  });
  it('what is said of a bad one names every unit that people count in', () => {
    expect(() => parseDuration('3 days')).toThrow(
      '“3 days” is not a duration; write it like 500ms, 30s, 10m, 2h or 3d',
    );
  });
});

describe('rates, gaps, tolerances, counts', () => {
  it('reads a rate', () => {
    expect(parseRate('5/s')).toEqual({ count: 5, perMs: 1_000 });
    expect(parseRate('20/min')).toEqual({ count: 20, perMs: 60_000 });
    expect(parseRate('0.5/h')).toEqual({ count: 0.5, perMs: 3_600_000 });
    for (const bad of ['5', '/s', '0/s', '5/day']) expect(() => parseRate(bad)).toThrow(RangeError);
  });
  it('reads a gap, in the right direction', () => {
    expect(parseGap('30s..60s')).toEqual({ minMs: 30_000, maxMs: 60_000 });
    expect(parseGap('10s')).toEqual({ minMs: 10_000, maxMs: 10_000 });
    expect(() => parseGap('60s..30s')).toThrow(/backwards/);
    expect(() => parseGap('1s..2s..3s')).toThrow(/span/);
  });
  it.each([
    ['30-60s', '30s..60s'],
    ['30s-60s', '30s..60s'],
    ['30-60', '30s..60s'],
    ['30s – 60s', '30s..60s'],
    ['30s to 60s', '30s..60s'],
    ['30s...60s', '30s..60s'],
    ['30s…60s', '30s..60s'],
    ['30..60s', '30s..60s'],
    ['30sec..60sec', '30s..60s'],
    ['30 secs - 60 secs', '30s..60s'],
    ['1-2 minutes', '1m..2m'],
    ['30s,60s', '30s..60s'],
    ['30s:2min', '30s..2m'],
    ['60-30s', '30s..60s'],
    ['0.5-1h', '0.5h..1h'],
  ])('is told how to write %s', (text, meant) => {
    expect(() => parseGap(text)).toThrow(`“${text}” is not a span; write ${meant}`);
    expect(parseGap(meant).minMs).toBeLessThanOrEqual(parseGap(meant).maxMs);
  });
  it.each(['30', 'slow', '30x-60x', '..', '30s..', '..60s', '-60s', ''])('knows no span in “%s”', (text) => {
    expect(() => parseGap(text)).toThrow(`“${text}” is not a span; write it like 30s..60s`);
  });
  it('reads a tolerance', () => {
    expect(parseTolerance('20')).toEqual({ count: 20 });
    expect(parseTolerance('5%')).toEqual({ share: 0.05 });
    for (const bad of ['-1', '1.5', '101%', 'x']) expect(() => parseTolerance(bad)).toThrow(RangeError);
  });
  it('reads a count from its least on', () => {
    expect(parseCount('0', 0)).toBe(0);
    expect(() => parseCount('0')).toThrow(/at least 1/);
    expect(() => parseCount('1.5')).toThrow(RangeError);
  });
});

it.each([
  [850, '850 ms'],
  [12_400, '12 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 05 min'],
  [97_200_000, '27 h 00 min'],
  [266_400_000, '3 d 2 h'],
])('%d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

describe('hours of the day, as people write them', () => {
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
});
