/**
 * Several processes in virtual time: the real shared pacers, on a store in memory that takes time to answer, before a
 * server that counts. Whoever waits for a promise waits for the virtual clock.
 */

import type { Permit } from '../../../../src/send/rate-limit/pacer.ts';
import type { AskKind, OwnPaceSettings } from '../../../../src/send/rate-limit/policy/policy.ts';
import { type Link, LinkDown, type SetTimer } from '../../../../src/send/rate-limit/redis/link.ts';
import { SharedPacer } from '../../../../src/send/rate-limit/redis/shared-pacer.ts';
import { counter, headersOf, randomFrom, type World } from '../simulator.ts';
import { LuaRedis } from './lua-redis.ts';

/** Virtual time: callbacks in the order of their instants, and everything that promises do in between. */
export class Time {
  now = 0;
  readonly #items: { at: number; order: number; callback: () => void; cancelled: boolean }[] = [];
  #order = 0;

  at(at: number, callback: () => void): () => void {
    const item = { at: Math.max(at, this.now), order: this.#order++, callback, cancelled: false };
    let index = this.#items.length;
    while (index > 0 && (this.#items[index - 1]?.at ?? 0) > item.at) index--;
    this.#items.splice(index, 0, item);
    return () => {
      item.cancelled = true;
    };
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.now + ms, resolve));
  }

  /** Runs until `done`, or until the virtual instant `limit`. */
  async run(done: () => boolean, limit: number): Promise<void> {
    await settle();
    while (!done() && this.now <= limit) {
      const item = this.#items.shift();
      if (item === undefined) throw new Error(`nothing happens any more at ${this.now}`);
      if (item.cancelled) continue;
      this.now = item.at;
      item.callback();
      await settle();
    }
  }
}

/** Everything that follows from what has happened, without a turn of the event loop for each. */
async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await undefined;
}

const PULSE_MS = 700;

/** Redis, which may be away, and whose clock may be set. */
export class MemoryRedis {
  up = true;
  /** The part of its answers that do not arrive, though it did what it was asked. */
  lossy = 0;
  /** Its wall clock against virtual time. */
  clockAt = 1_737_911_667_000;
  calls = 0;
  readonly lua: LuaRedis;

  constructor(time: Time) {
    this.lua = new LuaRedis(() => time.now + this.clockAt);
  }

  forget(): void {
    this.lua.forget();
  }
}

export interface ProcessOptions {
  readonly time: Time;
  readonly redis: MemoryRedis;
  readonly random: () => number;
  /** Round trip to Redis, milliseconds. */
  readonly redisMs: number;
  readonly name: string;
  /** What its monotonic clock shows at virtual 0. */
  readonly origin: number;
}

/** One process's way to Redis, as the real link behaves: down when Redis is, up again with a good pulse. */
export class VirtualLink implements Link {
  readonly me: string;
  up = false;
  dead = false;
  /** Virtual time until which this process stands still. */
  frozenUntil = 0;
  readonly #options: ProcessOptions;
  readonly #onBack: (() => void)[] = [];

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.me = options.name;
    void this.#pulses();
  }

  monotonic(): number {
    return this.#options.time.now + this.#options.origin;
  }

  async pace(log: string, words: readonly (string | number)[]): Promise<readonly string[]> {
    try {
      return await this.#exchange((redis) => {
        redis.calls++;
        return redis.lua.pace(log, words);
      });
    } catch (error) {
      this.up = false;
      throw error;
    }
  }

  onBack(callback: () => void): void {
    this.#onBack.push(callback);
  }

  /** SIGSTOP, and SIGCONT after so long. */
  freeze(ms: number): void {
    this.frozenUntil = this.#options.time.now + ms;
  }

  /** Half of the way, the deed, the other half: as of a network that varies. */
  async #exchange<T>(deed: (redis: MemoryRedis) => T): Promise<T> {
    const { time, redis, random, redisMs } = this.#options;
    const leg = () => redisMs * (0.25 + random() * 0.5);
    await time.wait(leg());
    if (!redis.up || this.dead) throw new LinkDown('down');
    const result = deed(redis);
    await time.wait(leg());
    if (this.frozenUntil > time.now) await time.wait(this.frozenUntil - time.now);
    if (!redis.up || this.dead || (redis.lossy > 0 && random() < redis.lossy)) throw new LinkDown('down');
    return result;
  }

  async #pulses(): Promise<void> {
    const { time } = this.#options;
    while (!this.dead) {
      try {
        await this.#exchange(() => undefined);
        const isBack = !this.up;
        this.up = true;
        if (isBack) for (const callback of this.#onBack) callback();
        await time.wait(PULSE_MS);
      } catch {
        this.up = false;
        await time.wait(150);
      }
    }
  }
}

