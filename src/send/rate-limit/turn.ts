/**
 * One turn of the policy: takes in events, then grants what may go now. Pure, so that it works on this process's state,
 * or on a shared one, where it is repeated after a lost race.
 */
import {
  type AskKind,
  advance,
  decide,
  type RateEvent,
  type RateState,
  type WaitReason,
} from './policy/policy.ts';

/** An event with its time. Instants are those of the state. */
export interface Dated {
  readonly event: RateEvent;
  readonly at: number;
}

/** Waiting tasks without a permit, by kind. */
export type Demand = Readonly<Record<AskKind, number>>;

/** Permission for one task to send at `from`, not earlier. */
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
  /** Lead of the permits before their time. */
  readonly lead: number;
  /** In [0, 1); draws the gaps. */
  readonly random: () => number;
  /** Most permits; undefined: as many as the policy allows. */
  readonly most?: number;
}

export interface Turn {
  readonly state: RateState;
  readonly permits: readonly Permit[];
  /** Wait of the remaining demand; undefined: nothing remains, or it waits for an answer. */
  readonly wait: Wait | undefined;
  /** Not all of the demand was met. */
  readonly short: boolean;
}

/** Order in which the kinds are served. */
const KINDS: readonly AskKind[] = ['read', 'ask'];

/** Takes one turn. Consumes `state`, as `advance` does. */
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
