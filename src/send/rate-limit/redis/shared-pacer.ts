/**
 * Shares the state of the policy with other processes, in Redis (`scripts.ts`). One process at a time holds a lease: it
 * asks by the policy of one process for a turn, and hands the whole state on. Later answers go to the next holder. One
 * exchange with Redis is under way at a time.
 */
import { LONGEST_TIMER } from '../../../lib/units.ts';
import { LONGEST_WAIT } from '../not-before.ts';
import {
  type Demand,
  type Pacer,
  type PacerEvent,
  type PacerParts,
  type Permit,
  takeTurn,
  type Wait,
} from '../pacer.ts';
import { type Allowance, allowanceOf } from '../policy/policy.ts';
import { forgottenAfter, packed, peopleAfter } from './handover.ts';
import {
  asksLeft,
  atMost,
  isOver,
  LEASE_MARGIN_MS,
  LEASE_MS,
  type Lease,
  leaseBy,
  putOffBy,
  type Told,
  TURN_MS,
  takenIn,
  translated,
} from './lease.ts';
import { type Link, nodeTimer, type SetTimer, Turns } from './link.ts';
import { RedisTime } from './redis-time.ts';
import { replyOf } from './scripts.ts';

export interface SharedPacerParts extends PacerParts {
  readonly link: Link;
  /** Name of the state: one for each sender that the server counts apart. */
  readonly name: string;
  readonly newEpoch: () => string;
  /** Called with a defect, which is not a failure of Redis or the network. */
  readonly failed: (error: unknown) => void;
  /** Called when the server has put all processes off to another day, in `ms`. */
  readonly putOff: (ms: number) => void;
  readonly timer?: SetTimer;
}

/** Longest time between two exchanges of a process that holds the lease, or has asks in flight. */
const BEAT_MS = 600;
/** Interval at which a holder looks for answers to asks of others, and for others that want the lease. */
const CHECK_MS = 100;
/** The same while it waits for such an answer; and interval at which the next holder looks for the lease. */
const SOON_MS = 15;
/** Interval at which others look for the lease. */
const POLL_MS = 60;
/** Time limit of the last exchanges at the end. */
const FAREWELL_MS = 1500;
const NOTHING: Demand = { ask: 0, read: 0 };
const LONG_AGO = Number.NEGATIVE_INFINITY;

/** A permit under way. */
interface Mine {
  /** Number of the ask in the state of that epoch. */
  readonly id: number;
  readonly epoch: string;
  readonly token: number;
  readonly until: number;
  isSent: boolean;
}

/** Display of a process without the lease. */
interface Shown {
  readonly allowance: Allowance;
  readonly wait: Wait | undefined;
}

/** The next exchange with Redis, and when it is due: monotonic milliseconds. */
interface Next {
  readonly request: 'want' | 'keep' | 'pass' | 'free' | '';
  readonly at: number;
}

export class SharedPacer implements Pacer {
  readonly #parts: SharedPacerParts;
  readonly #setTimer: SetTimer;
  readonly #turns: Turns;
  readonly #time = new RedisTime();
  readonly #mine = new Map<number, Mine>();
  #lease: Lease | undefined;
  #shown: Shown = { allowance: { mode: 'unknown' }, wait: undefined };
  /** Events for the holder that Redis has not taken, and the names of those to be taken out. */
  #events = new Map<string, Told>();
  #takenIn: readonly string[] = [];
  /** The lease is being given up: new events go to the next holder. */
  #isPassing = false;
  #epoch = '';
  #clockWasSet = false;
  #wanting = 0;
  #place = -1;
  #last = 0;
  #heardAt = LONG_AGO;
  #savedAt = LONG_AGO;
  #pausedUntil = LONG_AGO;
  #clearTimer: (() => void) | undefined;
  #leaving = false;

  constructor(parts: SharedPacerParts) {
    this.#parts = parts;
    this.#setTimer = parts.timer ?? nodeTimer;
    this.#turns = new Turns(() => this.#turn(), parts.link, parts.failed);
    parts.link.onBack(() => this.look());
  }

  get allowance(): Allowance {
    return this.#lease === undefined ? this.#shown.allowance : allowanceOf(this.#lease.state);
  }

