import type { Clock } from '../../domain/words.ts';
import { LONGEST_TIMER } from '../../lib/units.ts';
import { LimiterStopped, type WaitReason } from '../rate-limit/limiter.ts';
import {
  FRESH_PACE,
  type OwnPace,
  type OwnPaceSettings,
  paceAllows,
  paceGranted,
  paceSent,
} from '../rate-limit/policy/own-pace.ts';

export interface Wait {
  readonly untilMonotonic: number;
  readonly why: WaitReason;
}

/** Board of simultaneous waits; shows the one that ends first. */
export class WaitBoard {
  readonly #waits = new Map<unknown, Wait>();
  readonly #begins: (wait: Wait) => void;
  readonly #ends: () => void;
  #shown: Wait | undefined;

  constructor(begins: (wait: Wait) => void, ends: () => void) {
    this.#begins = begins;
    this.#ends = ends;
  }

  get shown(): Wait | undefined {
    return this.#shown;
  }

  set(who: unknown, wait: Wait | undefined): void {
    if (wait === undefined) this.#waits.delete(who);
    else this.#waits.set(who, wait);
    let first: Wait | undefined;
    for (const one of this.#waits.values()) {
      if (first === undefined || one.untilMonotonic < first.untilMonotonic) first = one;
    }
    const before = this.#shown;
    this.#shown = first;
    if (first === undefined) {
      if (before !== undefined) this.#ends();
    } else if (before?.untilMonotonic !== first.untilMonotonic || before.why !== first.why)
      this.#begins(first);
  }
}

interface GateOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** The part of the user's pace that holds for each phone alone. */
  readonly gap: OwnPaceSettings['gap'];
  /** Called when a wait begins, and with undefined when it ends. */
  readonly onWait: (wait: Wait | undefined) => void;
}

/**
 * Gate for the asks of one phone, before an allowance shared with other phones: keeps their gap and a cool-down. With a
 * gap they pass one by one: the next wait begins when the previous ask was sent, or ended unsent.
 */
export class Gate {
  readonly #options: GateOptions;
  #pace: OwnPace = FRESH_PACE;
  #asks = 0;
  #paused: Wait = { untilMonotonic: Number.NEGATIVE_INFINITY, why: 'paused' };
  #before: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<() => void>();
  #closed = false;
  queued = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Lets nothing pass before that instant, monotonic ms. Never shortens a wait. */
  pause(untilMonotonic: number, why: WaitReason = 'paused'): void {
    if (untilMonotonic > this.#paused.untilMonotonic) this.#paused = { untilMonotonic, why };
  }

  get isOpen(): boolean {
    return !this.#closed && !this.isPaused;
  }

  get isPaused(): boolean {
    return this.#options.clock.monotonic() < this.#paused.untilMonotonic;
  }

  /** Rejects present and later waits with LimiterStopped. */
  close(): void {
    this.#closed = true;
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Runs `task` when it may pass. The task must call `sent` when its bytes go out: the gap counts from there.
   * @throws LimiterStopped, and what the task throws
   */
  async pass<T>(task: (sent: () => void) => Promise<T>): Promise<T> {
    const { gap, clock, random } = this.#options;
    const turn = this.#before;
    let next: () => void = () => undefined;
    if (gap !== undefined) {
      this.#before = new Promise((resolve) => {
        next = resolve;
      });
    }
    this.queued++;
    try {
      await turn;
      await this.#until();
    } catch (error) {
      next();
      throw error;
    } finally {
      this.queued--;
    }
    const id = ++this.#asks;
    try {
      return await task(() => {
        const now = clock.monotonic();
        if (gap !== undefined)
          this.#pace = paceSent(paceGranted(this.#pace, { gap }, id, now, random()), id, now);
        next();
      });
    } finally {
      next();
    }
  }

  #wait(): Wait {
    const { gap } = this.#options;
    const own = paceAllows(this.#pace, gap === undefined ? {} : { gap });
    return own.at > this.#paused.untilMonotonic ? { untilMonotonic: own.at, why: own.why } : this.#paused;
  }

  async #until(): Promise<void> {
    const { clock, onWait } = this.#options;
    let waited = false;
    for (;;) {
      if (this.#closed) break;
      const wait = this.#wait();
      const ms = wait.untilMonotonic - clock.monotonic();
      if (ms <= 0) break;
      waited = true;
      onWait(wait);
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.min(Math.max(1, Math.ceil(ms)), LONGEST_TIMER));
        this.#waiting.add(wake);
      });
    }
    if (waited) onWait(undefined);
    if (this.#closed) throw new LimiterStopped();
  }
}
