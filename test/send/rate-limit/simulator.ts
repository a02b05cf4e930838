/**
 * Virtual time: models of rate-limiting servers, a network between, and clients that ask through it. Everything is
 * drawn from one seed, so that a run that failed can be run again.
 */
import {
  advance,
  decide,
  initial,
  type Observation,
  type OwnPaceSettings,
  type RateState,
} from '../../../src/send/rate-limit/policy/policy.ts';

export type ServerKind = 'first-hit' | 'aligned' | 'sliding' | 'bucket';
export type ResetFormat = 'seconds' | 'milliseconds' | 'delta' | 'http-date';
/** What servers of the last two kinds mean by Reset: the next ask that comes back, or all of them. */
export type ResetMeaning = 'next' | 'full';

export interface World {
  readonly seed: number;
  readonly server: ServerKind;
  readonly limit: number;
  readonly windowMs: number;
  /** Mean round trip: the way there and back, without the work. */
  readonly latencyMs: number;
  /** Mean time that the server works on an ask after it has counted it; varies by half to either side. */
  readonly workMs?: number;
  /** The round trip varies by this part of the mean to either side. */
  readonly jitter: number;
  /** Which part of the way lies before the server counts. */
  readonly forth: number;
  /** Whether the two ways vary each by itself. */
  readonly independent: boolean;
  readonly clockOffMs: number;
  /** How far its Date is ahead of the clock of its Reset. */
  readonly dateOffMs?: number;
  /** What it takes besides its limit, and no header shows: so many at a time, and so many a second. */
  readonly hidden?: { readonly atOnce?: number; readonly perSecond?: number };
  readonly reset: ResetFormat;
  readonly meaning: ResetMeaning;
}

/** The server of the sample: ten asks per second, counted from the first. */
export const SAMPLE: World = {
  seed: 1,
  server: 'first-hit',
  limit: 10,
  windowMs: 1000,
  latencyMs: 40,
  jitter: 0.5,
  forth: 0.5,
  independent: true,
  clockOffMs: 7000,
  reset: 'seconds',
  meaning: 'next',
};

/** mulberry32: small, seeded, good enough to draw worlds with. */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Counted {
  readonly ok: boolean;
  readonly remaining: number;
  /** True instant at which the server says the window ends. */
  readonly resetAt: number;
}

export interface Counter {
  limit: number;
  /** @param cost of the ask; 1 where asks are counted */
  hit(now: number, cost?: number): Counted;
}

/** The four kinds of counting. Instants are virtual milliseconds on the server's own clock, whole as in Node. */
export function counter(kind: ServerKind, limit: number, windowMs: number, meaning: ResetMeaning): Counter {
  if (kind === 'first-hit' || kind === 'aligned') {
    let end = Number.NEGATIVE_INFINITY;
    let used = 0;
    return {
      limit,
      hit(at, cost = 1) {
        const now = Math.floor(at);
        if (end <= now) {
          end = kind === 'first-hit' ? now + windowMs : (Math.floor(now / windowMs) + 1) * windowMs;
          used = 0;
        }
        used += cost;
        return { ok: used <= this.limit, remaining: Math.max(0, this.limit - used), resetAt: end };
      },
    };
  }
  if (kind === 'sliding') {
    let log: number[] = [];
    return {
      limit,
      hit(at, cost = 1) {
        const now = Math.floor(at);
        log = log.filter((then) => then + windowMs > now);
        const ok = log.length + cost <= this.limit;
        if (ok) for (let i = 0; i < cost; i++) log.push(now);
        const from = (meaning === 'next' ? log[0] : log.at(-1)) ?? now;
        return { ok, remaining: Math.max(0, this.limit - log.length), resetAt: from + windowMs };
      },
    };
  }
  let level = limit;
  let last = 0;
  return {
    limit,
    hit(now, cost = 1) {
      const rate = this.limit / windowMs;
      level = Math.min(this.limit, level + Math.max(0, now - last) * rate);
      last = Math.max(last, now);
      const ok = level >= cost - 1e-9;
      if (ok) level -= cost;
      const missing = meaning === 'next' ? 1 - (level % 1) : this.limit - level;
      return { ok, remaining: Math.floor(level + 1e-9), resetAt: now + missing / rate };
    },
  };
}

