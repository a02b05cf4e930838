import type { Clock } from '../../domain/words.ts';
import { LimiterStopped } from '../limiter.ts';
import {
  FRESH_PACE,
  type OwnPace,
  type OwnPaceSettings,
  paceAllows,
  paceGranted,
  paceSent,
} from '../pacing/own-pace.ts';

/** Longest delay that a Node timer takes, milliseconds. */
const LONGEST_TIMER = 2_147_483_647;

export interface GateOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Of the user's pace, what holds for each phone by itself. */
  readonly gap: OwnPaceSettings['gap'];
  /** Called when a wait begins, and (undefined) when it ends. Monotonic ms. */
  readonly onWait: (
    wait: { readonly untilMonotonic: number; readonly why: 'gap' | 'paused' } | undefined,
  ) => void;
}

/**
 * What holds for the asks of one phone of several, before the rate limit: the gap between them, and a cool-down. With a
 * gap they pass one by one: the next begins to wait when the one before it has been sent, or has ended unsent.
 */
export class Gate {
  readonly #options: GateOptions;
  #pace: OwnPace = FRESH_PACE;
  #asks = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #before: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<() => void>();
  #closed = false;
  queued = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Lets nothing pass before that instant, monotonic ms. Never shortens a wait. */
  pause(untilMonotonic: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, untilMonotonic);
  }

  get isPaused(): boolean {
    return this.#options.clock.monotonic() < this.#pausedUntil;
  }

  /** Whoever waits here, or comes later, is told LimiterStopped. */
  close(): void {
    this.#closed = true;
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Runs `task` when it may pass. It has to call `sent` when its bytes go out, which counts from there.
   * @throws LimiterStopped, and what the task throws
   */
  async pass<T>(task: (sent: () => void) => Promise<T>): Promise<T> {
    const { gap, clock, random } = this.#options;
    if (gap === undefined) {
      await this.#until(() => ({ at: this.#pausedUntil, why: 'paused' }));
      return task(() => undefined);
    }
    const turn = this.#before;
    let next: () => void = () => undefined;
    this.#before = new Promise((resolve) => {
      next = resolve;
    });
    this.queued++;
    let counted = true;
    const leave = () => {
      if (counted) this.queued--;
      counted = false;
    };
    try {
      await turn;
      await this.#until(() => {
        const own = paceAllows(this.#pace, { gap });
        return this.#pausedUntil > own.at
          ? { at: this.#pausedUntil, why: 'paused' }
          : { at: own.at, why: 'gap' };
      });
      leave();
      const id = ++this.#asks;
      return await task(() => {
        const now = clock.monotonic();
        this.#pace = paceSent(paceGranted(this.#pace, { gap }, id, now, random()), id, now);
        next();
      });
    } finally {
      leave();
      next();
    }
  }

  async #until(allowed: () => { readonly at: number; readonly why: 'gap' | 'paused' }): Promise<void> {
    const { clock, onWait } = this.#options;
    let waited = false;
    for (;;) {
      if (this.#closed) break;
      const { at, why } = allowed();
      const ms = at - clock.monotonic();
      if (ms <= 0) break;
      waited = true;
      onWait({ untilMonotonic: at, why });
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
