/**
 * Connection to Redis. It queues no command and repeats none: a command under way when the connection breaks fails, and
 * its sender decides again. It survives a short loss of Redis; after a longer one the run ends in good order.
 */
import { randomUUID } from 'node:crypto';
import { OnboardError } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/words.ts';
import type { Log } from '../../ports.ts';
import { type Link, LinkDown } from './link.ts';
import { type Client, clientOf, placeOf, type RedisTarget } from './redis-client.ts';

export interface RedisLinkOptions {
  readonly target: RedisTarget;
  /** Prefix of every key. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once, when Redis was out of reach for too long; nothing is granted after it. */
  readonly lost: (message: string) => void;
  /** Replaces PATIENCE_MS, for tests. */
  readonly patienceMs?: number;
}

/** Longest loss of Redis during a run, and longest wait for it at the start, ms. */
const PATIENCE_MS = 5000;
const START_MS = 3000;
/** Pause between two tries, ms. */
const RETRY_MS = 150;
/** Interval of the checks that Redis answers, ms. */
const PULSE_MS = 700;

/**
 * Connects to Redis.
 * @throws OnboardError CONFIG when Redis refuses access; REDIS_UNREACHABLE when it does not answer
 */
export async function openRedisLink(options: RedisLinkOptions): Promise<RedisLink> {
  const client = await clientOf(options.target);
  const link = new RedisLink(client, options);
  try {
    await link.start();
  } catch (error) {
    await link.close();
    throw error;
  }
  return link;
}

