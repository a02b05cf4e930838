/**
 * Keeps the policy's state together with other processes. Each takes its turn on the state that it last saw, and puts
 * the result there if nobody was quicker; else the turn is taken again on what came back. Permits are given only once
 * the state that grants them is there. One exchange with Redis is under way at a time; what happens meanwhile goes with
 * the next.
 *
 * Why not Bottleneck's own cluster mode: what it shares is a reservoir without names, and ours says which ask each permit
 * is for. And it does not outlive Redis: measured with 2.19.5 on Redis 7.0.15, after a restart of Redis every task ends
 * with `ERR SETTINGS_KEY_NOT_FOUND` for good (SGrondin/bottleneck#205: it looks for the message as older Redis wrote it).
 * So each process has its own Bottleneck, and what is shared is what fills their reservoirs.
 */
import type { Pacer, PacerEvent, PacerParts } from '../pacer.ts';
import { LEAD, LONGEST_TIMER } from '../pacer.ts';
import { LONGEST_BACKOFF } from '../pacing/state.ts';
import { initial, marginOf, type RateState, windowOf } from '../rate-limit.ts';
import type { Dated, Permit, Wait } from '../turn.ts';
import { decode, encode } from './codec.ts';
import { type Link, LinkDown, nodeTimer, type SetTimer, type Store, type Stored } from './link.ts';
import { LEASE_MS } from './presence.ts';
import { freshState, type SharedState, type Version, versionIn, versionOf } from './shared-state.ts';
import { type Brought, type Hint, type SharedTurn, takeSharedTurn } from './shared-turn.ts';

export interface SharedPacerParts extends PacerParts {
  readonly link: Link;
  /** Tells the states of one key apart: one for each sender that the server counts by itself. */
  readonly name: string;
  readonly newEpoch: () => string;
  /** A defect: nothing that Redis or the network does. */
  readonly failed: (error: unknown) => void;
  readonly timer?: SetTimer;
}

/** A permit of ours that has not come to its end. Monotonic milliseconds of this process. */
interface Mine {
  /** undefined: the state that it was granted by is lost, and it is to be brought into the new one. */
  id: number | undefined;
  readonly kind: 'ask' | 'read';
  readonly grantedAt: number;
  sentAt: number | undefined;
}

/** What happened to it, waiting to be written. */
interface Pending {
  readonly event: PacerEvent;
  /** Monotonic milliseconds of this process. */
  readonly at: number;
  /** The permit, and what it stood for: it may be over by the time this is written. */
  readonly mine: Mine | undefined;
}

interface Carried extends Brought {
  readonly mine: Mine;
}

/** News can be lost: whoever waits looks again after so long at most. */
const POLL_MS = 400;
/** A state that lies further ahead was written by another clock. */
const AHEAD_MS = 5000;
/** So long all who live need at most until they have found a new state, and brought what they have in flight. */
const GATHER_MS = LEASE_MS + 600;
/** A permit that is not used long before the lease ends is not used. */
const LEASE_MARGIN_MS = 400;
/** What is left to say at the end is said within this, or left to the others. */
const FAREWELL_MS = 1500;
/** So long, and some exchanges of ours, others need to take their share, however far they are from Redis. */
const COURTESY_MS = 10;
/** Lost races in a row after which a turn waits a little. */
const PATIENT_RACES = 10;

