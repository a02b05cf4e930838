/**
 * One turn of the policy: what happened is taken in, and what may go now is let go. Pure, so that the same turn can be
 * taken on the state of this process, or tried on one that is shared and taken again where another was quicker.
 */
import {
  type AskKind,
  advance,
  decide,
  type RateEvent,
  type RateState,
  type WaitReason,
} from './policy/policy.ts';

/** What happened, and when. Instants are those of the state. */
export interface Dated {
  readonly event: RateEvent;
  readonly at: number;
}

/** Tasks that wait and have no permit, by kind. */
export type Demand = Readonly<Record<AskKind, number>>;

/** What one task sends may go out at `from`, and not before. */
export interface Permit {
  readonly id: number;
  readonly kind: AskKind;
  readonly from: number;
}

export interface Wait {
  readonly until: number;
  readonly why: WaitReason;
}

export interface TurnOptions {
  readonly now: number;
  /** Permits are given this much ahead of their time. */
  readonly lead: number;
  /** In [0, 1); draws the gaps. */
  readonly random: () => number;
  /** At most so many permits; without: as many as the policy allows. */
  readonly most?: number;
}

export interface Turn {
  readonly state: RateState;
  readonly permits: readonly Permit[];
  /** Until when what is left has to wait; undefined: nothing is left, or it waits for an answer. */
  readonly wait: Wait | undefined;
  /** Not all of the demand was met. */
  readonly short: boolean;
}

/** The order in which the kinds are served. */
const KINDS: readonly AskKind[] = ['read', 'ask'];

/** Uses `state` up, as `advance` does. */
export function takeTurn(
  state: RateState,
  events: readonly Dated[],
  demand: Demand,
  options: TurnOptions,
): Turn {
  const { now, lead, random, most = Number.POSITIVE_INFINITY } = options;
  let after = state;
  for (const { event, at } of events) after = advance(after, event, at);
  const permits: Permit[] = [];
  let wait: Wait | undefined;
  let short = false;
  for (const kind of KINDS) {
    for (let left = demand[kind]; left > 0; left--) {
      if (permits.length >= most) return { state: after, permits, wait, short: true };
      let from = now;
      let verdict = decide(after, kind, now);
      if (!verdict.go && verdict.until !== undefined && verdict.until <= now + lead) {
        from = verdict.until;
        verdict = decide(after, kind, from);
      }
      if (!verdict.go) {
        short = true;
        if (verdict.until !== undefined && (wait === undefined || verdict.until < wait.until)) {
          wait = { until: verdict.until, why: verdict.why };
        }
        break;
      }
      permits.push({ id: after.nextId, kind, from });
      after = advance(after, { type: 'granted', kind, solo: verdict.solo, random: random() }, from);
    }
  }
  return { state: after, permits, wait, short };
}
