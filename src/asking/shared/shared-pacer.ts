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
import { initial, type RateState } from '../rate-limit.ts';
import type { Permit } from '../turn.ts';
import { type Link, LinkDown, nodeTimer, type SetTimer } from './link.ts';
import { Replica } from './replica.ts';
import type { SharedState } from './shared-state.ts';
import { type Hint, type SharedTurn, takeSharedTurn } from './shared-turn.ts';
import { type Carried, dated, type Pending, Tickets } from './tickets.ts';

export interface SharedPacerParts extends PacerParts {
  readonly link: Link;
  /** Tells the states of one key apart: one for each sender that the server counts by itself. */
  readonly name: string;
  readonly newEpoch: () => string;
  /** A defect: nothing that Redis or the network does. */
  readonly failed: (error: unknown) => void;
  readonly timer?: SetTimer;
}

/** News can be lost: whoever waits looks again after so long at most. */
const POLL_MS = 400;
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
  readonly #setTimer: SetTimer;
  readonly #replica: Replica;
  readonly #tickets = new Tickets();
  /** Processes that are gone, and have not been settled. */
  readonly #gone = new Set<string>();
  #busy = false;
  #again = false;
  #clearTimer: (() => void) | undefined;
  /** More is wanted than may start. */
  #short = false;
  /** What we took is enough for now: first the others. Monotonic milliseconds. */
  #courtesyUntil = Number.NEGATIVE_INFINITY;
  #leaving = false;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(parts: SharedPacerParts) {
    const { link, clock, settings, newEpoch } = parts;
    this.#parts = parts;
    this.#setTimer = parts.timer ?? nodeTimer;
    const store = link.store(parts.name, {
      news: (version, hint) => this.#news(version, hint),
      beat: () => this.#findTheGone(),
      back: () => {
        this.#replica.distrust();
        this.look();
      },
    });
    this.#replica = new Replica({ store, link, clock, settings, newEpoch });
  }

  get state(): RateState {
    return this.#replica.shared?.state ?? initial(this.#parts.settings);
  }

  tell(event: PacerEvent): void {
    const noted = this.#tickets.note(event, this.#parts.clock.monotonic());
    if (noted && event.type === 'sent' && this.#isDue(event)) this.look();
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
      this.#replica.distrust();
      // The link tells when it is back; until then nothing starts.
      if (!(error instanceof LinkDown)) this.#parts.failed(error);
    } finally {
      this.#busy = false;
      for (const idle of this.#idle.splice(0)) idle();
    }
  }

  /** One turn, again where somebody was quicker. Nothing goes to Redis while there is nothing to say or to ask for. */
  async #turn(): Promise<void> {
    const { link, hooks } = this.#parts;
    this.#clearTimer?.();
    const demand = hooks.demand();
    const isDue = () => this.#gone.size > 0 || this.#tickets.pending.some(({ event }) => this.#isDue(event));
    if (demand.ask + demand.read === 0 && !isDue() && !this.#short) {
      hooks.waits(undefined);
      return;
    }
    if (!link.up) return;
    for (let race = 1; ; race++) {
      const shared = await this.#replica.current();
      const held = this.#heldBack();
      if (held !== undefined && !isDue()) {
        this.#wake(held);
        return;
      }
      if (await this.#tried(shared, held === undefined)) return;
      if (race % PATIENT_RACES === 0) {
        await new Promise<void>((resolve) => this.#setTimer(1 + this.#parts.random() * 8, resolve));
      }
    }
  }

  /** False: somebody was quicker. */
  async #tried(shared: SharedState, mayTake: boolean): Promise<boolean> {
    const replica = this.#replica;
    const gone = [...this.#gone];
    const carried = replica.isNew ? this.#tickets.carried(this.#parts.link.clock) : [];
    const turn = this.#take(shared, gone, carried, mayTake);
    if (turn.changed) {
      const taken = this.#tickets.take();
      let done = false;
      try {
        done = await replica.swap(turn.next, turn.hint);
      } finally {
        // Where no answer came, it may have been done all the same: events of asks that are no longer in flight are
        // passed over then, and what was granted in our name without our knowing is given back.
        if (!done) this.#tickets.putBack(taken);
      }
      if (!done) return false;
      this.#tickets.adopted(carried, turn.adopted);
      this.#grant(turn);
    }
    for (const owner of gone) this.#gone.delete(owner);
    this.#arrange(turn);
    return true;
  }

  #take(
    shared: SharedState,
    gone: readonly string[],
    carried: readonly Carried[],
    mayTake: boolean,
  ): SharedTurn {
    const { link, clock, random, hooks } = this.#parts;
    const { pending } = this.#tickets;
    const { isNew } = this.#replica;
    const local = clock.monotonic();
    // What happened to asks of a lost epoch is over with it.
    const isOver = ({ event }: Pending) => isNew && event.type !== 'paused';
    return takeSharedTurn(shared, {
      me: link.me,
      events: pending.flatMap((one) => (isOver(one) ? [] : dated(one, link.clock))),
      known: isNew ? new Set() : this.#tickets.known(pending),
      gone,
      brought: carried,
      kept: isNew ? this.#replica.kept : undefined,
      demand: hooks.demand(),
      mayTake,
      now: link.clock.earliest(local),
      latest: link.clock.latest(local),
      lead: this.#lead,
      random,
    });
  }

  #grant({ next, permits }: SharedTurn): void {
    const { link, clock, hooks } = this.#parts;
    if (permits.length === 0) return;
    if (this.#othersWait(next)) {
      this.#courtesyUntil = clock.monotonic() + COURTESY_MS + 4 * this.#replica.tripMs;
    }
    hooks.grant(permits.map((permit) => this.#tickets.issue(permit, link.clock.local(permit.from))));
  }

  /** While others wait, whoever has just taken something does not take more at once: until when. */
  #heldBack(): number | undefined {
    const { shared } = this.#replica;
    if (this.#parts.clock.monotonic() >= this.#courtesyUntil || shared === undefined) return undefined;
    return this.#othersWait(shared) ? this.#courtesyUntil : undefined;
  }

  #othersWait({ waiters }: SharedState): boolean {
    return waiters.size > (waiters.has(this.#parts.link.me) ? 1 : 0);
  }

  /** Sets the timer for what is left, and says what is waited for. */
  #arrange({ short, wait }: SharedTurn): void {
    const { link, hooks, clock } = this.#parts;
    this.#short = short;
    const until = short && wait !== undefined ? link.clock.local(wait.until) : undefined;
    hooks.waits(wait === undefined || until === undefined ? undefined : { until, why: wait.why });
    if (!short || this.#leaving) return;
    const poll = clock.monotonic() + POLL_MS;
    this.#wake(this.#heldBack() ?? Math.min(until === undefined ? poll : until - this.#lead, poll));
  }

  #wake(at: number): void {
    const { clock } = this.#parts;
    this.#clearTimer?.();
    const ahead = Math.ceil(at - clock.monotonic());
    this.#clearTimer = this.#setTimer(Math.min(Math.max(ahead, 1), LONGEST_TIMER), () => {
      if (clock.monotonic() - this.#replica.readAt >= POLL_MS - 1) this.#replica.distrust();
      this.look();
    });
  }

  #news(version: string, hint: Hint): void {
    if (!this.#replica.heard(version) || !this.#short || hint === 'answer') return;
    const { link, clock } = this.#parts;
    const at = hint === 0 ? 0 : link.clock.local(hint) - this.#lead;
    if (at <= clock.monotonic()) this.look();
    else if (!this.#busy) this.#wake(Math.min(at, clock.monotonic() + POLL_MS));
  }

  #findTheGone(): void {
    const { shared, readAt } = this.#replica;
    if (shared === undefined) return;
    const { presence, me } = this.#parts.link;
    const owners = [...shared.flights.values(), ...shared.waiters].filter((owner) => owner !== me);
    for (const owner of presence.gone(owners, readAt)) this.#gone.add(owner);
    if (this.#gone.size > 0) this.look();
  }

  /** Permits are asked for so much before their time. */
  get #lead(): number {
    return LEAD + Math.min(2 * this.#replica.tripMs, 50);
  }
}
