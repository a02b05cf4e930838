/** The network between client and server, as delays. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface Latency {
  /** Milliseconds of a whole round trip: half of it on the way in, half on the way out. */
  readonly ms: number;
  /** 0 to 1: each way takes its time ± this share of it, evenly spread. */
  readonly jitter?: number | undefined;
}

export class Network {
  latency: Latency;
  #heldUntil = 0;
  readonly #random: () => number;
  readonly #closing = new AbortController();

  constructor(latency: Latency, random: () => number) {
    this.latency = latency;
    this.#random = random;
    // One listener for every request under way, as many as there may be.
    setMaxListeners(0, this.#closing.signal);
  }

  hold(ms: number): void {
    this.#heldUntil = performance.now() + ms;
  }

  /** One way. Rejects when the sandbox closes. */
  async leg(): Promise<void> {
    const { ms, jitter = 0 } = this.latency;
    const held = this.#heldUntil - performance.now();
    if (held > 0) await this.wait(held);
    if (ms > 0) await this.wait((ms / 2) * (1 + jitter * (2 * this.#random() - 1)));
  }

  async wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal });
  }

  close(): void {
    this.#closing.abort();
  }
}
