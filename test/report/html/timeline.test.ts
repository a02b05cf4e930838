import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AskTimes, lasting, type Pace, timelineSection } from '../../../src/report/html/timeline.ts';

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

const T0 = Date.UTC(2026, 0, 26, 17, 14, 27);
const sum = (counts: readonly number[]) => counts.reduce((all, n) => all + n, 0);

function timelineOf(times: readonly number[]) {
  const asks = new AskTimes();
  times.forEach((at, i) => {
    asks.add('g', at, `trace ${i}`);
  });
  return asks.timeline();
}

describe('AskTimes', () => {
  it('has nothing to show when nobody was asked, or at no time that can be', () => {
    expect(timelineOf([])).toBeUndefined();
    expect(timelineOf([-1, 0, Number.NaN, 8.64e15])).toBeUndefined();
  });

  it('counts every ask once, in a hundred and some buckets at most, whatever the span', () => {
    const times = fc.array(fc.oneof(fc.nat(5_000), fc.nat(86_400_000), fc.integer({ min: 0, max: 2e12 })), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(times, (offsets) => {
        const all = offsets.map((ms) => T0 + ms);
        const made = timelineOf(all)!;
        expect(sum(made.counts)).toBe(all.length);
        expect(made.asks).toBe(all.length);
        expect(made.counts.length).toBeLessThanOrEqual(121);
        expect(made.first).toBe(Math.min(...all));
        expect(made.last).toBe(Math.max(...all));
        expect(made.from).toBeLessThanOrEqual(made.first);
        expect(made.from + made.counts.length * made.bucketMs).toBeGreaterThan(made.last);
        expect(made.counts[0]).toBeGreaterThan(0);
        expect(made.counts.at(-1)).toBeGreaterThan(0);
      }),
    );
  });

  it('chooses seconds, minutes, hours or days by the span', () => {
    const bucket = (ms: number) => timelineOf([T0, T0 + ms])!.bucketMs / 1_000;
    expect([5_000, 590_000, 6_000_000, 86_400_000, 29 * 86_400_000].map(bucket)).toEqual([
      1, 5, 60, 900, 21_600,
    ]);
  });

  it('puts each ask into the bucket of its time', () => {
    const made = timelineOf([T0, T0 + 10, T0 + 2_500, T0 + 2_999])!;
    expect([made.from, made.bucketMs, made.counts]).toEqual([T0, 1_000, [2, 0, 2]]);
  });

  it('counts a batch as one ask, and two asks of the same instant as two', () => {
    const asks = new AskTimes();
    for (const trace of ['a', 'a', 'a', 'b']) asks.add('g', T0, trace);
    asks.add('h', T0, 'a');
    expect(asks.timeline()!.asks).toBe(3);
  });

  it('keeps counting when there are more instants than it keeps', () => {
    const asks = new AskTimes();
    for (let i = 0; i < 50_000; i++) asks.add('g', T0 + i * 2_000, String(i));
    const made = asks.timeline()!;
    expect(made.asks).toBe(50_000);
    expect(sum(made.counts)).toBe(50_000);
    expect(made.bucketMs).toBe(900_000);
    expect(made.counts[1]).toBe(450);
  });
});
