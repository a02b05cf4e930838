import { EXIT } from '../../domain/errors.ts';
import { CircuitBreaker } from '../circuit-breaker.ts';
import type { RunControl } from '../run-control.ts';

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
