import type { Tolerance } from '../lib/units.ts';

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
