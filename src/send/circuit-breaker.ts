import { EXIT } from '../domain/errors.ts';
import type { Tolerance } from '../lib/units.ts';
import type { RunControl } from './run-control.ts';

/**
 * Circuit breaker: trips after too many asks in a row without a clear answer, in the order of sending. The order of
 * answers says nothing with many in flight: a slow answer to an early ask must not hide the trouble, and time-outs
 * older than a clear answer are not a row. Pure bookkeeping; the dispatcher acts on it.
 */
export class CircuitBreaker {
  readonly #inRowLimit: number;
  /** Send times of the failed asks since the last clear answer. */
  #bad: number[] = [];
  /** Send time of the latest ask with a clear answer. */
  #goodAt = Number.NEGATIVE_INFINITY;

  constructor(inRowLimit: number) {
    this.#inRowLimit = inRowLimit;
  }

  /** Counts an ask without a clear answer. `sentAt` is monotonic ms. True when the row reaches the limit. */
  bad(sentAt: number): boolean {
    if (sentAt < this.#goodAt) return false;
    this.#bad.push(sentAt);
    return this.#bad.length >= this.#inRowLimit;
  }

  /** Counts a clear answer. */
  good(sentAt: number): void {
    this.#goodAt = Math.max(this.#goodAt, sentAt);
    this.#bad = this.#bad.filter((at) => at > this.#goodAt);
  }

  get inRow(): number {
    return this.#bad.length;
  }
}

/**
 * Circuit breaker over several phones: a row of asks in doubt through more than one phone means that the API, or the
 * way to it, is at fault, and stops the whole run. A row through one phone is left to that phone's own breaker.
 */
export class CommonTrouble {
  readonly #run: RunControl;
  readonly #breaker: CircuitBreaker;
  #bad: { readonly at: number; readonly phone: object }[] = [];

  constructor(inRowLimit: number, run: RunControl) {
    this.#run = run;
    this.#breaker = new CircuitBreaker(inRowLimit);
  }

  /** Counts a clear answer. `sentAt` is monotonic ms. */
  good(sentAt: number): void {
    this.#breaker.good(sentAt);
    this.#bad = this.#bad.filter(({ at }) => at > sentAt);
  }

  /** Counts an ask in doubt through this phone. True when it stops the run. */
  bad(sentAt: number, phone: object): boolean {
    this.#bad.push({ at: sentAt, phone });
    if (!this.#breaker.bad(sentAt) || this.#bad.every((one) => one.phone === phone)) return false;
    this.#run.stop({
      exit: EXIT.safety,
      code: 'breaker',
      message: `${this.#breaker.inRow} asks in a row without a clear answer, through more than one phone: stopped to protect the account`,
    });
    return true;
  }
}

/** Settled rows before a share counts: one failure among three is not a trend. */
const ENOUGH_FOR_A_SHARE = 20;

/** Error budget (`--max-errors`): counts failed and unknown rows of all phones. Never exceeded without a tolerance. */
export class ErrorBudget {
  readonly #tolerance: Tolerance | undefined;
  #errors = 0;
  #settled = 0;

  constructor(tolerance: Tolerance | undefined) {
    this.#tolerance = tolerance;
  }

  /** Counts settled participants, `errors` of them failed or unknown. True when the budget is exceeded. */
  settled(count: number, errors: number): boolean {
    this.#settled += count;
    this.#errors += errors;
    if (!this.#tolerance || this.#errors === 0) return false;
    if ('count' in this.#tolerance) return this.#errors > this.#tolerance.count;
    return this.#settled >= ENOUGH_FOR_A_SHARE && this.#errors > this.#tolerance.share * this.#settled;
  }
}
