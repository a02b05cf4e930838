import type { LimitPer } from '../config/reach.ts';
import type { Gap, Rate } from '../lib/units.ts';
import { spanWithinHours } from './estimate-hours.ts';
import { type HoursConfig, OpenHours } from './open-hours.ts';

/** The allowance in the API's own sample: 10 asks per second. What is assumed before the server has said anything. */
const SAMPLE_RATE: Rate = { count: 10, perMs: 1_000 };
const DAY_MS = 86_400_000;

export interface Pace {
  readonly limitPer: LimitPer;
  readonly maxRate: Rate | undefined;
  readonly gap: Gap | undefined;
  readonly dailyCap: number | undefined;
  readonly hours?: HoursConfig | undefined;
}

/** The people of a plan by country, and the instant from which it is estimated (epoch ms): what `--hours` need. */
export interface When {
  readonly people: ReadonlyMap<string, { readonly people: number }>;
  readonly now: number;
}

/**
 * How long so many asks for so many people take at a pace, milliseconds: the slowest of the bounds decides. Of several
 * sending phones, the busiest decides about what holds for each of them: the gap, the daily cap and, where the server counts
 * by the phone, its limit.
 */
export function estimateMs(
  asks: number,
  people: number,
  pace: Pace,
  busiest: { readonly asks: number; readonly people: number } = { asks, people },
  when?: When,
): number {
  if (asks === 0) return 0;
  if (pace.hours && when) {
    const { hours, dailyCap, ...atAnyHour } = pace;
    const msEach = estimateMs(asks, people, { ...atAnyHour, dailyCap: undefined }, busiest) / people;
    // Of several phones the busiest decides: the cap of all is its cap, and what the others do meanwhile.
    const cap = dailyCap && Math.round((dailyCap * people) / Math.max(1, busiest.people));
    return spanWithinHours(when.people, msEach, new OpenHours(hours), cap, when.now);
  }
  const rate = pace.maxRate ?? SAMPLE_RATE;
  const counted = pace.limitPer === 'phone' && pace.maxRate === undefined ? busiest.asks : asks;
  const byRate = counted / Math.min(rate.count / rate.perMs, SAMPLE_RATE.count / SAMPLE_RATE.perMs);
  const byGap = pace.gap ? ((busiest.asks - 1) * (pace.gap.minMs + pace.gap.maxMs)) / 2 : 0;
  const byCap = pace.dailyCap ? (Math.ceil(busiest.people / pace.dailyCap) - 1) * DAY_MS : 0;
  return Math.max(byRate, byGap, byCap);
}
