import type { Clock } from '../domain/words.ts';

/** Adds up how long was waited for what: from the beginning of a wait to its end, or to the beginning of the next one. */
export class WaitMeter {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #waited = new Map<string, number>();
  #wait: { readonly since: number; readonly why: string } | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  begins(why: string): void {
    this.ends();
    this.#wait = { since: this.#clock.monotonic(), why };
  }

  ends(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait === undefined) return;
    const ms = this.#clock.monotonic() - wait.since;
    this.#waited.set(wait.why, (this.#waited.get(wait.why) ?? 0) + ms);
  }

  /** Milliseconds by reason. What is under way ends with this. */
  total(): ReadonlyMap<string, number> {
    this.ends();
    return this.#waited;
  }
}
