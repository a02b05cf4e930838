/** Facts that the shared pacer takes from the policy of one process: the only file here that reads its state. */

import { type Demand, type PacerEvent, type Permit, takeTurn, type Wait } from '../pacer.ts';
import { type Ask, latestArrival } from '../policy/ask-log.ts';
import {
  advance,
  initial,
  marginOf,
  type Observation,
  type RateSettings,
  type RateState,
} from '../policy/policy.ts';
import { isTold, spanOf } from '../policy/state.ts';
import {
  type AskKind,
  longestRoundTrip,
  measured,
  UNKNOWN_WAY,
  usualRoundTrip,
  type Way,
} from '../policy/way.ts';
import type { Reply } from './scripts.ts';

export interface Learnt {
  readonly limit: number;
  /** With the margin. */
  readonly windowMs: number;
  /** How many got through at once. */
  readonly clean: number;
}

/** Asks in a row without a refusal before others ask at the same time: limits that no header shows are met by one. */
const TRIED = 20;

/**
 * Limit and window by which all may go at once. Undefined before an ask of this process has shown them, beside asks of
 * others, and for good where the server counts what a common log does not hold: reads and asks apart, people, or
 * something that no header shows. Then one process asks at a time.
 */
export function learnt(state: RateState): Learnt | undefined {
  const { counters, told, slow } = state;
  const { ask, read } = counters;
  const { mode } = ask;
  const isPlain = ask === read && ask.cost === 1 && slow.spacing === 0 && !Number.isFinite(slow.ceiling);
  const isTried = told.ask !== undefined && slow.passed >= TRIED;
  if (!isPlain || !isTried || mode.name !== 'known') return undefined;
  return { limit: mode.limit, windowMs: mode.windowMs + marginOf(state, mode.windowMs), clean: slow.clean };
}

/** The server has answered, and says nothing of a limit. */
export function isBlind({ counters: { ask } }: RateState): boolean {
  return ask.mode.name === 'blind' && ask.mode.limit === undefined;
}

/** Round trips that the number of asks in flight takes to grow, and the probes after it. */
const ROUND_TRIPS = 12;

/** How long learning may take as far as is known, milliseconds. */
export function learningMs({ counters: { ask }, way }: RateState): number {
  const trips = ROUND_TRIPS * longestRoundTrip(way, 'ask');
  return isTold(ask.mode) ? Math.max(4 * spanOf(ask.mode), trips) : trips;
}

/** When exchanges reached the server at the latest, on the scale of when they were sent. */
export class Arrivals {
  #way: Way = UNKNOWN_WAY;

  /** As far as is known once it is sent; undefined: while it has no answer it may yet arrive. */
  ofSent(kind: AskKind, sentAt: number): number | undefined {
    const at = latestArrival(this.#ask(kind, sentAt, undefined), this.#way, sentAt);
    return Number.isFinite(at) ? at : undefined;
  }

  ofAnswered(kind: AskKind, observation: Observation): number {
    const { sentAt, answeredAt, httpStatus } = observation;
    if (httpStatus === undefined) return answeredAt;
    const ask = this.#ask(kind, sentAt, answeredAt);
    this.#way = measured(this.#way, kind, observation);
    return latestArrival(ask, this.#way, answeredAt);
  }

  #ask(kind: AskKind, sentAt: number, answeredAt: number | undefined): Ask {
    const usual = usualRoundTrip(this.#way, kind);
    return { id: 0, kind, sentAt, answeredAt, usual, level: 1, refused: false, solo: false, promised: false };
  }
}

/** Facts that a learner takes over from the one before. */
type LastLearner = Pick<Reply, 'ceiling' | 'spacing' | 'countsPeople'>;

/** A process learns for so long at least before another takes its turn. */
const LEARN_MS = 10_000;

/** The policy of one process, while this process is the one that asks: it learns limit and window for all. */
export class Learner {
  state: RateState;
  /** Wait of the last turn. */
  wait: Wait | undefined;
  readonly #since: number;
  readonly #random: () => number;

  constructor(
    { maxInFlight, batchSize = 1 }: RateSettings,
    now: number,
    random: () => number,
    { ceiling = Number.POSITIVE_INFINITY, spacing = 0, countsPeople }: LastLearner,
  ) {
    // The own pace is kept by all together.
    const state = initial({ maxInFlight, batchSize });
    const counter = { ...state.counters.ask, cost: countsPeople ? batchSize : 1 };
    this.state = {
      ...state,
      counters: { ask: counter, read: counter },
      slow: { ...state.slow, ceiling, spacing },
    };
    this.#since = now;
    this.#random = random;
  }

  tell(event: PacerEvent, now: number): void {
    this.state = advance(this.state, event, now);
  }

  turn(demand: Demand, now: number, lead: number): readonly Permit[] {
    const random = this.#random;
    const { state, permits, wait } = takeTurn(this.state, demand, { now, lead, random });
    this.state = state;
    this.wait = wait;
    return permits;
  }

  /** Permits that came to nothing. */
  giveBack(permits: readonly Permit[], now: number): void {
    for (const { id } of permits) this.tell({ type: 'withdrawn', id }, now);
  }

  /** It has had its turn. */
  isLong(now: number): boolean {
    return now > this.#since + Math.max(LEARN_MS, learningMs(this.state));
  }

  /** Before when nothing more may go: whoever learns next knows nothing of what was used up. */
  end(now: number): Wait | undefined {
    return takeTurn(this.state, { ask: 1, read: 0 }, { now, lead: 0, random: this.#random }).wait;
  }
}
