/** The work ahead: how much it is, how long it takes at its pace, and how much former runs have done. */
import type { LimitPer } from '../config/api.ts';
import { type Sender, STATUSES, type Status } from '../domain/words.ts';
import { count } from '../lib/text.ts';
import { DAY_MS, formatDuration, type Gap, type Rate } from '../lib/units.ts';
import { type HoursConfig, OpenHours } from './open-hours.ts';
import type { Survey } from './survey.ts';

/** Work of one sending phone. */
export interface Workload {
  readonly people: number;
  readonly asks: number;
}

/** Work per sending phone in order of appearance; undefined: the run's own. Includes phones with nobody to ask. */
export function workloads(plan: Survey, batchSize: number): ReadonlyMap<Sender | undefined, Workload> {
  const found = new Map<Sender | undefined, Workload>();
  for (const route of plan.routes.values()) {
    for (const [sender, people] of route) {
      const before = found.get(sender) ?? { people: 0, asks: 0 };
      const asks = before.asks + Math.ceil(people / batchSize);
      found.set(sender, { people: before.people + people, asks });
    }
  }
  return found;
}

/** Work of the busiest phone, within the limit of the run (`--limit`). */
export function busiestOf(all: readonly Workload[], asks: number, people: number): Workload {
  return {
    people: Math.min(people, Math.max(0, ...all.map((one) => one.people))),
    asks: Math.min(asks, Math.max(0, ...all.map((one) => one.asks))),
  };
}

/** Number of asks in the plan, in batches of at most `batchSize` people of one group and one sender. */
export function asksNeeded(plan: Survey, batchSize: number): number {
  return [...workloads(plan, batchSize).values()].reduce((sum, { asks }) => sum + asks, 0);
}

/** Allowance in the API's own sample: 10 asks per second. Assumed until the server has answered. */
const SAMPLE_RATE: Rate = { count: 10, perMs: 1_000 };

export interface Pace {
  readonly limitPer: LimitPer;
  readonly maxRate: Rate | undefined;
  readonly gap: Gap | undefined;
  readonly dailyCap: number | undefined;
  readonly hours?: HoursConfig | undefined;
}

/** People of a plan by country, and the start of the estimate (epoch ms): input for `--hours`. */
interface When {
  readonly people: ReadonlyMap<string, { readonly people: number }>;
  readonly now: number;
}

/**
 * Time for a number of asks and people at a pace, milliseconds: the slowest bound decides. Of several sending phones,
 * the busiest decides about the limits per phone: the gap, the daily cap and, where the server counts by phone, its
 * limit.
 */
export function estimateMs(
  asks: number,
  people: number,
  pace: Pace,
  busiest: Workload = { asks, people },
  when?: When,
): number {
  if (asks === 0) return 0;
  if (pace.hours && when) {
    const { hours, dailyCap, ...atAnyHour } = pace;
    const msEach = estimateMs(asks, people, { ...atAnyHour, dailyCap: undefined }, busiest) / people;
    // The busiest phone's cap, scaled to all phones: meanwhile the others work too.
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

/** Most stretches of time computed one by one; beyond them the rest goes at the same pace. */
const MOST_STEPS = 500;

/**
 * Time to ask these people within their hours, ms: people within their hours first, a wait where nobody is.
 * @param msEach one person's share of the time at the pace without hours and cap
 * @param dailyCap people in any 24 h, of all phones together
 */
function spanWithinHours(
  people: ReadonlyMap<string, { readonly people: number }>,
  msEach: number,
  hours: Pick<OpenHours, 'regionOpensAt' | 'regionClosesAt'>,
  dailyCap: number | undefined,
  now: number,
): number {
  const left = new Map([...people].map(([region, { people }]) => [region, people]));
  const total = [...left.values()].reduce((sum, n) => sum + n, 0);
  let at = now;
  let done = 0;
  let day = { from: now, room: dailyCap ?? Number.POSITIVE_INFINITY };
  for (let steps = 0; done < total; steps++) {
    if (steps === MOST_STEPS) return ((at - now) * total) / Math.max(1, done);
    if (day.room === 0) {
      at = Math.max(at, day.from + DAY_MS);
      day = { from: at, room: dailyCap ?? 0 };
    }
    let next = Number.POSITIVE_INFINITY;
    let open: string | undefined;
    for (const region of left.keys()) {
      const opens = hours.regionOpensAt(region, at);
      if (opens <= at) open ??= region;
      next = Math.min(next, opens);
    }
    if (open === undefined) {
      if (next === Number.POSITIVE_INFINITY) return at - now;
      at = next;
      continue;
    }
    const waiting = left.get(open) ?? 0;
    const fit = Math.max(1, Math.floor((hours.regionClosesAt(open, at) - at) / Math.max(msEach, 0.001)));
    const asked = Math.min(waiting, day.room, fit);
    if (day.room === dailyCap) day = { from: at, room: day.room };
    day.room -= asked;
    done += asked;
    at += asked * msEach;
    if (asked === waiting) left.delete(open);
    else left.set(open, waiting - asked);
  }
  return at - now;
}

/** The part of the ledger with the times of asks. */
interface AskTimes {
  askedInLast(ms: number, sender: string): number;
  lastAskedAt(): number | undefined;
  roomAt(ms: number, sender: string, cap: number): number | undefined;
}

interface Done {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/**
 * Summary of former runs, for the first lines of the log: it shows that a container restarted in the night continues
 * and does not start over. undefined: no outcome is known.
 * @param now epoch ms
 */
export function alreadyDone(
  plan: Survey,
  ledger: AskTimes,
  { dailyCap, sender }: { readonly dailyCap: number | undefined; readonly sender: string | undefined },
  now: number,
): Done | undefined {
  const last = ledger.lastAskedAt();
  if (plan.known === 0 && last === undefined) return undefined;
  const order: readonly (Status | 'in_doubt')[] = [...STATUSES, 'in_doubt'];
  const counts = order.flatMap((status) => {
    const n = plan.knownByStatus.get(status);
    return n === undefined ? [] : [[status, n] as const];
  });
  const listed = counts.map(([status, n]) => `${n} ${status.replace('_doubt', ' doubt')}`).join(', ');
  const parts = [
    `already done: ${plan.known} of ${count(plan.rows, 'row')}${listed && ` (${listed})`}`,
    `${plan.toAsk} to ask`,
  ];
  const facts: Record<string, unknown> = {
    done: plan.known,
    rows: plan.rows,
    by_status: Object.fromEntries(counts),
    to_ask: plan.toAsk,
  };
  if (last !== undefined) {
    // The wall clock may have been set back since.
    const ago = Math.max(0, now - last);
    parts.push(`last asked ${formatDuration(ago)} ago`);
    facts['last_asked_at'] = new Date(last).toISOString();
  }
  if (dailyCap !== undefined && sender !== undefined && plan.toAsk > 0) {
    const asked = ledger.askedInLast(DAY_MS, sender);
    if (asked > 0) {
      parts.push(`${asked} of ${dailyCap} asked in the last 24 h`);
      facts['asked_in_24_h'] = asked;
    }
    const roomAt = ledger.roomAt(DAY_MS, sender, dailyCap);
    if (roomAt !== undefined) {
      parts.push(`--daily-cap has room again in ${formatDuration(roomAt - now)}`);
      facts['room_at'] = new Date(roomAt).toISOString();
    }
  }
  return { facts, message: parts.join('; ') };
}
