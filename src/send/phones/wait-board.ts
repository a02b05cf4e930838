import type { WaitReason } from '../rate-limit/limiter.ts';

export interface Wait {
  readonly untilMonotonic: number;
  readonly why: WaitReason;
}

/** Several things wait, each for its own reason: the one that ends first is what is being waited for. */
export class WaitBoard {
  readonly #waits = new Map<unknown, Wait>();
  readonly #begins: (wait: Wait) => void;
  readonly #ends: () => void;
  #shown: Wait | undefined;

  constructor(begins: (wait: Wait) => void, ends: () => void) {
    this.#begins = begins;
    this.#ends = ends;
  }

  get shown(): Wait | undefined {
    return this.#shown;
  }

  set(who: unknown, wait: Wait | undefined): void {
    if (wait === undefined) this.#waits.delete(who);
    else this.#waits.set(who, wait);
    let first: Wait | undefined;
    for (const one of this.#waits.values()) {
      if (first === undefined || one.untilMonotonic < first.untilMonotonic) first = one;
    }
    const before = this.#shown;
    this.#shown = first;
    if (first === undefined) {
      if (before !== undefined) this.#ends();
    } else if (before?.untilMonotonic !== first.untilMonotonic || before.why !== first.why)
      this.#begins(first);
  }
}