export interface Fleet {
  /** How many processes, and how many asks each has. */
  readonly processes: number;
  readonly asks: number;
  /** Reads of each, before its asks; `readsApart`: the server counts them by that limit. */
  readonly reads?: number;
  readonly readsApart?: { readonly limit: number; readonly windowMs: number };
  /** People of an ask, by process: the server counts them, or it counts asks. */
  readonly people?: readonly number[];
  readonly batches?: readonly number[];
  /** Round trip to Redis: of all, or of each. */
  readonly redisMs?: number | readonly number[];
  readonly pace?: OwnPaceSettings;
  readonly concurrency?: number;
  /** What is done to it, at virtual times. */
  readonly deeds?: readonly { readonly at: number; readonly deed: (fleet: FleetRun) => void }[];
  readonly giveUp?: number;
  /** Each has a Redis of its own: nothing is shared. */
  readonly apart?: boolean;
  /** The server tells its window, which is then not to be learnt. */
  readonly tellsWindow?: boolean;
  /** Every answer from this virtual time on is a refusal of that status until tomorrow. */
  readonly tomorrow?: { readonly from: number; readonly httpStatus: number };
}

export interface FleetRun {
  readonly time: Time;
  readonly redis: MemoryRedis;
  readonly clients: readonly VirtualClient[];
  /** Virtual arrivals at the server. */
  readonly granted: number[];
  readonly readsGranted: number[];
  readonly throttled: number[];
  /** Who sent, and when. */
  readonly sent: { at: number; by: string }[];
  readonly failures: unknown[];
}

/** One exchange with the server. */
type Exchange = (
  permit: { readonly kind: AskKind; readonly people: number },
  answer: (httpStatus: number, headers: Record<string, string>, wayMs: number) => void,
) => void;

/** A process with so many asks to bring through, and the part of the limiter that starts them. */
export class VirtualClient {
  readonly link: VirtualLink;
  readonly pacer: SharedPacer;
  left: number;
  readsLeft: number;
  readonly people: number;
  /** Open to the server, at most so many in flight so far. */
  #connections = 0;
  done = 0;
  flying = 0;
  permits: Permit[] = [];
  finished: number | undefined;
  /** Milliseconds to the other day to which the server put it off. */
  putOff: number | undefined;

  readonly fleet: FleetRun;
  readonly #exchange: Exchange;

  constructor(fleet: FleetRun, options: ProcessOptions, script: Fleet, exchange: Exchange) {
    this.fleet = fleet;
    this.#exchange = exchange;
    this.link = new VirtualLink(options);
    this.left = script.asks;
    this.readsLeft = script.reads ?? 0;
    this.people = (script.people ?? script.batches)?.[fleet.clients.length] ?? 1;
    const { time, random, name } = options;
    const clock = { now: () => 0, monotonic: () => this.link.monotonic() };
    const setTimer: SetTimer = (ms, callback) =>
      time.at(time.now + ms + random(), () => {
        if (this.link.dead) return;
        const { frozenUntil } = this.link;
        if (frozenUntil > time.now) time.at(frozenUntil, callback);
        else callback();
      });
    let epochs = 0;
    this.pacer = new SharedPacer({
      link: this.link,
      name: 'pace',
      newEpoch: () => `${name}-${++epochs}`,
      failed: (error) => fleet.failures.push(error),
      putOff: (ms) => {
        this.putOff ??= ms;
        void this.leave();
      },
      timer: setTimer,
      clock,
      random,
      settings: { maxInFlight: script.concurrency ?? 100, batchSize: this.people, ...script.pace },
      hooks: {
        demand: () => ({
          ask: script.reads && this.readsLeft > 0 ? 0 : this.#wanted('ask', this.left),
          read: this.#wanted('read', this.readsLeft),
        }),
        lead: () => 2,
        grant: (permits) => {
          for (const permit of permits) {
            this.permits.push(permit);
            const lag = random() * 2;
            time.at(Math.max(time.now, time.now + permit.from - clock.monotonic()) + lag, () =>
              this.start(permit),
            );
          }
        },
        waits: () => undefined,
      },
    });
    this.pacer.look();
  }