/** The headers as a server writes them: rounded up, `Date` cut to the second. */
export function headersOf(
  world: World,
  limit: number,
  counted: Counted,
  wall: number,
): Record<string, string> {
  const { resetAt } = counted;
  const reset = {
    seconds: String(Math.ceil(resetAt / 1000)),
    milliseconds: String(Math.ceil(resetAt)),
    delta: String(Math.max(0, Math.ceil((resetAt - wall) / 1000))),
    'http-date': new Date(Math.ceil(resetAt / 1000) * 1000).toUTCString(),
  }[world.reset];
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(counted.remaining),
    'x-ratelimit-reset': reset,
    date: new Date(wall + (world.dateOffMs ?? 0)).toUTCString(),
    ...(counted.ok ? {} : { 'retry-after': String(Math.max(1, Math.ceil((resetAt - wall) / 1000))) }),
  };
}

/** What the server saw of our client, and how it went. */
export interface Run {
  /** Virtual arrival of every ask of ours that was granted. */
  readonly granted: number[];
  readonly throttled: number[];
  /** Times at which asks were sent. */
  readonly sent: number[];
  readonly othersGranted: number;
  /** Longest time without an ask in flight. */
  readonly lost: number;
  readonly trace: string[];
}

export interface Script {
  /** Asks to bring through. */
  readonly asks: number;
  readonly maxInFlight?: number;
  readonly pace?: OwnPaceSettings;
  /** Share of the allowance that a second client takes at random. */
  readonly others?: number;
  /** Changes at virtual times. */
  readonly limitAt?: readonly { readonly at: number; readonly limit: number }[];
  /** Headers are gone from then on. */
  readonly bareFrom?: number;
  /** Nothing gets through in between. */
  readonly outage?: { readonly from: number; readonly to: number };
  /** Changes the headers of every answer. */
  readonly headers?: (headers: Record<string, string>, at: number) => Record<string, string>;
  readonly trace?: boolean;
  /** Who shares a counter; by default everybody does. `client.senderOf` says who asks. */
  readonly countedApart?: boolean;
  /** Virtual time at which a run that does not end is given up. */
  readonly giveUp?: number;
}

/** A client as the simulator drives it. */
export interface Client {
  /** Whether one may start now, else until when to wait (undefined: until an answer). */
  next(now: number, waiting: number): { readonly go: boolean; readonly until: number | undefined };
  start(now: number): number;
  answered(id: number, observation: Observation): void;
  /** Through which phone an ask goes. */
  senderOf?(id: number): string;
  readonly describe?: () => string;
}

/** Our policy as a client. */
export function ours(script: Script, random: () => number): Client & { state(): RateState } {
  let state = initial({ maxInFlight: script.maxInFlight ?? 1000, ...script.pace });
  /** As the last verdict had it. */
  let solo = false;
  return {
    next(now) {
      const verdict = decide(state, 'ask', now);
      solo = verdict.go && verdict.solo;
      return verdict.go ? { go: true, until: undefined } : { go: false, until: verdict.until };
    },
    start(now) {
      const id = state.nextId;
      state = advance(state, { type: 'granted', kind: 'ask', solo, random: random() }, now);
      state = advance(state, { type: 'sent', id }, now);
      return id;
    },
    answered(id, observation) {
      state = advance(state, { type: 'answered', id, observation }, observation.answeredAt);
    },
    state: () => state,
    describe() {
      const { mode } = state.counters.ask;
      return JSON.stringify({
        ...mode,
        samples: undefined,
        reset: undefined,
        allowed: state.slow.allowed,
        spacing: state.slow.spacing,
      });
    },
  };
}

type Item =
  | { readonly at: number; readonly what: 'arrive'; readonly id: number; readonly sentAt: number }
  | {
      readonly at: number;
      readonly what: 'answer';
      readonly id: number;
      readonly observation: Observation;
      readonly ok: boolean;
      readonly note: string;
    }
  | { readonly at: number; readonly what: 'other' }
  | { readonly at: number; readonly what: 'limit'; readonly limit: number };

