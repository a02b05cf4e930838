/**
 * The user's own pace, below the server's allowance: `--max-rate` and `--gap`. Both hold between the instants of
 * sending, whatever the server would allow.
 */

export interface OwnPaceSettings {
  /** At most `count` asks in any `perMs` milliseconds, evenly spread. */
  readonly maxRate?: { readonly count: number; readonly perMs: number };
  /** A pause of random length between two asks, milliseconds. */
  readonly gap?: { readonly minMs: number; readonly maxMs: number };
}

export interface OwnPace {
  /** Last asks, oldest first, at most `maxRate.count`: monotonic milliseconds. */
  readonly sends: readonly { readonly id: number; readonly at: number }[];
  /** Earliest start of the next ask under even spacing. */
  readonly dueAt: number;
  /** Random pause before the next ask, milliseconds. */
  readonly pauseMs: number;
}

export const FRESH_PACE: OwnPace = { sends: [], dueAt: Number.NEGATIVE_INFINITY, pauseMs: 0 };

/** Most asks remembered per period; beyond it the even spacing has to do, and only the last ask is remembered. */
const LONGEST_MEMORY = 1000;

export function paceGranted(
  pace: OwnPace,
  settings: OwnPaceSettings,
  id: number,
  now: number,
  random: number,
): OwnPace {
  const { maxRate, gap } = settings;
  if (maxRate === undefined && gap === undefined) return pace;
  const interval = maxRate === undefined ? 0 : maxRate.perMs / maxRate.count;
  const count = maxRate?.count ?? 1;
  const keep = count > LONGEST_MEMORY ? 1 : count;
  return {
    sends: [...pace.sends, { id, at: now }].slice(-keep),
    // The next ask makes up for a late start (a timer's lag), within half an interval.
    dueAt: (pace.dueAt < now - interval ? now : Math.max(pace.dueAt, now - interval / 2)) + interval,
    pauseMs: gap === undefined ? 0 : gap.minMs + (gap.maxMs - gap.minMs) * random,
  };
}

/** Pace with the true instant of sending, later than the grant: the intervals count from there. */
export function paceSent(pace: OwnPace, id: number, now: number): OwnPace {
  const place = pace.sends.findLastIndex((send) => send.id === id);
  return place < 0 ? pace : { ...pace, sends: pace.sends.with(place, { id, at: now }) };
}

/** Earliest start of the next ask by our own pace, monotonic milliseconds. */
export function paceAllows(
  pace: OwnPace,
  settings: OwnPaceSettings,
): { at: number; why: 'gap' | 'max_rate' } {
  const { maxRate, gap } = settings;
  let at = Number.NEGATIVE_INFINITY;
  let why: 'gap' | 'max_rate' = 'max_rate';
  if (maxRate !== undefined) {
    at = pace.dueAt;
    const first = pace.sends[0];
    if (pace.sends.length === maxRate.count && first !== undefined)
      at = Math.max(at, first.at + maxRate.perMs);
  }
  const last = pace.sends.at(-1);
  if (gap !== undefined && last !== undefined && last.at + pace.pauseMs > at) {
    at = last.at + pace.pauseMs;
    why = 'gap';
  }
  return { at, why };
}
