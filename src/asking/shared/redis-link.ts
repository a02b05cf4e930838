/**
 * The connection to Redis. Nothing is queued while it is gone, and nothing is sent twice: what was on its way fails, and
 * whoever sent it looks again. A blip is survived; out of reach for longer ends the run in good order.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../../domain/words.ts';
import { OnboardError } from '../../errors.ts';
import type { Log } from '../ports.ts';
import { SharedClock } from './clock.ts';
import { type Link, LinkDown, type LinkEvents, type Store, type Stored } from './link.ts';
import { BEAT_MS, LEASE_MS, Presence } from './presence.ts';
import { refusalOf, troubleOf } from './redis-failure.ts';
import { placeOf, type RedisTarget } from './redis-url.ts';
import { BEAT, CAP_CHANGE, CAP_RESERVE, CAP_SWEEP, SWAP } from './scripts.ts';

export interface RedisLinkOptions {
  readonly target: RedisTarget;
  /** What every key and channel begins with. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Redis was out of reach for too long. Called once; nothing is granted after it. */
  readonly lost: (message: string) => void;
  /** Milliseconds; for tests. */
  readonly patienceMs?: number;
}

/** Redis may be out of reach for so long in mid-run, and at the start. */
const PATIENCE_MS = 5000;
const START_MS = 3000;
const RETRY_MS = 150;
const COMMAND_MS = 1000;
const FAREWELL_MS = 500;
/** The state is forgotten when nobody has touched it for so long. */
const IDLE_MS = 3_600_000;
/** Exchanges at the start that find out where Redis's clock stands. */
const MEASURES = 5;

/** The scripts, as ioredis makes commands of them. */
interface Commands {
  onboardSwap(key: string, ...args: (string | number)[]): Promise<[1] | [0, string, string]>;
  onboardBeat(key: string, ...args: (string | number)[]): Promise<[string, string, string[]]>;
  onboardCapReserve(asks: string, sum: string, ...args: (string | number)[]): Promise<number>;
  onboardCapChange(asks: string, sum: string, ...args: (string | number)[]): Promise<number>;
  onboardCapSweep(asks: string, sum: string, ...args: (string | number)[]): Promise<number>;
}
export type Client = Redis & Commands;

const SCRIPTS = {
  onboardSwap: { numberOfKeys: 1, lua: SWAP },
  onboardBeat: { numberOfKeys: 1, lua: BEAT },
  onboardCapReserve: { numberOfKeys: 2, lua: CAP_RESERVE },
  onboardCapChange: { numberOfKeys: 2, lua: CAP_CHANGE },
  onboardCapSweep: { numberOfKeys: 2, lua: CAP_SWEEP },
};

/**
 * Connects. Throws an OnboardError: `CONFIG` when Redis refuses us, `REDIS_UNREACHABLE` when it cannot be reached.
 */
