import { EXIT } from '../domain/errors.ts';
import { oneLine } from './api/scrub.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { type Gateway, NOT_DONE_TRIES } from './gateway.ts';
import type { CommonTrouble } from './phones/common-trouble.ts';
import type { Log } from './ports.ts';
import type { RunControl } from './run-control.ts';

/** Asks in a row that the API kept refusing as “too many” or “unavailable”, before the run stops for now. */
const EXHAUSTED_IN_ROW = 3;

interface Parts {
  readonly breaker: CircuitBreaker;
  /** Where there are several phones: what goes wrong through more than one of them. */
  readonly common?: CommonTrouble | undefined;
  readonly gateway: Gateway;
  readonly control: RunControl;
  readonly coolDownMs: number;
  readonly log: Log;
}

/** Hears how each ask ended, and stops the run when it is enough. `sentAt` is the ask's, monotonic ms. */
export class Guard {
  readonly #parts: Parts;
  #exhausted = 0;
  /** The last round of refusals that an ask was left after. */
  #round: number | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** An ask was answered clearly. */
  clear(sentAt: number): void {
    this.#parts.breaker.good(sentAt);
    this.#parts.common?.good(sentAt);
    this.#exhausted = 0;
  }

  /** An ask ended in doubt. True when the run stops. */
  inDoubt(sentAt: number): boolean {
    if (this.#parts.common?.bad(sentAt, this.#parts.control)) return true;
    return this.#bad(sentAt, 'asks in a row without a clear answer');
  }

  /** An ask failed, or was refused, and nothing says why. True when the run stops. */
  unexplained(sentAt: number, words: string): boolean {
    return this.#bad(sentAt, `asks in a row failed without a known reason (${oneLine(words)})`);
  }

  /** The API refuses a whole group. True when the run stops: so many groups in a row are hardly all at fault. */
  groupClosed(sentAt: number, words: string): boolean {
    return this.#bad(sentAt, `groups in a row refused (${oneLine(words)})`);
  }

  /** Cools down, or trips the breaker: true when the run stops. */
  throttledByWhatsApp(sentAt: number): boolean {
    if (this.#bad(sentAt, 'asks in a row throttled by WhatsApp', 'whatsapp_throttled')) return true;
    this.#parts.gateway.coolDown(this.#parts.coolDownMs);
    return false;
  }

  /**
   * The API has refused an ask every time: true when it is left for another run. Of those that were refused together only
   * one is, because a round of refusals says no more than one of them; the others try on.
   */
  exhausted(message: string, round: number | undefined): boolean {
    if (round === this.#round) return false;
    this.#round = round;
    this.#parts.log.warn({ tries: NOT_DONE_TRIES }, `left for the next run: ${oneLine(message)}`);
    if (++this.#exhausted >= EXHAUSTED_IN_ROW) {
      this.#parts.control.stop({
        exit: EXIT.again,
        code: 'throttled',
        message: `the API keeps refusing (${oneLine(message)})${this.#advice()}`,
      });
    }
    return true;
  }

  /** What may help where the API takes fewer at a time than it says. */
  #advice(): string {
    const { ceiling } = this.#parts.gateway;
    if (ceiling === undefined) return '';
    return `; at most ${ceiling} at a time got through: --concurrency ${ceiling}`;
  }

  #bad(sentAt: number, what: string, code: 'breaker' | 'whatsapp_throttled' = 'breaker'): boolean {
    const { breaker, control } = this.#parts;
    if (!breaker.bad(sentAt)) return false;
    control.stop({
      exit: EXIT.safety,
      code,
      message: `${breaker.inRow} ${what}: stopped to protect the account`,
    });
    return true;
  }
}