export class RedisLink implements Link {
  readonly me = randomUUID().slice(0, 13);
  up = false;
  /** Number of connections so far: rises each time that Redis answers again. */
  generation = 0;
  readonly #client: Client;
  readonly #options: RedisLinkOptions;
  readonly #onBack: (() => void)[] = [];
  /** Monotonic milliseconds. */
  #lastGood: number;
  /** Last error of the socket, because the commands that fail with it do not name it. */
  #socketError: unknown;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(client: Client, options: RedisLinkOptions) {
    this.#client = client;
    this.#options = options;
    this.#lastGood = options.clock.monotonic();
    client.on('error', (error: unknown) => {
      this.#socketError = error;
    });
  }

  async start(): Promise<void> {
    const { clock, target } = this.#options;
    const until = clock.monotonic() + START_MS;
    for (;;) {
      try {
        if (this.#client.status === 'wait') await this.#connected(until - clock.monotonic());
        await this.#here();
        break;
      } catch (error) {
        const cause = this.#cause(error);
        const refusal = refusalOf(cause);
        const place = `Redis at ${placeOf(target)}`;
        if (refusal !== undefined)
          throw new OnboardError('CONFIG', `${place}: ${refusal}: check the Redis URL`);
        if (clock.monotonic() >= until) {
          const message = `${place} cannot be reached (${troubleOf(cause)}): nothing was sent`;
          throw new OnboardError('REDIS_UNREACHABLE', message);
        }
        if (error instanceof NotRedis) this.#hangUp(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#good();
    this.#timer = setTimeout(() => void this.#pulse(), PULSE_MS);
  }

  /** Waits for a connection at most `ms`, because ioredis tries sentinels and nodes of a cluster without end. */
  async #connected(ms: number): Promise<void> {
    const connected = this.#client.connect();
    connected.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, ms));
    });
    await Promise.race([connected, late]).finally(() => clearTimeout(timer));
  }

  /** Checks that Redis answers; rejects when another server answers, or none. */
  async #here(): Promise<void> {
    const word = randomUUID();
    if ((await this.#client.onboardHere(this.key('here'), word)) !== word) throw new NotRedis();
  }

  /** Opens a new connection, because a late reply on the old one would count as the reply to another command. */
  #hangUp(why: unknown): void {
    this.#socketError ??= why;
    this.#client.disconnect(true);
  }

  pace(log: string, words: readonly (string | number)[]): Promise<readonly string[]> {
    const key = this.key(`pace${log === '' ? '' : `:${log}`}`);
    const keys = [key, `${key}:told`, `${key}:heard`, `${key}:queue`];
    return this.ask(async (client) => {
      const reply = await client.onboardPace(...keys, ...words);
      if (!Array.isArray(reply)) throw new NotRedis();
      return reply;
    });
  }

  onBack(callback: () => void): void {
    this.#onBack.push(callback);
  }

  /** Makes one exchange with Redis; rejects with `LinkDown`. */
  async ask<T>(exchange: (client: Client) => Promise<T>): Promise<T> {
    if (!this.up) throw new LinkDown('out of reach');
    try {
      return await exchange(this.#client);
    } catch (error) {
      this.#bad(error);
      throw new LinkDown(troubleOf(this.#cause(error)));
    }
  }

  /** Resolves to true when Redis answers again, to false when the connection was closed for good. */
  async again(): Promise<boolean> {
    while (!this.up && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.up;
  }

  key(name: string): string {
    return `${this.#options.prefix}:${name}`;
  }

  async close(): Promise<void> {
    this.up = false;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#client.disconnect();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #pulse(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#here();
    } catch (error) {
      this.#bad(error);
      if (this.#closed) return;
      // The other end of a silent connection may be gone.
      if (this.#client.status === 'ready') this.#hangUp(error);
      this.#timer = setTimeout(() => void this.#pulse(), RETRY_MS);
      return;
    }
    if (this.#closed) return;
    const isBack = !this.up;
    this.#good();
    this.#timer = setTimeout(() => void this.#pulse(), PULSE_MS);
    if (isBack) for (const callback of this.#onBack) callback();
  }

  #good(): void {
    const { clock, log, target } = this.#options;
    if (!this.up && this.#socketError !== undefined)
      log.info({}, `Redis at ${placeOf(target)} answers again`);
    this.#lastGood = clock.monotonic();
    this.#socketError = undefined;
    if (!this.up) this.generation++;
    this.up = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #bad(error: unknown): void {
    if (this.#closed) return;
    const { clock, log, target, lost, patienceMs = PATIENCE_MS } = this.#options;
    const cause = this.#cause(error);
    const wasUp = this.up;
    this.up = false;
    const place = `Redis at ${placeOf(target)}`;
    const refusal = refusalOf(cause);
    const why = refusal ?? `out of reach: ${troubleOf(cause)}`;
    if (wasUp) {
      log.warn({}, `${place}: ${why}; nothing is asked meanwhile`);
      this.#socketError ??= cause;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#pulse(), RETRY_MS);
    }
    if (clock.monotonic() - this.#lastGood < patienceMs) return;
    void this.close();
    lost(
      `${place}, which shares the allowance, ${refusal === undefined ? 'cannot be reached' : 'refuses'} (${why})`,
    );
  }

  #cause(error: unknown): unknown {
    return isReply(error) || error instanceof NotRedis ? error : (this.#socketError ?? error);
  }
}

/** Error of a peer that answers, but does not run our script. */
class NotRedis extends Error {
  override readonly name = 'NotRedis';
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Error replies of a Redis that cannot serve for the moment. */
const FOR_NOW = /^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b/;
const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/;
const AUTH = /^(?:WRONGPASS|NOAUTH|NOPERM)\b|\bAUTH\b|invalid password/i;

/** Most characters of Redis's own words in a message. */
const LONGEST = 100;

/** Reason for which Redis will never serve us; undefined when a later try may succeed. */
export function refusalOf(error: unknown): string | undefined {
  const { name, message, code } = factsOf(error);
  if (TLS.test(code)) return `its TLS certificate or protocol was not accepted (${code})`;
  if (name !== 'ReplyError' || FOR_NOW.test(message)) return undefined;
  if (AUTH.test(message)) return `it refuses this user or password (${message.split(' ')[0]})`;
  return `it refuses: ${words(message)}`;
}

/** Reason for which an exchange failed, in a few words. */
export function troubleOf(error: unknown): string {
  const { name, message, code } = factsOf(error);
  if (name === 'ReplyError') return words(message);
  if (name === 'NotRedis' || name === 'ParserError') return 'what answers there is not Redis';
  if (/timed out|ETIMEDOUT/.test(message)) return 'no answer in time';
  return /^E[A-Z_]+$/.test(code) ? code : 'the connection was closed';
}

/** First words of a reply, which name the error; later ones may quote the command. */
function words(message: string): string {
  const line = message.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').replace(/['"`].*$/, '');
  return line.slice(0, LONGEST).trim();
}

function factsOf(error: unknown): { readonly name: string; readonly message: string; readonly code: string } {
  if (!(error instanceof Error)) return { name: '', message: '', code: '' };
  const { code } = error as NodeJS.ErrnoException;
  return { name: error.name, message: error.message, code: typeof code === 'string' ? code : '' };
}