export async function openRedisLink(options: RedisLinkOptions): Promise<RedisLink> {
  const { Redis: Constructor } = await import('ioredis');
  const { host, port, tls, username, password, db } = options.target;
  const client = new Constructor({
    host,
    port,
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // The certificate is verified as ever: by Node's authorities, and those of NODE_EXTRA_CA_CERTS.
    ...(tls && { tls: {} }),
    scripts: SCRIPTS,
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
    connectTimeout: 2000,
    retryStrategy: () => RETRY_MS,
  }) as Client;
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
  readonly clock = new SharedClock();
  readonly presence = new Presence();
  up = false;
  timeline = 0;
  /** Goes up each time that Redis answers again. */
  generation = 0;
  readonly #client: Client;
  readonly #subscriber: Redis;
  readonly #options: RedisLinkOptions;
  readonly #listening = new Map<string, LinkEvents>();
  /** Monotonic milliseconds. */
  #lastGood: number;
  /** What the socket said last: the commands that fail for it do not say. */
  #socketError: unknown;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(client: Client, options: RedisLinkOptions) {
    this.#client = client;
    this.#options = options;
    this.#lastGood = options.clock.monotonic();
    this.#subscriber = client.duplicate();
    client.on('error', (error: unknown) => {
      this.#socketError = error;
    });
    this.#subscriber.on('error', () => undefined);
    this.#subscriber.on('ready', () => void this.#subscribe());
    this.#subscriber.on('message', (channel: string, message: string) => {
      const [version = '', hint = ''] = message.split(' ');
      this.#listening.get(channel)?.news(version, hint === 'answer' ? 'answer' : Number(hint));
    });
  }

  async start(): Promise<void> {
    const { clock, target } = this.#options;
    const until = clock.monotonic() + START_MS;
    for (;;) {
      try {
        if (this.#client.status === 'wait') await this.#client.connect();
        for (let i = 0; i < MEASURES; i++) await this.measure();
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
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#good();
    void this.#subscriber.connect().catch(() => undefined);
    this.#timer = setTimeout(() => void this.#pulse(), BEAT_MS);
  }

  async measure(): Promise<void> {
    const { clock, prefix } = this.#options;
    const sentAt = clock.monotonic();
    const key = `${prefix}:here`;
    const [seconds, micros, alive] = await this.#client.onboardBeat(key, this.me, LEASE_MS, IDLE_MS);
    const answeredAt = clock.monotonic();
    if (this.clock.add(sentAt, answeredAt, Number(seconds) * 1000 + Number(micros) / 1000)) this.timeline++;
    this.presence.beat(sentAt, answeredAt, alive);
  }

  store(name: string, events: LinkEvents): Store {
    const key = `${this.#options.prefix}:pace${name === '' ? '' : `:${name}`}`;
    // Two in one process would each take the other's asks for its own, and give them back.
    if (this.#listening.has(key)) throw new Error(`two limiters keep ${key} at once`);
    this.#listening.set(key, events);
    void this.#subscribe();
    return {
      read: () => this.ask((client) => readState(client, key)),
      swap: (expected, { version, text }, hint) =>
        this.ask(async (client) => {
          const answer = await client.onboardSwap(key, expected, version, text, IDLE_MS, key, String(hint));
          if (answer[0] === 1) return 'done';
          return answer[1] === '' ? undefined : { version: answer[1], text: answer[2] };
        }),
    };
  }

  /** One exchange with Redis; rejects with `LinkDown`. */
  async ask<T>(exchange: (client: Client) => Promise<T>): Promise<T> {
    if (!this.up) throw new LinkDown('out of reach');
    try {
      return await exchange(this.#client);
    } catch (error) {
      this.#bad(error);
      throw new LinkDown(troubleOf(this.#cause(error)));
    }
  }

  /** Resolves when Redis answers again; false when it will not any more. */
  async again(): Promise<boolean> {
    while (!this.up && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.up;
  }

  key(name: string): string {
    return `${this.#options.prefix}:${name}`;
  }

  async close(): Promise<void> {
    if (this.up) {
      const left = this.#client.zrem(`${this.#options.prefix}:here`, this.me).catch(() => undefined);
      await Promise.race([left, new Promise((resolve) => setTimeout(resolve, FAREWELL_MS).unref())]);
    }
    this.#end();
  }

  #end(): void {
    this.up = false;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#client.disconnect();
    this.#subscriber.disconnect();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #pulse(): Promise<void> {
    clearTimeout(this.#timer);
    const { timeline } = this;
    try {
      await this.measure();
    } catch (error) {
      this.#bad(error);
      if (this.#closed) return;
      // A connection on which nothing comes back may be one that nobody is at the other end of.
      if (this.#client.status === 'ready') this.#client.disconnect(true);
      this.#timer = setTimeout(() => void this.#pulse(), RETRY_MS);
      return;
    }
    if (this.#closed) return;
    const isBack = !this.up || timeline !== this.timeline;
    this.#good();
    this.#timer = setTimeout(() => void this.#pulse(), BEAT_MS);
    for (const events of this.#listening.values()) isBack ? events.back() : events.beat();
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
    this.presence.broken();
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
    this.#end();
    lost(
      `${place}, which shares the allowance, ${refusal === undefined ? 'cannot be reached' : 'refuses'} (${why})`,
    );
  }

  #cause(error: unknown): unknown {
    const isReply = error instanceof Error && error.name === 'ReplyError';
    return isReply ? error : (this.#socketError ?? error);
  }

  async #subscribe(): Promise<void> {
    if (this.#subscriber.status !== 'ready' || this.#listening.size === 0) return;
    // News can be lost: whoever waits looks by itself, too.
    await this.#subscriber.subscribe(...this.#listening.keys()).catch(() => undefined);
  }
}

async function readState(client: Client, key: string): Promise<Stored | undefined> {
  const [version, text] = await client.hmget(key, 'version', 'state');
  return version && text ? { version, text } : undefined;
}
