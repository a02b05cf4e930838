/** What the shared pacer takes from the policy of one process: the only place here that looks into its state. */
import type { AskKind } from '../pacing/ask-log.ts';
import type { Observation } from '../pacing/headers.ts';
import { addRoundTrip, NO_ROUND_TRIPS, type RoundTrips, shortestRoundTrip } from '../pacing/round-trip.ts';
import { UNKNOWN_WINDOW } from '../pacing/window-estimate.ts';
import { initial, marginOf, type RateSettings, type RateState, windowOf } from '../rate-limit.ts';

export interface Allowance {
  readonly limit: number;
  /** With the margin. */
  readonly windowMs: number;
}

/** Once the policy goes by a window: by which one; it does not amid asks of others. */
export function learnt(state: RateState): Allowance | undefined {
  const { limit, window, others, blind } = state;
  if (limit === undefined || window.trusted === undefined || others.rate > 0 || blind) return undefined;
  return { limit, windowMs: window.trusted + marginOf(state, window.trusted) };
}

/** The server has answered, and says nothing of a limit. */
export function isBlind(state: RateState): boolean {
  return state.answered && state.limit === undefined;
}

/** How long learning may take as far as is known, milliseconds. */
export function learningMs(state: RateState): number {
  return 4 * (windowOf(state) ?? 0);
}

/** The state as the limiter shows it. */
export function shown(
  settings: RateSettings,
  limit: number | undefined,
  windowMs: number | undefined,
  remaining: number | undefined,
): RateState {
  const window = { ...UNKNOWN_WINDOW, trusted: windowMs };
  return { ...initial(settings), limit, window, credit: remaining ?? 0 };
}

/** When exchanges reached the server at the latest, on the scale of when they were sent. */
export class Arrivals {
  readonly #trips: Record<AskKind, RoundTrips> = { ask: NO_ROUND_TRIPS, read: NO_ROUND_TRIPS };

  /** As far as is known once it is sent; undefined: while it has no answer it may yet arrive. */
  ofSent(_kind: AskKind, _sentAt: number): number | undefined {
    return undefined;
  }

  ofAnswered(kind: AskKind, { sentAt, answeredAt, httpStatus }: Observation): number {
    if (httpStatus === undefined) return answeredAt;
    this.#trips[kind] = addRoundTrip(this.#trips[kind], answeredAt - sentAt);
    return answeredAt - Math.min(shortestRoundTrip(this.#trips[kind]), answeredAt - sentAt);
  }
}
