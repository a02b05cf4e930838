/** The network between client and server, as delays. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface Latency {
  /** Milliseconds of a whole round trip: half of it on the way in, half on the way out. */
  readonly ms?: number | undefined;
  /** Milliseconds to the server, before it counts a request; beside the half of `ms`. */
  readonly way?: number | undefined;
  /** Milliseconds that the server takes after it has counted a request, before its answer leaves. */
  readonly work?: number | undefined;
  /** 0 to 1: what comes before the count, and what comes after it, takes its time ± this share, evenly spread. */
  readonly jitter?: number | undefined;
}

export class Network {
  latency: Latency;
  /** Resolves when the pause that runs is over. */
  #held: Promise<void> | undefined;
  #endHold: (() => void) | undefined;
  readonly #random: () => number;
  readonly #closing = new AbortController();

  constructor(latency: Latency, random: () => number) {
    this.latency = latency;
    this.#random = random;
    // One listener for every request under way, as many as there may be.
    setMaxListeners(0, this.#closing.signal);
  }

  /** A pause of so many milliseconds from now, instead of the one that runs; 0 ends it. */
  hold(ms: number): void {
    this.#endHold?.();
    if (ms === 0) return;
    const pause = new AbortController();
    const ended = new Promise<void>((resolve) => {
      const end = (): void => {
        if (this.#held === ended) this.#held = undefined;
        pause.abort();
        resolve();
      };
      this.#endHold = end;
      const signal = AbortSignal.any([pause.signal, this.#closing.signal]);
      delay(ms, undefined, { signal }).then(end, end);
    });
    this.#held = ended;
  }

  /** The way in, before the count, or the work and the way out after it. Rejects when the sandbox closes. */
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