/** Runs a client against a world until its asks are through. A throttled ask goes back to the queue. */
export function simulate(
  world: World,
  script: Script,
  make: (script: Script, random: () => number) => Client = ours,
): Run {
  const random = randomFrom(world.seed);
  const client = make(script, random);
  const server = counter(world.server, world.limit, world.windowMs, world.meaning);
  const servers = new Map<string, Counter>();
  const serverOf = (id: number): Counter => {
    const sender = script.countedApart ? client.senderOf?.(id) : undefined;
    if (sender === undefined) return server;
    const known = servers.get(sender);
    if (known) return known;
    const made = counter(world.server, world.limit, world.windowMs, world.meaning);
    servers.set(sender, made);
    return made;
  };
  /** Our monotonic clock starts anywhere, and the server's wall clock stands anywhere against it. */
  const wallFrom = 1_737_911_667_000 + Math.floor(random() * 3_600_000) + world.clockOffMs;
  const items: Item[] = (script.limitAt ?? []).map((change) => ({
    at: change.at,
    what: 'limit',
    limit: change.limit,
  }));
  const run = {
    granted: [] as number[],
    throttled: [] as number[],
    sent: [] as number[],
    othersGranted: 0,
    lost: 0,
    trace: [] as string[],
  };
  let now = 0;
  let waiting = script.asks;
  let done = 0;
  const put = (item: Item) => {
    let index = items.length;
    while (index > 0 && (items[index - 1] as Item).at > item.at) index--;
    items.splice(index, 0, item);
  };
  const varied = () => 1 + (random() * 2 - 1) * world.jitter;
  const legs = () => {
    const both = varied();
    const forth = world.latencyMs * world.forth * (world.independent ? varied() : both);
    const back = world.latencyMs * (1 - world.forth) * (world.independent ? varied() : both);
    return { forth, back };
  };
  const otherRate = ((script.others ?? 0) * world.limit) / world.windowMs;
  const nextOther = () => put({ at: now - Math.log(1 - random()) / otherRate, what: 'other' });
  if (otherRate > 0) nextOther();
  const backOf = new Map<number, number>();
  /** An ask for which no connection is free opens one. */
  const handshakes = new Map<number, number>();
  let connections = 0;
  let flying = 0;
  /** When each ask that the server took was worked off, and when it took those of the last second. */
  const workOf = new Map<number, number>();
  let busyUntil: number[] = [];
  let taken: number[] = [];
  let shown: Counted = { ok: false, remaining: world.limit, resetAt: 0 };
  const isHiddenFull = () => {
    const { atOnce = Number.POSITIVE_INFINITY, perSecond = Number.POSITIVE_INFINITY } = world.hidden ?? {};
    busyUntil = busyUntil.filter((until) => until > now);
    taken = taken.filter((at) => at + 1000 > now);
    return busyUntil.length >= atOnce || taken.length >= perSecond;
  };
  const refusedUnseen = (): Counted => ({ ...shown, ok: false, resetAt: wallFrom + now + 1000 });
  const through = (at: number) =>
    script.outage !== undefined && at >= script.outage.from && at < script.outage.to
      ? script.outage.to + random() * 20
      : at;
  const giveUp = script.giveUp ?? Number.POSITIVE_INFINITY;
  while (done < script.asks && now <= giveUp) {
    let until: number | undefined;
    while (waiting > 0) {
      const verdict = client.next(now, waiting);
      if (!verdict.go) {
        until = verdict.until;
        break;
      }
      waiting--;
      const id = client.start(now);
      run.sent.push(now);
      const { forth, back } = legs();
      const work = (world.workMs ?? 0) * (1 + (random() * 2 - 1) * 0.5);
      workOf.set(id, work);
      backOf.set(id, back);
      flying++;
      if (flying > connections) {
        connections++;
        const shake = legs();
        handshakes.set(id, shake.forth + shake.back);
      }
      put({ at: through(now + forth), what: 'arrive', id, sentAt: now });
    }
    const item = items[0];
    if (item === undefined && until === undefined)
      throw new Error(`stuck at ${now} (${client.describe?.()})`);
    if (until !== undefined && (item === undefined || until < item.at)) {
      now = Math.max(until, now + 1e-6);
      continue;
    }
    if (item === undefined) continue;
    items.shift();
    now = item.at;
    if (item.what === 'other') {
      if (server.hit(wallFrom + now).ok) run.othersGranted++;
      nextOther();
    } else if (item.what === 'limit') {
      server.limit = item.limit;
    } else if (item.what === 'arrive') {
      const wall = wallFrom + now;
      const counted = isHiddenFull() ? refusedUnseen() : serverOf(item.id).hit(wall);
      (counted.ok ? run.granted : run.throttled).push(now);
      if (counted.ok) {
        shown = counted;
        taken.push(now);
        busyUntil.push(now + (workOf.get(item.id) ?? 0));
      }
      const bare = script.bareFrom !== undefined && now >= script.bareFrom;
      const written = bare ? {} : headersOf(world, server.limit, counted, wall);
      const work = counted.ok ? (workOf.get(item.id) ?? 0) : 0;
      const answeredAt = through(now + work + (backOf.get(item.id) ?? 0));
      backOf.delete(item.id);
      const observation: Observation = {
        sentAt: item.sentAt,
        answeredAt,
        httpStatus: counted.ok ? 200 : 429,
        headers: script.headers?.(written, now) ?? written,
        handshakeMs: handshakes.get(item.id),
      };
      put({
        at: answeredAt,
        what: 'answer',
        id: item.id,
        observation,
        ok: counted.ok,
        note: script.trace
          ? `sent ${item.sentAt.toFixed(1)} arrived ${now.toFixed(1)} R=${counted.remaining} reset in ${(counted.resetAt - wall).toFixed(0)}`
          : '',
      });
    } else {
      flying--;
      client.answered(item.id, item.observation);
      if (item.ok) done++;
      else waiting++;
      if (script.trace)
        run.trace.push(
          `#${item.id} ${item.ok ? 'ok ' : '429'} ${item.note} | ${now.toFixed(1)} ${client.describe?.() ?? ''}`,
        );
    }
  }
  return run;
}

