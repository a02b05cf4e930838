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