  tell(event: PacerEvent): void {
    const now = this.#parts.clock.monotonic();
    if (event.type === 'paused') {
      this.#pausedUntil = Math.max(this.#pausedUntil, event.until);
      this.#report({ ...event, until: this.#time.toRedis(event.until) });
      return;
    }
    const mine = this.#mine.get(event.id);
    if (mine === undefined) return;
    if (event.type === 'sent') mine.isSent = true;
    else this.#mine.delete(event.id);
    // The state that had it is gone.
    if (mine.epoch !== this.#epoch) return;
    this.#report({ ...translated(event, (at) => this.#time.toRedis(at)), id: mine.id });
    const ms = event.type === 'answered' ? putOffBy(event.observation) : undefined;
    if (ms !== undefined) this.tell({ type: 'paused', until: now + ms, why: 'throttled' });
    if (this.#wanting > 0) this.look();
  }

  holds({ id }: Permit): boolean {
    const { until = LONG_AGO, token } = this.#mine.get(id) ?? {};
    const now = this.#parts.clock.monotonic();
    const leased = this.#lease?.token === token ? (this.#lease?.until ?? LONG_AGO) : LONG_AGO;
    return now < Math.max(until, leased) - LEASE_MARGIN_MS && now >= this.#pausedUntil;
  }

  look(): void {
    this.#turns.look();
  }

  async close(): Promise<void> {
    this.#leaving = true;
    this.look();
    await this.#turns.idle(FAREWELL_MS, this.#setTimer);
    this.#clearTimer?.();
  }

  /** Puts an event into the state, or sends it to the holder of the state. */
  #report(event: PacerEvent): void {
    const { clock, link } = this.#parts;
    const told = { event, at: this.#time.toRedis(clock.monotonic()), by: link.me };
    if (this.#lease !== undefined && !this.#isPassing) this.#lease = takenIn(this.#lease, told);
    else this.#events.set(`${link.me}:${++this.#last}`, told);
  }

  async #turn(): Promise<void> {
    const { link, clock } = this.#parts;
    this.#clearTimer?.();
    if (!link.up) return;
    this.#grant();
    const next = this.#next(clock.monotonic());
    if (next === undefined || next.at > clock.monotonic()) this.#arrange(next);
    else {
      await this.#exchange(next);
      this.look();
    }
  }

  get #demand(): Demand {
    return this.#leaving ? NOTHING : this.#parts.hooks.demand();
  }

  /** Grants what may go, by the policy of one process. */
  #grant(): void {
    const { hooks, clock, random, link } = this.#parts;
    const lease = this.#lease;
    const now = clock.monotonic();
    if (lease === undefined || now >= lease.until - LEASE_MARGIN_MS) return;
    const at = { now: this.#time.toRedis(now), lead: hooks.lead(), random };
    const demand = atMost(this.#demand, asksLeft(lease, this.#wanting));
    const { state, permits, wait } = takeTurn(lease.state, demand, at);
    const owners = new Map(lease.owners);
    const given = permits.map(({ id, kind, from }): Permit => {
      owners.set(id, link.me);
      const { token, until } = lease;
      this.#mine.set(++this.#last, { id, epoch: this.#epoch, token, until, isSent: false });
      return { id: this.#last, kind, from: this.#time.toMonotonic(from) };
    });
    this.#lease = { ...lease, state, owners, grants: lease.grants + given.length };
    this.#shown = { allowance: allowanceOf(state), wait };
    this.#sayPutOff();
    if (given.length > 0) hooks.grant(given);
  }

  /** Next exchange; undefined: none is needed. */
  #next(now: number): Next | undefined {
    const isWanted = !isNothing(this.#demand);
    const lease = this.#lease;
    const heardAt = this.#heardAt;
    if (lease === undefined) {
      const hasNews = this.#events.size > 0;
      const every = this.#place === 0 ? SOON_MS : POLL_MS;
      if (isWanted) return { request: 'want', at: hasNews ? now : heardAt + every };
      if (hasNews || this.#place >= 0) return { request: '', at: now };
      return this.#mine.size > 0 ? { request: '', at: heardAt + BEAT_MS } : undefined;
    }
    // Only a holder may send on a permit.
    const mayPass = [...this.#mine.values()].every(({ isSent }) => isSent);
    if (mayPass && !isWanted && this.#mine.size === 0) return { request: 'free', at: now };
    if (mayPass && (!isWanted || isOver(lease, this.#wanting, now)))
      return { request: 'pass', at: this.#wanting > 0 ? now : heardAt + CHECK_MS };
    const { me } = this.#parts.link;
    const isOwn = [...lease.owners.values()].every((owner) => owner === me);
    // Without an instant to wait for, an answer is waited for.
    const every = isWanted && this.#shown.wait === undefined ? SOON_MS : CHECK_MS;
    return { request: 'keep', at: heardAt + (isOwn ? BEAT_MS : every) };
  }

  async #exchange({ request }: Next): Promise<void> {
    const { link, clock, newEpoch, name, settings } = this.#parts;
    const sentAt = clock.monotonic();
    const lease = this.#lease;
    const events = [...this.#events];
    const isSaved = lease !== undefined && (request !== 'keep' || sentAt >= this.#savedAt + BEAT_MS);
    const hold = lease === undefined ? 0 : forgottenAfter(lease.state);
    this.#isPassing ||= request === 'pass' || request === 'free';
    let words: readonly string[];
    try {
      words = await link.pace(name, [
        ...[link.me, this.#epoch, newEpoch(), this.#clockWasSet ? 1 : 0, LEASE_MS, request],
        ...[lease?.token ?? '', isSaved ? packed({ ...lease, people: peopleAfter(lease) }) : ''],
        ...[lease === undefined ? '' : JSON.stringify(this.#shown), hold, events.length],
        ...events.flatMap(([id, told]) => [id, JSON.stringify(told)]),
        ...this.#takenIn,
      ]);
    } catch (error) {
      // Redis may have passed the lease: nothing more goes before it says who holds it.
      if (lease !== undefined && this.#isPassing) this.#lease = { ...lease, until: LONG_AGO };
      throw error;
    }
    this.#isPassing = false;
    const reply = replyOf(words);
    const wasSet = this.#time.add(sentAt, clock.monotonic(), reply.now);
    this.#clockWasSet = wasSet && !reply.isLost;
    if (reply.isLost || wasSet) this.#lease = undefined;
    // The next exchange tells the others.
    if (this.#clockWasSet) return;
    this.#epoch = reply.epoch;
    for (const [id] of reply.isLost ? this.#events : events) this.#events.delete(id);
    this.#takenIn = [];
    if (reply.isLost) return;
    this.#heardAt = sentAt;
    if (isSaved) this.#savedAt = sentAt;
    this.#wanting = reply.wanting;
    this.#place = reply.place;
    const now = clock.monotonic();
    const slackMs = this.#time.slackAt(now);
    const holder = { settings, me: link.me, sentAt, now, at: this.#time.toRedis(now), slackMs };
    this.#lease = leaseBy(reply, this.#lease, [...this.#events.values()], holder);
    if (this.#lease !== undefined) {
      this.#takenIn = [...reply.told.keys()];
      this.#events.clear();
    } else if (reply.shown !== '') this.#shown = JSON.parse(reply.shown);
    this.#sayPutOff();
  }

  #sayPutOff(): void {
    const { wait } = this.#shown;
    const ms = (wait?.until ?? 0) - this.#time.toRedis(this.#parts.clock.monotonic());
    if (wait?.why === 'throttled' && ms > LONGEST_WAIT) this.#parts.putOff(ms);
  }

  /** Sets the timer for the next exchange, and reports the wait. */
  #arrange(next: Next | undefined): void {
    const { hooks, clock } = this.#parts;
    const now = clock.monotonic();
    const { wait } = this.#shown;
    const isWanted = !isNothing(this.#demand);
    const until = wait === undefined ? Number.POSITIVE_INFINITY : this.#time.toMonotonic(wait.until);
    hooks.waits(isWanted && wait !== undefined ? { ...wait, until } : undefined);
    if (next === undefined) return;
    const { since = now } = this.#lease ?? {};
    const turnsAt = since + TURN_MS > now ? since + TURN_MS : next.at;
    const isAsking = this.#lease !== undefined && isWanted;
    const at = isAsking ? Math.min(next.at, until - hooks.lead(), turnsAt) : next.at;
    const ahead = Math.ceil(at - now);
    this.#clearTimer = this.#setTimer(Math.min(Math.max(ahead, 1), LONGEST_TIMER), () => this.look());
  }
}

const isNothing = ({ ask, read }: Demand) => ask + read === 0;
