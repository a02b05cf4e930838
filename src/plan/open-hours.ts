import { getCountry, getTimezone } from 'countries-and-timezones';
import { regionOfParticipant } from '../cohort/phone/numbering.ts';
import { closesAt, type DayHours, dayHoursText, opensAt } from '../lib/day-hours.ts';

/** Regions of phone numbers that are no countries of their own, and where their time is kept. */
const TIME_OF: Readonly<Record<string, string>> = { AC: 'SH', TA: 'SH', XK: 'RS' };
const MINUTE_MS = 60_000;

export interface HoursConfig {
  readonly hours: DayHours;
  /** For numbers that tell no zone. */
  readonly timeZone: string;
  /** The user has named it: then it stands for its own country, too, where that has several zones. */
  readonly timeZoneGiven: boolean;
}

/**
 * When people may be asked: `--hours`, in the recipient's own zone. A number tells its country, and no more; of a country with
 * several zones it has to be within the hours in all of them, unless `--time-zone` names one of them.
 */
export class OpenHours {
  readonly #config: HoursConfig;
  readonly #zones = new Map<string, readonly string[]>();
  /** Per region: what was found, and until when that holds (epoch ms). */
  readonly #found = new Map<string, { readonly from: number; readonly until: number; readonly at: number }>();

  constructor(config: HoursConfig) {
    this.#config = config;
  }

  get text(): string {
    return dayHoursText(this.#config.hours);
  }

  /** The zones of a region, `IN` or `+881`. */
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

  /** When this person may be asked, epoch ms: `now` where it is now; Infinity where it is never. */
  opensAt(participant: string, now: number): number {
    return this.regionOpensAt(regionOfParticipant(participant), now);
  }

  regionOpensAt(region: string, now: number): number {
    const known = this.#found.get(region);
    if (known && now >= known.from && now < known.until) return Math.max(now, known.at);
    const at = opensAt(this.#config.hours, this.zonesOf(region), now) ?? Number.POSITIVE_INFINITY;
    const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    // Open: for this minute. Closed: until it opens.
    const until = at === now ? minute + MINUTE_MS : Math.min(at, now + 86_400_000);
    this.#found.set(region, { from: now, until, at });
    return at;
  }

  regionClosesAt(region: string, now: number): number {
    return closesAt(this.#config.hours, this.zonesOf(region), now);
  }

  isOpen(participant: string, now: number): boolean {
    return this.opensAt(participant, now) <= now;
  }

  /** Of these regions those in which it is never within the hours in all zones. */
  neverOpen(regions: Iterable<string>, now: number): string[] {
    return [...regions].filter((region) => this.regionOpensAt(region, now) === Number.POSITIVE_INFINITY);
  }

  /** Message for a region that is never open. */
  refusal(region: string): string {
    const zones = this.zonesOf(region);
    return `it is never ${this.text} in all ${zones.length} time zones of ${region}: give wider --hours, or --time-zone with the one that its people are in (${zones.slice(0, 2).join(', ')}, …)`;
  }
}
