/** Limiter of any kind as Express middleware, and the form of its headers. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { MemoryStore, rateLimit } from 'express-rate-limit';

/**
 * Allowance of the rate limits other than express-rate-limit's. They are pure state: they map an instant to a verdict.
 * All times are milliseconds since the epoch, by the server's true clock.
 */
interface Allowance {
  readonly limit: number;
  readonly windowMs: number;
}

interface Verdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Time at which the whole allowance (window kinds) or bucket is available again. */
  readonly resetAt: number;
  /** Time at which the next request would be allowed; valid only if this one was refused. */
  readonly retryAt: number;
}

export interface RateLimit {
  take(now: number, allowance: Allowance): Verdict;
}

/** Fixed window whose edges are whole multiples of its length on the server's clock. */
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

/** Sliding window: at most `limit` allowed requests in any `windowMs`. Refused ones do not count. */
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

/** Bucket of `limit` tokens, refilled evenly with `limit` per `windowMs`; full at the first request. */
export class TokenBucket implements RateLimit {
  /** Level in units of 1/windowMs of a token, so that whole milliseconds add up without rounding errors. */
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

export interface LimitSettings {
  /** Kind of limiter. The API's sample shows `express-rate-limit`: a fixed window from the first request. */
  readonly kind: 'express-rate-limit' | 'fixed-aligned' | 'sliding-log' | 'token-bucket';
  /** Requests per window; Infinity: no limit, and no rate-limit headers. */
  readonly limit: number;
  /** Length of the window, milliseconds. */
  readonly windowMs: number;
  /** Scope of the allowance: the whole key, or each `x-phone`. */
  readonly scope: 'key' | 'phone';
  /** Milliseconds by which the server's clock is ahead, in Date and in absolute Resets. */
  readonly clockOffsetMs: number;
  /** Form of X-RateLimit-Reset: epoch seconds (the sample's), epoch milliseconds, seconds to go, or a date. */
  readonly resetForm: 'seconds' | 'ms' | 'delta' | 'http-date';
  readonly retryAfterForm: 'seconds' | 'http-date' | 'none';
  /** Names of headers that are not sent, e.g. `X-RateLimit-Remaining`, `Date`. */
  readonly hideHeaders: readonly string[];
}

interface LimitListener {
  /** Called for each allowed or throttled request; its window ends at `resetAt` (epoch ms, server's true clock). */
  onVerdict(allowed: boolean, resetAt: number): void;
}

const OWN_KINDS: Readonly<Record<string, () => RateLimit>> = {
  'fixed-aligned': () => new FixedAligned(),
  'sliding-log': () => new SlidingLog(),
  'token-bucket': () => new TokenBucket(),
};

export class Limiting {
  settings: LimitSettings;
  readonly #listener: LimitListener;
  /** Answers a throttled request; its headers are already set, but not its status and body. */
  readonly #refuse: (request: Request, response: Response) => void | Promise<void>;
  #limiter!: RequestHandler;
  #dispose: () => void = () => {};

  constructor(
    settings: LimitSettings,
    listener: LimitListener,
    refuse: (request: Request, response: Response) => void | Promise<void>,
  ) {
    this.settings = settings;
    this.#listener = listener;
    this.#refuse = refuse;
    this.#build();
  }

  /** Changes settings. A new limit applies within the running window; a new kind or window length starts a new one. */
  change(changes: Partial<LimitSettings>): void {
    const before = this.settings;
    this.settings = { ...before, ...changes };
    if (this.settings.kind !== before.kind || this.settings.windowMs !== before.windowMs) this.#build();
  }

  /** Clears the used allowance. */
  reset(): void {
    this.#build();
  }

  dispose(): void {
    this.#dispose();
  }

  readonly middleware: RequestHandler = (request, response, next) =>
    this.settings.limit === Number.POSITIVE_INFINITY
      ? next()
      : this.#limiter(request, response, (error?: unknown) => {
          if (error !== undefined) return next(error);
          this.#afterVerdict(request, response, true);
          next();
        });

  #build(): void {
    this.#dispose();
    const own = OWN_KINDS[this.settings.kind];
    this.#limiter = own ? this.#own(own) : this.#express();
  }

  #express(): RequestHandler {
    const store = new MemoryStore();
    this.#dispose = () => store.shutdown();
    return rateLimit({
      windowMs: this.settings.windowMs,
      limit: () => this.settings.limit,
      store,
      legacyHeaders: true,
      standardHeaders: false,
      // The checks concern proxies, and construction during a request, which `change` does on purpose.
      validate: false,
      keyGenerator: (request) => this.#scopeOf(request),
      handler: (request, response) => {
        this.#afterVerdict(request, response, false);
        return this.#refuse(request, response);
      },
    });
  }

  #own(make: () => RateLimit): RequestHandler {
    const limits = new Map<string, RateLimit>();
    this.#dispose = () => limits.clear();
    return async (request: Request, response: Response, next: NextFunction) => {
      const scope = this.#scopeOf(request);
      const limit = limits.get(scope) ?? make();
      limits.set(scope, limit);
      const now = Date.now();
      const verdict = limit.take(now, this.settings);
      response.setHeader('X-RateLimit-Limit', String(this.settings.limit));
      response.setHeader('X-RateLimit-Remaining', String(verdict.remaining));
      response.setHeader('Date', new Date(now).toUTCString());
      response.setHeader('X-RateLimit-Reset', String(Math.ceil(verdict.resetAt / 1000)));
      Object.assign(request, { rateLimit: { resetTime: new Date(verdict.resetAt) } });
      if (verdict.allowed) return next();
      response.setHeader('Retry-After', String(Math.max(0, Math.ceil((verdict.retryAt - now) / 1000))));
      this.#afterVerdict(request, response, false);
      await this.#refuse(request, response);
    };
  }

  #scopeOf(request: Request): string {
    return this.settings.scope === 'phone' ? String(request.headers['x-phone']) : 'key';
  }

  /** Notifies the listener, and rewrites the limiter's plain headers in the set form. */
  #afterVerdict(request: Request, response: Response, allowed: boolean): void {
    const { resetTime } = (request as Request & { rateLimit: { resetTime: Date } }).rateLimit;
    const { clockOffsetMs, resetForm } = this.settings;
    const resetAt = resetTime.getTime();
    this.#listener.onVerdict(allowed, resetAt);
    const serverNow = Date.now() + clockOffsetMs;
    if (clockOffsetMs !== 0) response.setHeader('Date', new Date(serverNow).toUTCString());
    const reset = resetAt + clockOffsetMs;
    response.setHeader(
      'X-RateLimit-Reset',
      {
        seconds: () => String(Math.ceil(reset / 1000)),
        ms: () => String(Math.ceil(reset)),
        delta: () => String(Math.max(0, Math.ceil((reset - serverNow) / 1000))),
        'http-date': () => new Date(Math.ceil(reset / 1000) * 1000).toUTCString(),
      }[resetForm](),
    );
    this.bendRetryAfter(response);
  }

  /** Rewrites Retry-After in the form of the settings. */
  bendRetryAfter(response: Response): void {
    const seconds = response.getHeader('Retry-After');
    const { retryAfterForm, clockOffsetMs } = this.settings;
    if (seconds === undefined || retryAfterForm === 'seconds') return;
    response.removeHeader('Retry-After');
    if (retryAfterForm === 'none') return;
    const at = Math.ceil((Date.now() + clockOffsetMs) / 1000) * 1000 + Number(seconds) * 1000;
    response.setHeader('Retry-After', new Date(at).toUTCString());
  }
}