export class SharedPacer implements Pacer {
  readonly #parts: SharedPacerParts;
  readonly #store: Store;
  readonly #setTimer: SetTimer;
  #shared: SharedState | undefined;
  /** When that was read, and where the shared clock stood against ours then. */
  #readAt = Number.NEGATIVE_INFINITY;
  #offset = 0;
  /** The epoch that our permits belong to. */
  #epoch: string | undefined;
  /** Newer than what we have is there. */
  #stale = true;
  #pending: Pending[] = [];
  readonly #mine = new Map<number, Mine>();
  #tickets = 0;
  #gone = new Set<string>();
  #busy = false;
  #again = false;
  #clearTimer: (() => void) | undefined;
  #short = false;
  /** What we took is enough for now: first the others. Monotonic milliseconds. */
  #courtesyUntil = Number.NEGATIVE_INFINITY;
  /** How long an exchange with Redis takes, on the average of late. */
  #trip = 1;
  #leaving = false;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(parts: SharedPacerParts) {
    this.#parts = parts;
    this.#setTimer = parts.timer ?? nodeTimer;
    this.#store = parts.link.store(parts.name, {
      news: (version, hint) => this.#news(version, hint),
      beat: () => this.#settleTheGone(),
      back: () => {
        this.#stale = true;
        this.look();
      },
    });
  }

  get state(): RateState {
    return this.#shared?.state ?? initial(this.#parts.settings);
  }

  tell(event: PacerEvent): void {
    const at = this.#parts.clock.monotonic();
    const mine = event.type === 'paused' ? undefined : this.#mine.get(event.id);
    if (event.type !== 'paused' && mine === undefined) return;
    if (mine !== undefined && event.type === 'sent') mine.sentAt = at;
    else if (event.type === 'answered' || event.type === 'withdrawn') this.#mine.delete(event.id);
    this.#pending.push({ event, at, mine });
    if (event.type === 'sent' && this.#isDue(event)) this.look();
  }

  /** `sent` alone is no reason to write, unless our own pace counts from it. */
  #isDue(event: PacerEvent): boolean {
    const { maxRate, gap } = this.#parts.settings;
    return event.type !== 'sent' || maxRate !== undefined || gap !== undefined;
  }

  holds(_permit: Permit): boolean {
    const { link, clock } = this.#parts;
    return clock.monotonic() < link.presence.heldUntil - LEASE_MARGIN_MS;
  }

  look(): void {
    if (this.#closed) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    void this.#turns();
  }

  async close(): Promise<void> {
    this.#leaving = true;
    this.look();
    if (this.#busy) {
      await new Promise<void>((resolve) => {
        const clear = this.#setTimer(FAREWELL_MS, resolve);
        this.#idle.push(() => {
          clear();
          resolve();
        });
      });
    }
    this.#closed = true;
    this.#clearTimer?.();
  }

  async #turns(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#turn();
      } while (this.#again && this.#parts.link.up);
    } catch (error) {
      this.#stale = true;
      // The link tells when it is back; until then nothing starts.
      if (!(error instanceof LinkDown)) this.#parts.failed(error);
    } finally {
      this.#busy = false;
      for (const idle of this.#idle.splice(0)) idle();
    }
  }

  async #turn(): Promise<void> {
    const { link, hooks } = this.#parts;
    this.#clearTimer?.();
    const demand = hooks.demand();
    const wanted = demand.ask + demand.read > 0;
    const due = () => this.#pending.some(({ event }) => this.#isDue(event));
    if (!wanted && !due() && this.#gone.size === 0 && !this.#short) {
      hooks.waits(undefined);
      return;
    }
    if (!link.up) return;
    for (let race = 1; ; race++) {
      if (this.#stale || this.#shared === undefined) await this.#read();
      const held = this.#heldBack();
      if (held !== undefined && !due() && this.#gone.size === 0) {
        this.#wake(held);
        return;
      }
      const taken = this.#pending;
      const gone = [...this.#gone];
      const brought = this.#toBring();
      const turn = this.#take(taken, gone, brought, held === undefined);
      if (!turn.changed) {
        this.#arrange(turn);
        return;
      }
      this.#pending = [];
      if (await this.#swap(turn, taken)) {
        for (const owner of gone) this.#gone.delete(owner);
        this.#committed(turn, brought);
        return;
      }
      if (race % PATIENT_RACES === 0) {
        await new Promise<void>((resolve) => this.#setTimer(1 + this.#parts.random() * 8, resolve));
      }
    }
  }

  /** Reads what is there, and finds out whether it is what our permits were granted by. */
  async #read(): Promise<void> {
    const started = this.#parts.clock.monotonic();
    const stored = await this.#store.read();
    this.#measured(started);
    await this.#see(stored);
  }

  async #see(stored: Stored | undefined): Promise<void> {
    const { link, clock, settings } = this.#parts;
    const seen = stored && decode(stored.text, settings);
    const unknown = seen !== undefined && seen.epoch !== this.#epoch && this.#epoch !== undefined;
    const ahead = () => seen !== undefined && seen.at > link.clock.latest(clock.monotonic()) + AHEAD_MS;
    if (unknown || ahead()) await link.measure();
    const outOfTime = seen?.epoch === this.#epoch && link.timeline !== this.#timeline;
    const version = stored?.version ?? '';
    if (seen === undefined || outOfTime || ahead()) this.#know(this.#begin(stored), version);
    else this.#know(seen, version);
  }

  #know(shared: SharedState, version: string): void {
    this.#shared = shared;
    this.#expected = version;
    this.#readAt = this.#parts.clock.monotonic();
    this.#stale = this.#newest?.epoch === shared.epoch && this.#newest.n > shared.n;
  }

  /** The version that is there, as far as we know; '' for none. */
  #expected = '';
  /** Redis's clock as it stood when our permits were granted: see `Link.timeline`. */
  #timeline = 0;

  /**
   * Nothing is there, or nothing that can be used: a new state. Where one was lost, it begins with a pause, until those
   * who live have brought what they have in flight, and the server has forgotten what nobody remembers.
   */
  #begin(stored: Stored | undefined): SharedState {
    const { link, clock, settings, newEpoch } = this.#parts;
    const now = link.clock.earliest(clock.monotonic());
    const fresh = freshState(newEpoch(), now, settings);
    const lost = this.#epoch !== undefined || stored !== undefined;
    const window = (this.#last && windowOf(this.#last)) ?? 0;
    const hold = Math.max(GATHER_MS, Math.min(window + marginOf(fresh.state, window), LONGEST_BACKOFF));
    const paused = { until: now + hold, why: 'paused' } as const;
    return lost ? { ...fresh, state: { ...fresh.state, paused } } : fresh;
  }

  #take(
    taken: readonly Pending[],
    gone: readonly string[],
    brought: readonly Brought[],
    mayTake: boolean,
  ): SharedTurn {
    const { link, clock, random, hooks } = this.#parts;
    const shared = this.#shared as SharedState;
    const local = clock.monotonic();
    const isNew = shared.epoch !== this.#epoch;
    const known = new Set<number>();
    if (!isNew) for (const { id } of this.#mine.values()) if (id !== undefined) known.add(id);
    if (!isNew) for (const { mine } of taken) if (mine?.id !== undefined) known.add(mine.id);
    return takeSharedTurn(shared, {
      me: link.me,
      events: taken.flatMap((one) => this.#dated(one, isNew)),
      known,
      gone,
      brought,
      kept: isNew ? this.#kept : undefined,
      demand: hooks.demand(),
      mayTake,
      now: link.clock.earliest(local),
      latest: link.clock.latest(local),
      lead: this.#lead,
      random,
    });
  }

  /** What this process had in flight under a state that is lost. */
  #toBring(): readonly Carried[] {
    if (this.#shared?.epoch === this.#epoch) return [];
    const { clock } = this.#parts.link;
    return [...this.#mine].map(([ticket, mine]) => ({
      ticket,
      mine,
      kind: mine.kind,
      grantedAt: clock.earliest(mine.grantedAt),
      sentAt: mine.sentAt === undefined ? undefined : clock.earliest(mine.sentAt),
    }));
  }

  /** What we knew of our own pace when the state was last seen, on the shared clock as it stands now. */
  get #kept(): Pick<RateState, 'pace' | 'paused'> | undefined {
    const before = this.#last;
    if (before === undefined) return undefined;
    const { pace, paused } = before;
    const moved = this.#offsetNow() - this.#offset;
    return {
      pace: {
        sends: pace.sends.map(({ id, at }) => ({ id, at: at + moved })),
        dueAt: pace.dueAt + moved,
        pauseMs: pace.pauseMs,
      },
      paused: paused && { ...paused, until: paused.until + moved },
    };
  }
  /** The state that we last put there, or were part of. */
  #last: RateState | undefined;

  #offsetNow(): number {
    const local = this.#parts.clock.monotonic();
    return this.#parts.link.clock.earliest(local) - local;
  }

  /** An event on the shared clock. One of a lost epoch is over with it. */
  #dated({ event, at, mine }: Pending, isNew: boolean): Dated[] {
    const { clock } = this.#parts.link;
    if (event.type === 'paused') {
      return [{ event: { ...event, until: clock.latest(event.until) }, at: clock.earliest(at) }];
    }
    if (isNew || mine?.id === undefined) return [];
    const { id } = mine;
    if (event.type !== 'answered') return [{ event: { type: event.type, id }, at: clock.earliest(at) }];
    const { sentAt, answeredAt } = event.observation;
    const observation = {
      ...event.observation,
      sentAt: clock.earliest(sentAt),
      answeredAt: clock.latest(answeredAt),
      tripMs: answeredAt - sentAt,
    };
    return [{ event: { type: 'answered', id, observation }, at: observation.answeredAt }];
  }

  /** False: somebody was quicker, and what is there now is what we know. */
  async #swap(turn: SharedTurn, taken: readonly Pending[]): Promise<boolean> {
    const { next, hint } = turn;
    const version = versionOf(next);
    const started = this.#parts.clock.monotonic();
    let found: 'done' | Stored | undefined;
    try {
      found = await this.#store.swap(this.#expected, { version, text: encode(next) }, hint);
    } catch (error) {
      // It may have been done all the same: events of asks that are no longer in flight are passed over then, and
      // what was granted in our name without our knowing is given back.
      this.#pending = [...taken, ...this.#pending];
      throw error;
    }
    this.#measured(started);
    if (found === 'done') return true;
    this.#pending = [...taken, ...this.#pending];
    await this.#see(found);
    return false;
  }

  #committed(turn: SharedTurn, brought: readonly Carried[]): void {
    const { link, hooks } = this.#parts;
    const { next, adopted, permits } = turn;
    // Those that ended meanwhile too: their end is told by the new id.
    for (const { ticket, mine } of brought) mine.id = adopted.get(ticket);
    this.#epoch = next.epoch;
    this.#timeline = link.timeline;
    this.#know(next, versionOf(next));
    this.#last = next.state;
    this.#offset = this.#offsetNow();
    const given = permits.map(({ id, kind, from }): Permit => {
      const grantedAt = link.clock.local(from);
      const ticket = ++this.#tickets;
      this.#mine.set(ticket, { id, kind, grantedAt, sentAt: undefined });
      return { id: ticket, kind, from: grantedAt };
    });
    if (given.length > 0) {
      const others = [...next.waiters].some((owner) => owner !== link.me);
      if (others) this.#courtesyUntil = this.#readAt + COURTESY_MS + 4 * this.#trip;
      hooks.grant(given);
    }
    this.#arrange(turn);
  }

  /** While others wait, whoever has just taken something does not take more at once: until when. */
  #heldBack(): number | undefined {
    const now = this.#parts.clock.monotonic();
    if (now >= this.#courtesyUntil) return undefined;
    const others = [...(this.#shared?.waiters ?? [])].some((owner) => owner !== this.#parts.link.me);
    return others ? this.#courtesyUntil : undefined;
  }

  /** Sets the timer for what is left, and says what is waited for. */
  #arrange({ short, wait }: SharedTurn): void {
    const { link, hooks, clock } = this.#parts;
    this.#short = short;
    const until: Wait | undefined = wait && { until: link.clock.local(wait.until), why: wait.why };
    hooks.waits(short ? until : undefined);
    if (!short || this.#leaving) return;
    const poll = clock.monotonic() + POLL_MS;
    this.#wake(this.#heldBack() ?? Math.min(until === undefined ? poll : until.until - this.#lead, poll));
  }

  #wake(at: number): void {
    this.#clearTimer?.();
    const ahead = Math.ceil(at - this.#parts.clock.monotonic());
    this.#clearTimer = this.#setTimer(Math.min(Math.max(ahead, 1), LONGEST_TIMER), () => {
      if (this.#parts.clock.monotonic() - this.#readAt >= POLL_MS - 1) this.#stale = true;
      this.look();
    });
  }

  /** The newest version that we heard of. */
  #newest: Version | undefined;

  #news(name: string, hint: Hint): void {
    const version = versionIn(name);
    const known = this.#shared;
    if (known !== undefined && version.epoch === known.epoch && version.n <= known.n) return;
    this.#newest = version;
    this.#stale = true;
    if (!this.#short || hint === 'answer') return;
    const { link, clock } = this.#parts;
    const at = hint === 0 ? 0 : link.clock.local(hint) - this.#lead;
    if (at <= clock.monotonic()) this.look();
    else if (!this.#busy) this.#wake(Math.min(at, clock.monotonic() + POLL_MS));
  }

  #settleTheGone(): void {
    if (this.#shared === undefined) return;
    const { flights, waiters } = this.#shared;
    const { presence, me } = this.#parts.link;
    const owners = [...flights.values(), ...waiters].filter((owner) => owner !== me);
    for (const owner of presence.gone(owners, this.#readAt)) this.#gone.add(owner);
    if (this.#gone.size > 0) this.look();
  }

  /** Permits are asked for so much before their time. */
  get #lead(): number {
    return LEAD + Math.min(2 * this.#trip, 50);
  }

  #measured(started: number): void {
    this.#trip += (this.#parts.clock.monotonic() - started - this.#trip) / 8;
  }
}