/** What was used of what the server allows from `from` on: a window, by how long an allowance of asks took on average. */
export function steady(
  world: Pick<World, 'limit' | 'windowMs'>,
  run: Pick<Run, 'granted'>,
  from: number,
): number {
  const granted = run.granted.filter((at) => at >= from);
  const took = granted.slice(world.limit).map((at, index) => at - (granted[index] ?? 0));
  return (world.windowMs * took.length) / took.reduce((sum, ms) => sum + ms, 0);
}

/** What was used of what the server allows between the first and the last ask. */
export function efficiency(world: Pick<World, 'limit' | 'windowMs'>, run: Pick<Run, 'granted'>): number {
  const first = run.granted[0] ?? 0;
  const last = run.granted.at(-1) ?? 0;
  return ((run.granted.length / world.limit - 1) * world.windowMs) / (last - first);
}

/** 97 %, less the network's own jitter where that is more than 1 % of the window. */
export function required(world: World): number {
  const jitter = (world.latencyMs * world.jitter) / world.windowMs;
  return 0.97 - (jitter > 0.01 ? jitter : 0);
}

/** Enough asks for the measure: 300, or five windows. */
export function enough(limit: number): number {
  return { 1: 600, 10: 607, 100: 2497 }[limit] ?? 60 * limit;
}

const pick = <T>(random: () => number, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

/** Any world of the matrix. */
export function worldOf(seed: number): World {
  const random = randomFrom(seed * 7919 + 13);
  return {
    seed,
    server: pick(random, ['first-hit', 'aligned', 'sliding', 'bucket']),
    limit: pick(random, [1, 10, 100]),
    windowMs: pick(random, [1000, 2000, 10_000, 60_000]),
    latencyMs: pick(random, [5, 40, 200]),
    jitter: 0.5,
    forth: pick(random, [0.1, 0.5, 0.9, random()]),
    independent: random() < 0.5,
    clockOffMs: pick(random, [0, -3_600_000, 7000, Math.floor(random() * 1000)]),
    reset: pick(random, ['seconds', 'seconds', 'milliseconds', 'delta', 'http-date']),
    meaning: pick(random, ['next', 'full']),
  };
}
