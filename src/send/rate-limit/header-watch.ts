import type { Log } from '../ports.ts';
import { readFacts } from './headers.ts';
import type { AskKind, Observation } from './limiter.ts';

/** Number of 200 answers without rate-limit headers before the warning: servers often do not count reads. */
const ENOUGH: Readonly<Record<AskKind, number>> = { ask: 1, read: 3 };

/** Warns once per run that no header shows the rate limit, which makes the run slow. */
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
