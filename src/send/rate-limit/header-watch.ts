import type { Log } from '../ports.ts';
import { readFacts } from './headers.ts';
import type { AskKind, Observation } from './limiter.ts';

/** Answers 200 without a word of the limit after which it is said: reads may well be counted by nobody. */
const ENOUGH: Readonly<Record<AskKind, number>> = { ask: 1, read: 3 };

/** The one line of a run that says that no header tells the rate limit: what follows is slow because of it. */
export class HeaderWatch {
  readonly #log: Log;
  readonly #silent: Record<AskKind, number> = { ask: 0, read: 0 };
  #isOver = false;

  constructor(log: Log) {
    this.#log = log;
  }

  saw(kind: AskKind, observation: Observation | undefined): void {
    if (this.#isOver || observation?.httpStatus !== 200) return;
    if (readFacts(observation).understood) {
      this.#isOver = true;
    } else if (++this.#silent[kind] >= ENOUGH[kind]) {
      this.#isOver = true;
      this.#log.warn(
        {},
        'the answers show no rate limit in a header that we know (X-RateLimit-*, X-Rate-Limit-*, RateLimit-*, RateLimit): ' +
          'one request per second, or as --max-rate says',
      );
    }
  }
}
