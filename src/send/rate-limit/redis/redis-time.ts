/** Least contradiction of a clock that was set, ms; a slewed clock contradicts by less. */
const SET_MS = 50;
/** Largest drift between two clocks, ms per ms. */
const DRIFT = 1e-3;
/** Drift within a minute or so, by when a better measurement is likely, ms per ms. */
const USUAL_DRIFT = 1e-5;

/** Redis's clock as this process knows it. All processes share instants on this clock. */
export class RedisTime {
  #last: { readonly sentAt: number; readonly receivedAt: number; readonly remote: number } | undefined;
  #best: { readonly offset: number; readonly half: number; readonly at: number } | undefined;

  /** Adds a measurement: Redis's clock showed `remote` between the instants. True: it was set since the last one. */
  add(sentAt: number, receivedAt: number, remote: number): boolean {
    const last = this.#last;
    const wasSet = last !== undefined && isSet(last, { sentAt, receivedAt, remote });
    this.#last = { sentAt, receivedAt, remote };
    const half = (receivedAt - sentAt) / 2;
    if (wasSet || half <= this.slackAt(receivedAt))
      this.#best = { offset: remote - sentAt - half, half, at: receivedAt };
    return wasSet;
  }

  /** Converts an instant of our monotonic clock to Redis's clock. */
  toRedis(monotonic: number): number {
    return monotonic + (this.#best?.offset ?? 0);
  }

  toMonotonic(redis: number): number {
    return redis - (this.#best?.offset ?? 0);
  }

  /** Largest error of a conversion, ms. */
  slackAt(monotonic: number): number {
    const best = this.#best;
    return best === undefined ? Number.POSITIVE_INFINITY : best.half + (monotonic - best.at) * USUAL_DRIFT;
  }
}

function isSet(
  last: { readonly sentAt: number; readonly receivedAt: number; readonly remote: number },
  { sentAt, receivedAt, remote }: typeof last,
): boolean {
  const went = remote - last.remote;
  const most = receivedAt - last.sentAt;
  const off = SET_MS + most * DRIFT;
  return went < sentAt - last.receivedAt - off || went > most + off;
}
