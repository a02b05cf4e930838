import type { Tolerance } from '../units.ts';

/**
 * Counts what went wrong, and says when it is enough. Pure bookkeeping: the dispatcher acts on what it says.
 * In a row: asks without a clear answer, or throttled by WhatsApp itself; a clear answer starts the count again.
 */
export class Breaker {
  readonly #inRowLimit: number;
  readonly #tolerance: Tolerance | undefined;
  #inRow = 0;
  #errors = 0;
  #settled = 0;

  constructor(inRowLimit: number, tolerance: Tolerance | undefined) {
    this.#inRowLimit = inRowLimit;
    this.#tolerance = tolerance;
  }

  /** An ask ended in doubt, or was throttled by WhatsApp. True when that is one too many in a row. */
  bad(): boolean {
    this.#inRow++;
    return this.#inRow >= this.#inRowLimit;
  }

  /** An ask was answered clearly. */
  good(): void {
    this.#inRow = 0;
  }

  get inRow(): number {
    return this.#inRow;
  }

  /** Participants were settled, so many of them as failed or unknown. True when `--max-errors` is exceeded. */
  settled(count: number, errors: number): boolean {
    this.#settled += count;
    this.#errors += errors;
    if (!this.#tolerance || this.#errors === 0) return false;
    if ('count' in this.#tolerance) return this.#errors > this.#tolerance.count;
    // A share means little over the first few rows: one failure among three is not a trend.
    return this.#settled >= 20 && this.#errors > this.#tolerance.share * this.#settled;
  }
}
