/** A contradiction of this much is a clock that was set; less is one that is being slewed. Milliseconds. */
const SET_MS = 50;
/** Two clocks drift apart, milliseconds per millisecond. */
const DRIFT = 1e-3;
/** Drift over a minute or so, in which a better measurement is likely. */
const USUAL_DRIFT = 1e-5;

/** Redis's clock as this process knows it. The instants of all processes are on it. */
export class RedisTime {
  #last: { readonly sentAt: number; readonly receivedAt: number; readonly remote: number } | undefined;
  #best: { readonly offset: number; readonly half: number; readonly at: number } | undefined;

  /** Redis's clock showed `remote` between the two instants. True when it was set since the time before. */
  add(sentAt: number, receivedAt: number, remote: number): boolean {
    const last = this.#last;
    const wasSet = last !== undefined && isSet(last, { sentAt, receivedAt, remote });
    this.#last = { sentAt, receivedAt, remote };
    const half = (receivedAt - sentAt) / 2;
    if (wasSet || half <= this.slackAt(receivedAt))
      this.#best = { offset: remote - sentAt - half, half, at: receivedAt };
    return wasSet;
  }

  /** Instant of our monotonic clock on Redis's clock. */
  toRedis(monotonic: number): number {
    return monotonic + (this.#best?.offset ?? 0);
  }

  toMonotonic(redis: number): number {
    return redis - (this.#best?.offset ?? 0);
  }

  /** Largest error of these, milliseconds. */
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
