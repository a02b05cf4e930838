/** Flags of the pace: how fast people are asked, and when. */
import { parseDayHours, parseTimeZone } from '../lib/day-hours.ts';
import { parseDuration, parseGap, parseRate } from '../lib/units.ts';
import { toggle, value, valueOr } from './typed-option.ts';
import { batchSize, LARGEST_BATCH, people } from './values.ts';

const PACE = 'Pace (the server’s rate limit is always kept; these go below it):';

export const PACE_OPTIONS = {
  careful: toggle(
    '--careful',
    'what the vendor advises: --gap 30s..60s --daily-cap 20 --breaker 3; one of these beside it wins',
    PACE,
  ),
  maxRate: value(
    '--max-rate <N/UNIT>',
    'at most so many asks, of all phones together: 5/s, 20/min, 100/h',
    PACE,
    parseRate,
  ),
  gap: value('--gap <MIN..MAX>', 'pause of random length between asks: 30s..60s', PACE, parseGap),
  dailyCap: value(
    '--daily-cap <N>',
    'at most N people asked per sender in any 24 h, across runs (of each shard)',
    PACE,
    people,
  ),
  hours: value(
    '--hours <HH:MM-HH:MM>',
    'send only then, in the recipient’s time zone (of a country with several: in all of them); else wait',
    PACE,
    parseDayHours,
  ),
  timeZone: value(
    '--time-zone <ZONE>',
    'for --hours: the zone of numbers that tell none, and of its own country (default: this machine’s)',
    PACE,
    parseTimeZone,
  ),
  untilDone: toggle('--until-done', 'wait over the --daily-cap instead of stopping', PACE),
  batchSize: valueOr(
    '--batch-size <N>',
    `people per ask, at most ${LARGEST_BATCH}: spares requests, not the account`,
    PACE,
    batchSize,
    1,
  ),
  concurrency: value(
    '--concurrency <N>',
    'ceiling on asks in flight (by itself: what the allowance needs)',
    PACE,
    people,
  ),
  coolDown: valueOr(
    '--cool-down <DURATION>',
    'pause after WhatsApp itself throttles the phone',
    PACE,
    parseDuration,
    300_000,
    '5m',
  ),
};
