import { getCountry, getTimezone } from 'countries-and-timezones';
import { regionOfParticipant } from '../cohort/phone/numbering.ts';
import { type DayHours, dayHoursText } from '../lib/units.ts';

/** Regions of phone numbers that are not countries, and the country with their time zone. */
const TIME_OF: Readonly<Record<string, string>> = { AC: 'SH', TA: 'SH', XK: 'RS' };
const MINUTE_MS = 60_000;
const DAY_MIN = 1_440;
/** Farthest possible opening, ms: a week holds every weekday; one more day covers a clock change. */
const HORIZON_MS = 8 * DAY_MIN * MINUTE_MS;

export interface HoursConfig {
  readonly hours: DayHours;
  /** Zone of numbers that tell no zone. */
  readonly timeZone: string;
  /** Whether the user has named the zone: then it also stands for its own country, where that has several zones. */
  readonly timeZoneGiven: boolean;
}

/**
 * Hours in which people may be asked (`--hours`), in the recipient's own zone. A number tells only its country; for a
 * country with several zones the hours have to hold in all of them, unless `--time-zone` names one of them.
 */
export class OpenHours {
  readonly #config: HoursConfig;
  readonly #zones = new Map<string, readonly string[]>();
  /** Result per region, and the time until which it holds (epoch ms). */
  readonly #found = new Map<string, { readonly from: number; readonly until: number; readonly at: number }>();

  constructor(config: HoursConfig) {
    this.#config = config;
  }

  get text(): string {
    return dayHoursText(this.#config.hours);
  }

  /** Zones of a region, `IN` or `+881`. */
  zonesOf(region: string): readonly string[] {
    let zones = this.#zones.get(region);
    if (zones === undefined) {
      const { timeZone, timeZoneGiven } = this.#config;
      const own = getCountry(TIME_OF[region] ?? region)?.timezones ?? [];
      const named = getTimezone(timeZone)?.aliasOf ?? timeZone;
      const told = own.length === 0 || (timeZoneGiven && (own as readonly string[]).includes(named));
      zones = told ? [timeZone] : own;
      this.#zones.set(region, zones);
    }
    return zones;
  }

  /** Earliest instant for this person, epoch ms: `now` when open; Infinity: never. */
  opensAt(participant: string, now: number): number {
    return this.regionOpensAt(regionOfParticipant(participant), now);
  }

  regionOpensAt(region: string, now: number): number {
    const known = this.#found.get(region);
    if (known && now >= known.from && now < known.until) return Math.max(now, known.at);
    const at = opensAt(this.#config.hours, this.zonesOf(region), now) ?? Number.POSITIVE_INFINITY;
    const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    // An open state holds for this minute, a closed one until the opening.
    const until = at === now ? minute + MINUTE_MS : Math.min(at, now + 86_400_000);
    this.#found.set(region, { from: now, until, at });
    return at;
  }

  regionClosesAt(region: string, now: number): number {
    return closesAt(this.#config.hours, this.zonesOf(region), now);
  }

  /** The regions that are never within the hours in all of their zones. */
  neverOpen(regions: Iterable<string>, now: number): string[] {
    return [...regions].filter((region) => this.regionOpensAt(region, now) === Number.POSITIVE_INFINITY);
  }

  /** Message for a region that is never open. */
  refusal(region: string): string {
    const zones = this.zonesOf(region);
    return `it is never ${this.text} in all ${zones.length} time zones of ${region}: give wider --hours, or --time-zone with the one that its people are in (${zones.slice(0, 2).join(', ')}, …)`;
  }
}

// Pure: instant and zone are arguments; Intl knows the clock changes.

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
