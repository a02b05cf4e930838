/** When the asks were made: a histogram that takes any number of them, over any time, in bounded memory. Pure. */

/** Resolutions at which asks are gathered, milliseconds: the next one when there are too many different instants. */
const RESOLUTIONS = [1_000, 60_000, 3_600_000, 86_400_000] as const;
const MOST_INSTANTS = 20_000;
/** Lengths of a bucket that read well. Each is a multiple of every resolution that is not above it. */
const BUCKETS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800,
].map((seconds) => seconds * 1_000);
const MOST_BUCKETS = 120;
/** The year 2100: a time beyond it is a cell that somebody has edited. Epoch ms. */
const LATEST = 4_102_444_800_000;

export interface Timeline {
  /** Epoch ms, a multiple of `bucketMs`. */
  readonly from: number;
  readonly bucketMs: number;
  /** Asks in each bucket, none left out. */
  readonly counts: readonly number[];
  readonly asks: number;
  /** Epoch ms of the first ask and of the last. */
  readonly first: number;
  readonly last: number;
}

export class AskTimes {
  #resolution = 0;
  #counts = new Map<number, number>();
  #last = new Map<string, string>();
  #asks = 0;
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  /** One row's ask. People of one batch share the instant and the trace of their ask, which is counted once. */
  add(chatId: string, askedAt: number, traceId: string): void {
    if (!(askedAt > 0 && askedAt < LATEST)) return;
    const ask = `${askedAt} ${traceId}`;
    if (this.#last.get(chatId) === ask) return;
    this.#last.set(chatId, ask);
    this.#asks++;
    this.#from = Math.min(this.#from, askedAt);
    this.#to = Math.max(this.#to, askedAt);
    this.#count(askedAt, 1);
    while (this.#counts.size > MOST_INSTANTS && this.#resolution < RESOLUTIONS.length - 1) this.#coarsen();
  }

  timeline(): Timeline | undefined {
    if (this.#asks === 0) return undefined;
    const least = RESOLUTIONS[this.#resolution] ?? 1_000;
    const fits = (ms: number) => Math.floor(this.#to / ms) - Math.floor(this.#from / ms) < MOST_BUCKETS;
    const bucketMs =
      BUCKETS.find((ms) => ms >= least && fits(ms)) ??
      // Years: weeks upon weeks, as many as it takes (cells that somebody has edited can hold any time).
      604_800_000 * Math.ceil((this.#to - this.#from) / 604_800_000 / (MOST_BUCKETS - 2));
    const from = Math.floor(this.#from / bucketMs) * bucketMs;
    const counts = new Array<number>(Math.floor((this.#to - from) / bucketMs) + 1).fill(0);
    for (const [slot, n] of this.#counts) {
      // A resolution's slot may begin a little before the first bucket when the bucket is no multiple of it.
      const at = Math.max(0, Math.floor((slot * least - from) / bucketMs));
      counts[at] = (counts[at] ?? 0) + n;
    }
    return { from, bucketMs, counts, asks: this.#asks, first: this.#from, last: this.#to };
  }

  #count(epochMs: number, n: number): void {
    const slot = Math.floor(epochMs / (RESOLUTIONS[this.#resolution] ?? 1_000));
    this.#counts.set(slot, (this.#counts.get(slot) ?? 0) + n);
  }

  #coarsen(): void {
    const before = RESOLUTIONS[this.#resolution] ?? 1_000;
    const counts = this.#counts;
    this.#resolution++;
    this.#counts = new Map();
    for (const [slot, n] of counts) this.#count(slot * before, n);
  }
}
