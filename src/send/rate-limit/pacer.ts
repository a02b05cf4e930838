/**
 * Who keeps the policy's state, and says when how many may start: this process alone, as here, or several together
 * (`shared/`). The limiter does not know which.
 */
import type { Clock } from '../../domain/words.ts';
import {
  type Allowance,
  advance,
  allowanceOf,
  initial,
  type RateEvent,
  type RateSettings,
} from './policy/policy.ts';
import { type Demand, type Permit, takeTurn, type Wait } from './turn.ts';

/** What a pacer asks of the limiter, and tells it. Instants are monotonic milliseconds of this process. */
export interface PacerHooks {
  demand(): Demand;
  /** How much ahead of its instant a permit is to be given, milliseconds: what a task takes until it could be sent. */
  lead(): number;
  /** So many more may start. Those that nobody waits for any more are to be given back: `withdrawn`. */
  grant(permits: readonly Permit[]): void;
  /** Until when nothing more can start; undefined: nothing waits, or only for an answer. */
  waits(wait: Wait | undefined): void;
}

/** What happens to a permit, by the limiter's own number of it, and what holds everything back. */
export type PacerEvent = Exclude<RateEvent, { readonly type: 'granted' }>;

export interface Pacer {
  /** Something happened just now. Nothing is granted for it before `look`. */
  tell(event: PacerEvent): void;
  /** Something may be able to start: looks what. */
  look(): void;
  /**
   * Whether the permit still counts, at its instant: not where everything waits since it was given, nor where others have
   * given it up for lost.
   */
  holds(permit: Permit): boolean;
  /** What is known of the server's limit. */
  readonly allowance: Allowance;
  /** Everything has ended: what is left to say is said. */
  close(): Promise<void>;
}

export interface PacerParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: RateSettings;
  readonly hooks: PacerHooks;
}

export type MakePacer = (parts: PacerParts) => Pacer;

/** Longest delay that a Node timer takes, milliseconds. */
export const LONGEST_TIMER = 2_147_483_647;

/** The state of this process alone: every step is taken at once. */
export function localPacer({ clock, random, settings, hooks }: PacerParts): Pacer {
  let state = initial(settings);
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    clearTimeout(timer);
    timer = undefined;
    const now = clock.monotonic();
    const lead = hooks.lead();
    const turn = takeTurn(state, [], hooks.demand(), { now, lead, random });
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
