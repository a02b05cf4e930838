import type { OpenHours } from './open-hours.ts';

const DAY_MS = 86_400_000;
/** Stretches of time that are gone through one by one; beyond them the rest is taken to go at the same pace. */
const MOST_STEPS = 500;

/**
 * How long it takes to ask these people within their hours, ms: those who are open go first, and where nobody is, it waits.
 * @param msEach one person's share of the time at the pace without hours and cap
 * @param dailyCap people in any 24 h, of all phones together
 */
export function spanWithinHours(
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
