/** Network between client and server, as delays. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface Latency {
  /** Milliseconds of a whole round trip: half of it inbound, half outbound. */
  readonly ms?: number | undefined;
  /** Milliseconds inbound, before the server counts a request, in addition to the half of `ms`. */
  readonly way?: number | undefined;
  /** Milliseconds between the count of a request and its answer. */
  readonly work?: number | undefined;
  /** Share (0 to 1) by which the delays before and after the count vary, up or down, evenly spread. */
  readonly jitter?: number | undefined;
}

export class Network {
  latency: Latency;
  /** Resolves at the end of the current pause. */
  #held: Promise<void> | undefined;
  #hold = new AbortController();
  readonly #random: () => number;
  readonly #closing = new AbortController();

  constructor(latency: Latency, random: () => number) {
    this.latency = latency;
    this.#random = random;
    // Every concurrent request has a listener, and their number is not limited.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Starts a pause of `ms` milliseconds in place of the current one; 0 ends it. */
  hold(ms: number): void {
    this.#hold.abort();
    this.#held = undefined;
    if (ms === 0) return;
    this.#hold = new AbortController();
    const signal = AbortSignal.any([this.#hold.signal, this.#closing.signal]);
    const end = (): void => {
      if (this.#held === ended) this.#held = undefined;
    };
    const ended: Promise<void> = delay(ms, undefined, { signal }).then(end, end);
    this.#held = ended;
  }

  /**
   * Waits for the inbound delay before the count, or for work and outbound delay after it. Rejects when the sandbox
   * closes.
   */
  async leg(share: 'way' | 'work' = 'way'): Promise<void> {
    while (this.#held) await this.#held;
    this.#closing.signal.throwIfAborted();
    const { ms = 0, jitter = 0, [share]: more = 0 } = this.latency;
    const all = ms / 2 + more;
    if (all > 0) await this.wait(all * (1 + jitter * (2 * this.#random() - 1)));
  }

  async wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal });
  }

  close(): void {
    this.#closing.abort();
  }
}
