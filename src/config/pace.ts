import type { Gap, Rate } from '../lib/units.ts';
import type { HoursConfig } from '../plan/open-hours.ts';
import { usage } from './api.ts';
import type { RunFlags } from './flags.ts';

/**
 * Values of `--careful`. The vendor advises 15–20 people per group per day, with the adds spread over hours: 20 of each
 * sending phone are never more of one group. Phones have lasted for 100 adds and more at 10 s; the pause is well above
 * that.
 * Source: Periskope’s advice on adding people to groups, as README.md quotes it under “Not too fast”.
 */
export const CAREFUL = Object.freeze({
  gap: Object.freeze({ minMs: 30_000, maxMs: 60_000 }),
  dailyCap: 20,
  breaker: 3,
});

/** Default circuit breaker: consecutive asks without a clear answer after which a run stops. */
const BREAKER = 5;

export interface PaceConfig {
  readonly careful: boolean;
  readonly maxRate: Rate | undefined;
  readonly gap: Gap | undefined;
  readonly dailyCap: number | undefined;
  readonly breaker: number;
  /** undefined: at any hour. */
  readonly hours: HoursConfig | undefined;
}

type PaceFlags = Partial<
  Pick<RunFlags, 'careful' | 'maxRate' | 'gap' | 'dailyCap' | 'breaker' | 'hours' | 'timeZone'>
>;

/** Pace that the flags give: an explicit flag wins over `--careful`. */
export function paceConfig(flags: PaceFlags): PaceConfig {
  const careful = flags.careful === true;
  const advised = careful ? CAREFUL : undefined;
  return {
    careful,
    maxRate: flags.maxRate,
    gap: flags.gap ?? advised?.gap,
    dailyCap: flags.dailyCap ?? advised?.dailyCap,
    breaker: flags.breaker ?? advised?.breaker ?? BREAKER,
    hours: hoursOf(flags),
  };
}

/** @throws OnboardError CONFIG for a zone without hours */
function hoursOf({ hours, timeZone }: PaceFlags): HoursConfig | undefined {
  if (hours === undefined) {
    if (timeZone !== undefined) throw usage('--time-zone is for --hours: give --hours 09:00-18:00, too');
    return undefined;
  }
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { hours, timeZone: timeZone ?? own, timeZoneGiven: timeZone !== undefined };
}
