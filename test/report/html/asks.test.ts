import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AskTimes } from '../../../src/report/html/timeline.ts';

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
