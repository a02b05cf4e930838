/**
 * One clock for all who share a state: Redis's, as this process can tell it from its own monotonic clock. The wall
 * clock of this host plays no part. What an exchange with Redis shows is an interval, half of its round trip to either
 * side; what happened is dated by the end of it that is the more careful.
 */

interface Sample {
  /** Monotonic milliseconds of this process: the middle of the exchange. */
  readonly at: number;
  /** Redis's clock minus ours, milliseconds. */
  readonly offset: number;
  /** The offset may be wrong by so much. */
  readonly half: number;
}

/** Two clocks drift apart, milliseconds per millisecond. */
const DRIFT = 1e-4;
const SAMPLES = 16;
/** Redis answers in whole microseconds, and its answer is read in some turn of the event loop. */
const LEAST_ERROR = 0.05;
/** A contradiction of this much is a clock that was set; less is one that is being slewed. Milliseconds. */
const SET = 50;

export class SharedClock {
  #samples: Sample[] = [];
  #best: Sample = { at: 0, offset: 0, half: 0 };

  /** `remote` was read between `sentAt` and `answeredAt`. True when Redis's clock was set since the samples before. */
  add(sentAt: number, answeredAt: number, remote: number): boolean {
    const at = (sentAt + answeredAt) / 2;
    const sample = { at, offset: remote - at, half: Math.max(0, answeredAt - sentAt) / 2 + LEAST_ERROR };
    const known = this.#samples.length > 0;
    const apart = Math.abs(sample.offset - this.#best.offset) - sample.half - this.#error(at);
    const contradicts = known && apart > 0;
    this.#samples = contradicts ? [sample] : [...this.#samples.slice(1 - SAMPLES), sample];
    this.#best = this.#samples.reduce((best, one) => (errorOf(one, at) < errorOf(best, at) ? one : best));
    return contradicts && apart > SET;
  }

  /** The earliest that it can be by Redis's clock. */
  earliest(local: number): number {
    return local + this.#best.offset - this.#error(local);
  }

  latest(local: number): number {
    return local + this.#best.offset + this.#error(local);
  }

  /** When it is surely that late by Redis's clock: monotonic milliseconds of this process. */
  local(shared: number): number {
    const local = shared - this.#best.offset;
    return local + this.#error(local);
  }

  #error(local: number): number {
    return errorOf(this.#best, local);
  }
}

function errorOf(sample: Sample, local: number): number {
  return sample.half + Math.abs(local - sample.at) * DRIFT;
}
