import { EXIT } from '../domain/errors.ts';
import type { Tolerance } from '../lib/units.ts';
import type { RunControl } from './run-control.ts';

/**
 * Circuit breaker: counts asks in a row without a clear answer, in the order in which they were sent. With many in
 * flight the order of answers says nothing: a slow answer to an ask from before the trouble must not hide it, and
 * timeouts of asks that others have outlived since are not a row. Pure bookkeeping: the dispatcher acts on what it says.
 */
export class CircuitBreaker {
  readonly #inRowLimit: number;
  /** When the asks that went wrong since the last clear answer were sent. */
  #bad: number[] = [];
  /** When the last ask that was answered clearly was sent. */
  #goodAt = Number.NEGATIVE_INFINITY;

  constructor(inRowLimit: number) {
    this.#inRowLimit = inRowLimit;
  }

  /** An ask ended without a clear answer. `sentAt` is monotonic ms. True when that is one too many in a row. */
  bad(sentAt: number): boolean {
    if (sentAt < this.#goodAt) return false;
    this.#bad.push(sentAt);
    return this.#bad.length >= this.#inRowLimit;
  }

  /** An ask was answered clearly. */
  good(sentAt: number): void {
    this.#goodAt = Math.max(this.#goodAt, sentAt);
    this.#bad = this.#bad.filter((at) => at > this.#goodAt);
  }

  get inRow(): number {
    return this.#bad.length;
  }
}

/**
 * Asks in doubt in a row through more than one phone: then it is not one phone that is ill, but the API, or the way to
 * it, and the whole run stops. A row through one phone alone is that phone's own breaker's business.
 */
export class CommonTrouble {
  readonly #run: RunControl;
  readonly #breaker: CircuitBreaker;
  #bad: { readonly at: number; readonly phone: object }[] = [];

  constructor(inRowLimit: number, run: RunControl) {
    this.#run = run;
    this.#breaker = new CircuitBreaker(inRowLimit);
  }

  /** An ask was answered clearly. `sentAt` is monotonic ms. */
  good(sentAt: number): void {
    this.#breaker.good(sentAt);
    this.#bad = this.#bad.filter(({ at }) => at > sentAt);
  }

  /** An ask through this phone ended in doubt. True when that stops the run. */
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

/** Rows settled before a share of them means something: one failure among three is not a trend. */
const ENOUGH_FOR_A_SHARE = 20;

/** Error budget (`--max-errors`): counts failed and unknown rows of all phones. Without a tolerance it is never exceeded. */
export class ErrorBudget {
  readonly #tolerance: Tolerance | undefined;
  #errors = 0;
  #settled = 0;

  constructor(tolerance: Tolerance | undefined) {
    this.#tolerance = tolerance;
  }

  /** Participants were settled, so many of them as failed or unknown. True when the budget is exceeded. */
  settled(count: number, errors: number): boolean {
    this.#settled += count;
    this.#errors += errors;
    if (!this.#tolerance || this.#errors === 0) return false;
    if ('count' in this.#tolerance) return this.#errors > this.#tolerance.count;
    return this.#settled >= ENOUGH_FOR_A_SHARE && this.#errors > this.#tolerance.share * this.#settled;
  }
}
