/** One turn of the policy: grants what may go now. Pure. */
import { type AskKind, advance, decide, type RateState, type WaitReason } from './policy/policy.ts';

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
}

export interface Turn {
  readonly state: RateState;
  readonly permits: readonly Permit[];
  /** Wait of the remaining demand; undefined: nothing remains, or it waits for an answer. */
  readonly wait: Wait | undefined;
}

/** Order in which the kinds are served. */
const KINDS: readonly AskKind[] = ['read', 'ask'];

export function takeTurn(state: RateState, demand: Demand, { now, lead, random }: TurnOptions): Turn {
  let after = state;
  const permits: Permit[] = [];
  let wait: Wait | undefined;
  for (const kind of KINDS) {
    for (let left = demand[kind]; left > 0; left--) {
      let from = now;
      let verdict = decide(after, kind, now);
      if (!verdict.go && verdict.until !== undefined && verdict.until <= now + lead) {
        from = verdict.until;
        verdict = decide(after, kind, from);
      }
      if (!verdict.go) {
        if (verdict.until !== undefined && (wait === undefined || verdict.until < wait.until)) {
          wait = { until: verdict.until, why: verdict.why };
        }
        break;
      }
      permits.push({ id: after.nextId, kind, from });
      after = advance(after, { type: 'granted', kind, solo: verdict.solo, random: random() }, from);
    }
  }
  return { state: after, permits, wait };
}
