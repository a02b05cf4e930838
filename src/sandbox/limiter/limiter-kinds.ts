/**
 * Rate limits other than express-rate-limit's, as pure state: an instant in, a verdict out. All times are
 * milliseconds since the epoch, by the server's true clock.
 */
export interface Allowance {
  readonly limit: number;
  readonly windowMs: number;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** When the whole allowance (window kinds) or the whole bucket is there again. */
  readonly resetAt: number;
  /** When the next request would be allowed; only meaningful when this one was not. */
  readonly retryAt: number;
}

export interface RateLimit {
  take(now: number, allowance: Allowance): Verdict;
}

/** A fixed window whose edges are whole multiples of its length on the server's clock. */
export class FixedAligned implements RateLimit {
  #window = Number.NaN;
  #used = 0;

  take(now: number, { limit, windowMs }: Allowance): Verdict {
    const window = Math.floor(now / windowMs) * windowMs;
    if (window !== this.#window) {
      this.#window = window;
      this.#used = 0;
    }
    this.#used++;
    const resetAt = window + windowMs;
    return {
      allowed: this.#used <= limit,
      remaining: Math.max(0, limit - this.#used),
      resetAt,
      retryAt: resetAt,
    };
  }
}

/** At most `limit` allowed requests in any stretch of `windowMs`. Refused ones do not count. */
export class SlidingLog implements RateLimit {
  #allowed: number[] = [];

  take(now: number, { limit, windowMs }: Allowance): Verdict {
    this.#allowed = this.#allowed.filter((at) => at > now - windowMs);
    const allowed = this.#allowed.length < limit;
    if (allowed) this.#allowed.push(now);
    const oldest = this.#allowed[0] ?? now;
    const blocking = this.#allowed[this.#allowed.length - limit] ?? now;
    return {
      allowed,
      remaining: Math.max(0, limit - this.#allowed.length),
      resetAt: oldest + windowMs,
      retryAt: blocking + windowMs,
    };
  }
}

/** A bucket of `limit` tokens, filled evenly with `limit` per `windowMs`; full at the first request. */
export class TokenBucket implements RateLimit {
  /** In units of 1/windowMs of a token, so that whole milliseconds add up exactly: no promise is broken by rounding. */
  #level = Number.POSITIVE_INFINITY;
  #filledAt = 0;

  take(now: number, { limit, windowMs }: Allowance): Verdict {
    const full = limit * windowMs;
    this.#level = Math.min(full, this.#level + (now - this.#filledAt) * limit);
    this.#filledAt = now;
    const allowed = this.#level >= windowMs;
    if (allowed) this.#level -= windowMs;
    return {
      allowed,
      remaining: Math.floor(this.#level / windowMs),
      resetAt: now + (full - this.#level) / limit,
      retryAt: now + Math.max(0, windowMs - this.#level) / limit,
    };
  }
}
