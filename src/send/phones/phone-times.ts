import type { Clock, Pair, Participant } from '../../domain/words.ts';

/** When somebody may be asked. */
export interface Times {
  /** Epoch ms: `now` or before it where it is now. */
  opensAt(participant: Participant, now: number): number;
}

export interface PhoneTimesParts {
  readonly clock: Clock;
  /** undefined: people are asked at any hour. */
  readonly hours: Times | undefined;
  /** Where a full daily cap is waited for: when it has room again, as far as is known. undefined: the run stops at the cap. */
  readonly roomAt: (() => number | undefined) | undefined;
  /** Takes the pairs that are not asked now, for later in this run. */
  readonly later: (pair: Pair) => void;
}

/** Who else uses up a shared cap is not known: room is looked for again after this long, ms. */
const LOOK_AGAIN_MS = 600_000;

/** The times at which one phone may ask: the hours of the person, and room under its daily cap. */
export class PhoneTimes {
  readonly #parts: PhoneTimesParts;
  /** Epoch ms. */
  #cappedUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: PhoneTimesParts) {
    this.#parts = parts;
  }

  opensAt(participant: Participant): number {
    const now = this.#parts.clock.now();
    return Math.max(this.#parts.hours?.opensAt(participant, now) ?? now, this.#cappedUntil);
  }

  isOpen(participant: Participant): boolean {
    return this.opensAt(participant) <= this.#parts.clock.now();
  }

  areOpen(people: readonly Participant[]): boolean {
    return people.every((one) => this.isOpen(one));
  }

  get isCapped(): boolean {
    return this.#cappedUntil > this.#parts.clock.now();
  }

  later(pair: Pair): void {
    this.#parts.later(pair);
  }

  /** The daily cap is full. True: it is waited for, and false: the run stops. */
  waitsForCap(): boolean {
    const { roomAt, clock } = this.#parts;
    if (roomAt === undefined) return false;
    this.#cappedUntil = roomAt() ?? clock.now() + LOOK_AGAIN_MS;
    return true;
  }
}
