/** Hours of the day in time zones. Pure: instant and zone are arguments; Intl knows the clock changes. */

/** Minutes since midnight, from inclusive, to exclusive. The span crosses midnight where `from` is the later one. */
export interface DayHours {
  readonly from: number;
  readonly to: number;
}

const MINUTE_MS = 60_000;
const DAY_MIN = 1_440;
/** Farthest possible opening, ms: a week holds every weekday; one more day covers a clock change. */
const HORIZON_MS = 8 * DAY_MIN * MINUTE_MS;

/** `09:00-18:00` → minutes; `22:00-06:00` crosses midnight. */
export function parseDayHours(text: string): DayHours {
  const found = /^(\d{1,2}):(\d{2})\s*(?:-|–|\.\.)\s*(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [, h1, m1, h2, m2] = (found ?? []).map(Number);
  const from = (h1 ?? 99) * 60 + (m1 ?? 0);
  const to = (h2 ?? 99) * 60 + (m2 ?? 0);
  if (!found || (m1 ?? 0) > 59 || (m2 ?? 0) > 59 || from >= DAY_MIN || to > DAY_MIN)
    throw new RangeError(`“${text}” are no hours of the day; write them like 09:00-18:00`);
  if (from === to) throw new RangeError(`“${text}” begins and ends at one time; write it like 09:00-18:00`);
  return { from, to };
}

export function dayHoursText({ from, to }: DayHours): string {
  return `${clockTime(from)}–${clockTime(to)}`;
}

function clockTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** @throws RangeError for a zone unknown to Intl */
export function parseTimeZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text.trim() }).resolvedOptions().timeZone;
  } catch {
    throw new RangeError(`“${text}” is not a time zone; write it like Asia/Kolkata`);
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight in the zone. @param now epoch ms */
export function minuteOfDay(zone: string, now: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    const parts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    format = new Intl.DateTimeFormat('en-GB', { ...parts, timeZone: zone });
    formats.set(zone, format);
  }
  const text = format.format(now);
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

function isIn({ from, to }: DayHours, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** First instant from `now` on within the hours in every zone, epoch ms; undefined: none in the coming week. */
export function opensAt(hours: DayHours, zones: readonly string[], now: number): number | undefined {
  let at = now;
  while (at < now + HORIZON_MS) {
    const closed = zones.find((zone) => !isIn(hours, minuteOfDay(zone, at)));
    if (closed === undefined) return at;
    at = stepTowards(hours.from, closed, at);
  }
  return undefined;
}

/**
 * A later instant, at most the next time the zone's clock shows this minute. Across a clock change the difference is
 * not the time to wait, so the step is one minute.
 */
function stepTowards(minute: number, zone: string, at: number): number {
  const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const wait = (minute - minuteOfDay(zone, at) + DAY_MIN) % DAY_MIN || DAY_MIN;
  const there = start + wait * MINUTE_MS;
  if (minuteOfDay(zone, there) === minute) return there;
  return start + Math.max(1, wait - 180) * MINUTE_MS;
}

/** When the first of these zones, all open now, closes, epoch ms. Ignores clock changes in between. */
export function closesAt({ to }: DayHours, zones: readonly string[], now: number): number {
  const start = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const waits = zones.map((zone) => (to - minuteOfDay(zone, now) + DAY_MIN) % DAY_MIN || DAY_MIN);
  return start + Math.min(...waits) * MINUTE_MS;
}
