/**
 * Who is there. Each process has Redis note every BEAT that it is; whoever was not heard of for LEASE is gone, and what
 * was in flight of theirs is settled by the others. Who has not been heard may be ourselves who did not listen: after
 * any trouble with Redis nobody is held to be gone before all had the time to be heard again.
 */

export const BEAT_MS = 700;
export const LEASE_MS = 2400;
/** A beat that took longer has itself been in trouble. */
const SLOW_BEAT_MS = BEAT_MS;

export class Presence {
  #alive: ReadonlySet<string> = new Set();
  /** Monotonic milliseconds: when the last good beat was sent, and the first of those without trouble in between. */
  #sentAt = Number.NEGATIVE_INFINITY;
  #steadySince = Number.POSITIVE_INFINITY;

  /** Redis noted that we are there, and said who else is. */
  beat(sentAt: number, answeredAt: number, alive: readonly string[]): void {
    const slow = answeredAt - sentAt > SLOW_BEAT_MS || sentAt - this.#sentAt > 2 * BEAT_MS + SLOW_BEAT_MS;
    if (slow || !Number.isFinite(this.#steadySince)) this.#steadySince = sentAt;
    this.#sentAt = sentAt;
    this.#alive = new Set(alive);
  }

  /** Redis could not be asked. */
  broken(): void {
    this.#steadySince = Number.POSITIVE_INFINITY;
  }

  /** Until then nobody can hold us to be gone. Monotonic milliseconds. */
  get heldUntil(): number {
    return this.#sentAt + LEASE_MS;
  }

  /** Those of `owners`, whom a state named that was read at `seenAt`, who are gone. */
  gone(owners: Iterable<string>, seenAt: number): readonly string[] {
    if (this.#sentAt < seenAt || this.#sentAt - this.#steadySince < LEASE_MS) return [];
    return [...new Set(owners)].filter((owner) => !this.#alive.has(owner));
  }
}