  #wanted(kind: AskKind, left: number): number {
    return Math.max(0, Math.min(left, 100) - this.permits.filter((permit) => permit.kind === kind).length);
  }

  start(permit: Permit): void {
    const { kind } = permit;
    if (this.link.dead || !this.permits.includes(permit)) return;
    if (this.link.frozenUntil > this.fleet.time.now) {
      this.fleet.time.at(this.link.frozenUntil, () => this.start(permit));
      return;
    }
    this.permits = this.permits.filter((one) => one !== permit);
    if (!this.pacer.holds(permit) || (kind === 'ask' ? this.left : this.readsLeft) === 0) {
      this.pacer.tell({ type: 'withdrawn', id: permit.id });
      this.pacer.look();
      return;
    }
    if (kind === 'ask') this.left--;
    else this.readsLeft--;
    this.flying++;
    const opens = this.flying > this.#connections;
    if (opens) this.#connections++;
    const sentAt = this.link.monotonic();
    this.pacer.tell({ type: 'sent', id: permit.id });
    this.fleet.sent.push({ at: this.fleet.time.now, by: this.link.me });
    this.#exchange({ kind, people: kind === 'ask' ? this.people : 1 }, (httpStatus, headers, wayMs) => {
      if (this.link.dead) return;
      this.flying--;
      if (httpStatus === 200) this.done++;
      else if (kind === 'ask') this.left++;
      else this.readsLeft++;
      const answeredAt = this.link.monotonic();
      const observation = { sentAt, answeredAt, httpStatus, headers, ...(opens && { handshakeMs: wayMs }) };
      this.pacer.tell({ type: 'answered', id: permit.id, observation });
      if (this.left + this.readsLeft === 0 && this.flying === 0) this.finished = this.fleet.time.now;
      this.pacer.look();
    });
  }

  /** Ends in good order: those in flight end, the rest is given back. */
  async leave(): Promise<void> {
    this.left = 0;
    this.readsLeft = 0;
    for (const { id } of this.permits.splice(0)) this.pacer.tell({ type: 'withdrawn', id });
    this.finished = this.fleet.time.now;
    await this.pacer.close();
  }

  /** kill -9: what is on its way arrives, and nobody hears of the answer. */
  kill(): void {
    this.link.dead = true;
  }
}

export async function simulateFleet(world: World, script: Fleet): Promise<FleetRun> {
  const random = randomFrom(world.seed);
  const time = new Time();
  const redis = new MemoryRedis(time);
  const server = counter(world.server, world.limit, world.windowMs, world.meaning);
  const wallFrom = 1_737_911_667_000 + Math.floor(random() * 3_600_000) + world.clockOffMs;
  const clients: VirtualClient[] = [];
  const run: FleetRun = {
    time,
    redis,
    clients,
    granted: [],
    readsGranted: [],
    throttled: [],
    sent: [],
    failures: [],
  };
  const varied = () => 1 + (random() * 2 - 1) * world.jitter;
  const { limit, windowMs } = script.readsApart ?? world;
  const readServer = script.readsApart ? counter(world.server, limit, windowMs, world.meaning) : server;
  let busyUntil: number[] = [];
  let taken: number[] = [];
  const exchange: Exchange = ({ kind, people }, answer) => {
    const of = kind === 'read' ? readServer : server;
    const forth = world.latencyMs * world.forth * varied();
    const back = world.latencyMs * (1 - world.forth) * varied();
    time.at(time.now + forth, () => {
      const wall = wallFrom + time.now;
      const { tomorrow } = script;
      const isTomorrow = tomorrow !== undefined && time.now >= tomorrow.from;
      const { atOnce = Number.POSITIVE_INFINITY, perSecond = Number.POSITIVE_INFINITY } = world.hidden ?? {};
      busyUntil = busyUntil.filter((until) => until > time.now);
      taken = taken.filter((at) => at + 1000 > time.now);
      const isHiddenFull = busyUntil.length >= atOnce || taken.length >= perSecond;
      const counted = isHiddenFull
        ? { ok: false, remaining: 5, resetAt: wall + 1000 }
        : { ...of.hit(wall, script.people ? people : 1), ...(isTomorrow && { ok: false }) };
      const work = counted.ok ? (world.workMs ?? 0) * (0.5 + random()) : 0;
      if (counted.ok) {
        taken.push(time.now);
        busyUntil.push(time.now + work);
      }
      const { granted, readsGranted, throttled } = run;
      (counted.ok ? (kind === 'ask' ? granted : readsGranted) : throttled).push(time.now);
      const refusal = isTomorrow ? tomorrow.httpStatus : 429;
      const headers = {
        ...headersOf(world, of.limit, counted, wall),
        ...(script.tellsWindow && { 'ratelimit-policy': `${of.limit};w=${world.windowMs / 1000}` }),
        ...(isTomorrow && { 'retry-after': '86400' }),
      };
      time.at(time.now + work + back, () => answer(counted.ok ? 200 : refusal, headers, forth + back));
    });
  };
  for (let i = 0; i < script.processes; i++) {
    const name = `p${i}`;
    const { redisMs: trips = 1 } = script;
    const redisMs = typeof trips === 'number' ? trips * (0.7 + random() * 0.6) : (trips[i] ?? 1);
    const origin = Math.floor(random() * 1e7);
    const options = {
      time,
      redis: script.apart ? new MemoryRedis(time) : redis,
      random,
      redisMs,
      name,
      origin,
    };
    clients.push(new VirtualClient(run, options, script, exchange));
  }
  for (const { at, deed } of script.deeds ?? []) time.at(at, () => deed(run));
  const isOver = () => clients.every((client) => client.link.dead || client.finished !== undefined);
  await time.run(isOver, script.giveUp ?? 3_600_000);
  return run;
}
