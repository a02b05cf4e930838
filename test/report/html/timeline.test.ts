import { describe, expect, it } from 'vitest';
import { lasting, type Pace, timelineSection } from '../../../src/report/html/timeline.ts';

const FROM = Date.UTC(2026, 0, 26, 17, 14, 27);
const timeline = {
  from: FROM,
  bucketMs: 1_000,
  counts: [10, 0, 4],
  asks: 14,
  first: FROM,
  last: FROM + 2_400,
};
const pace: Pace = {
  allowance: { limit: 10, windowMs: 1_000 },
  throttled: 0,
  waits: [],
  waited: new Map(),
};

describe('lasting', () => {
  it.each([
    [400, '0.4 s'],
    [1_000, '1 s'],
    [9_949, '9.9 s'],
    [9_999, '10 s'],
    [59_600, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [12_059_000, '3 h 20 min'],
    [86_400_000, '1 day'],
    [187_200_000, '2 days 4 h'],
  ])('%d ms is %s', (ms, text) => expect(lasting(ms)).toBe(text));
});

describe('timelineSection', () => {
  it('draws a bar for each bucket that has asks, and the allowance', () => {
    const { markup } = timelineSection(timeline, pace);
    expect(markup.match(/class="ask"/g)).toHaveLength(2);
    expect(markup).toContain('14 asks in 2.4 s, at most 10 in one second.');
    expect(markup).toContain('The server allows 10 in 1 s. It never answered “too many requests”.');
    expect(markup).toContain('allowed: 10');
    expect(markup.match(/<tr><td>/g)).toHaveLength(3);
  });

  it('says, and does not draw, an allowance far above', () => {
    const far = timelineSection(timeline, { ...pace, allowance: { limit: 900, windowMs: 1_000 } }).markup;
    expect(far).toContain('The server allows 900 in 1 s.');
    expect(far).not.toContain('class="allowed"');
  });

  it('knows nothing of the server when it was made from results alone', () => {
    const { markup } = timelineSection(timeline, undefined);
    expect(markup).not.toMatch(/allow|answered|waited/);
  });

  it('shows waits where they were, cut to the picture, and sums them by reason', () => {
    const waits = [
      { why: 'throttled', from: FROM + 1_000, to: FROM + 2_000 },
      { why: 'window', from: FROM - 9_000, to: FROM - 1_000 },
      { why: 'paused', from: FROM + 2_500, to: FROM + 99_000 },
    ];
    const waited = new Map([
      ['gap', 65_000],
      ['throttled', 1_000],
      ['window', 400],
    ]);
    const { markup } = timelineSection(timeline, { ...pace, throttled: 2, waits, waited });
    const bands = [...markup.matchAll(/<rect x="([\d.]+)%" width="([\d.]+)%"[^>]*url\(#p-wait\)/g)];
    expect(bands.map(([, x, width]) => [Number(x), Number(width)])).toEqual([
      [33.333, 33.333],
      [83.333, 16.667],
    ]);
    expect(markup).toContain('It answered “too many requests” 2 times.');
    expect(markup).toContain('It waited 1 min 5 s for --gap; 1 s after “too many requests” (429).');
  });
});
