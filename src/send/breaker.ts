import type { Tolerance } from '../lib/units.ts';

/**
 * Counts what went wrong, and says when it is enough. Pure bookkeeping: the dispatcher acts on what it says.
 * In a row: asks without a clear answer, or throttled by WhatsApp itself, in the order in which they were sent. With many
 * in flight the order of answers says nothing: a slow answer to an ask from before the trouble must not hide it, and
 * timeouts of asks that others have outlived since are not a row.
 */
export class Breaker {
  readonly #inRowLimit: number;
  readonly #tolerance: Tolerance | undefined;
  /** When the asks that went wrong since the last clear answer were sent. */
  #bad: number[] = [];
  /** When the last ask that was answered clearly was sent. */
  #goodAt = Number.NEGATIVE_INFINITY;
  #errors = 0;
  #settled = 0;

  constructor(inRowLimit: number, tolerance: Tolerance | undefined) {
    this.#inRowLimit = inRowLimit;
    this.#tolerance = tolerance;
  }

  /** An ask ended in doubt, or was throttled by WhatsApp. `sentAt` is monotonic ms. True when that is one too many in a row. */
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
