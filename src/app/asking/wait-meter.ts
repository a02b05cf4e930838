import type { Clock } from '../../domain/words.ts';

/** Waits kept one by one; beyond them they are only summed. */
const MOST = 500;
/** Waits that a person would wonder about, milliseconds. */
const LONG_MS = 5_000;
/** The user's own pace is no news, however long it makes a wait. */
const OWN_PACE: ReadonlySet<string> = new Set(['gap', 'max_rate']);

/** One wait, epoch ms. */
interface Wait {
  readonly why: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Adds up how long was waited for what: from the beginning of a wait to its end, or to the beginning of one for another
 * reason. Keeps those that a person would wonder about.
 */
export class WaitMeter {
  readonly #clock: Clock;
  readonly #waited = new Map<string, number>();
  readonly #notable: Wait[] = [];
  #wait: { readonly since: number; readonly why: string } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begins(why: string): void {
    if (this.#wait?.why === why) return;
    this.ends();
    this.#wait = { since: this.#clock.monotonic(), why };
  }

  ends(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait === undefined) return;
    const { why } = wait;
    const ms = this.#clock.monotonic() - wait.since;
    this.#waited.set(why, (this.#waited.get(why) ?? 0) + ms);
    const notable = why === 'throttled' ? ms > 0 : ms >= LONG_MS && !OWN_PACE.has(why);
    if (!notable || this.#notable.length === MOST) return;
    const to = this.#clock.now();
    this.#notable.push({ why, from: to - ms, to });
  }

  /** Milliseconds by reason. What is under way ends with this. */
  total(): ReadonlyMap<string, number> {
    this.ends();
    return this.#waited;
  }

  /** Those after a throttled answer, and the long ones that are not the user's own pace. */
  get notable(): readonly Wait[] {
    return this.#notable;
  }
}
