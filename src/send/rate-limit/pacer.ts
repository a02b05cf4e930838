/**
 * Keeper of the policy's state, which decides when how many may start: this process alone (here), or several together
 * (`redis/`). The limiter does not depend on which.
 */
import type { Clock } from '../../domain/words.ts';
import { LONGEST_TIMER } from '../../lib/units.ts';
import {
  type Allowance,
  type AskKind,
  advance,
  allowanceOf,
  decide,
  initial,
  type RateEvent,
  type RateSettings,
  type RateState,
  type WaitReason,
} from './policy/policy.ts';

/** Callbacks of a pacer into the limiter. Instants are monotonic milliseconds of this process. */
interface PacerHooks {
  demand(): Demand;
  /** Lead of a permit before its instant, milliseconds: a task's preparation time. */
  lead(): number;
  /** More may start. Permits without a waiting task are to be given back: `withdrawn`. */
  grant(permits: readonly Permit[]): void;
  /** Until when nothing more can start; undefined: nothing waits, or only for an answer. */
  waits(wait: Wait | undefined): void;
}

/** Events of a permit, by the limiter's own number of it, and of pauses. */
export type PacerEvent = Exclude<RateEvent, { readonly type: 'granted' }>;

export interface Pacer {
  /** Takes in an event of this moment. Its effects on grants wait for `look`. */
  tell(event: PacerEvent): void;
  /** Grants what may start now. */
  look(): void;
  /** Whether the permit still counts at its instant: false after a later pause, or after others gave it up for lost. */
  holds(permit: Permit): boolean;
  /** Knowledge about the server's limit. */
  readonly allowance: Allowance;
  /** Ends the pacer when all work has ended; pending messages are sent. */
  close(): Promise<void>;
}

export interface PacerParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: RateSettings;
  readonly hooks: PacerHooks;
}

export type MakePacer = (parts: PacerParts) => Pacer;

/** Pacer with the state of this process alone: every step is taken at once. */
export function localPacer({ clock, random, settings, hooks }: PacerParts): Pacer {
  let state = initial(settings);
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    clearTimeout(timer);
    timer = undefined;
    const now = clock.monotonic();
    const lead = hooks.lead();
    const turn = takeTurn(state, hooks.demand(), { now, lead, random });
    state = turn.state;
    if (turn.permits.length > 0) hooks.grant(turn.permits);
    if (turn.wait !== undefined) {
      const ahead = Math.ceil(turn.wait.until - lead - clock.monotonic());
      timer = setTimeout(look, Math.min(Math.max(ahead, 1), LONGEST_TIMER));
    }
    hooks.waits(turn.wait);
  }

  return {
    tell(event) {
      state = advance(state, event, clock.monotonic());
    },
    look,
    holds: () => (state.paused?.until ?? Number.NEGATIVE_INFINITY) <= clock.monotonic(),
    get allowance() {
      return allowanceOf(state);
    },
    close: async () => undefined,
  };
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

interface TurnOptions {
  readonly now: number;
  /** Lead of the permits before their time. */
  readonly lead: number;
  /** In [0, 1); draws the gaps. */
  readonly random: () => number;
}

interface Turn {
  readonly state: RateState;
  readonly permits: readonly Permit[];
  /** Wait of the remaining demand; undefined: nothing remains, or it waits for an answer. */
  readonly wait: Wait | undefined;
}

/** Order in which the kinds are served. */
const KINDS: readonly AskKind[] = ['read', 'ask'];

/** One turn of the policy: grants what may go now. Pure. */
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
