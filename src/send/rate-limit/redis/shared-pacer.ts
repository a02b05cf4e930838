/**
 * Keeps one log of asks together with other processes, in Redis (`scripts.ts`). While limit and window are not known,
 * one process at a time asks, by the policy of one process; once that knows them, all go by the log. One exchange with
 * Redis is under way at a time; what happens meanwhile goes with the next.
 */
import { LONGEST_TIMER } from '../../../lib/units.ts';
import { LONGEST_WAIT } from '../not-before.ts';
import type { Demand, Pacer, PacerEvent, PacerParts, Permit, Wait } from '../pacer.ts';
import { type Allowance, type AskKind, allowanceOf } from '../policy/policy.ts';
import { isBlind, Learner, learnt } from './learnt.ts';
import { type Link, nodeTimer, type SetTimer, Turns } from './link.ts';
import { Memory } from './memory.ts';
import { RedisTime, type Reply, replyOf } from './scripts.ts';

export interface SharedPacerParts extends PacerParts {
  readonly link: Link;
  /** Tells the logs of one key apart: one for each sender that the server counts by itself. */
  readonly name: string;
  readonly newEpoch: () => string;
  /** A defect: nothing that Redis or the network does. */
  readonly failed: (error: unknown) => void;
  /** The server has put all off for so long (ms), by whichever process it told: another day. */
  readonly putOff: (ms: number) => void;
  readonly timer?: SetTimer;
}

/** An ask that nobody has vouched for so long is taken to have arrived by then: its process is gone. */
export const LEASE_MS = 2400;
/** A permit that is not used long before the lease ends is not used. */
const LEASE_MARGIN_MS = 400;
/** A process lets itself be heard so often: while something of it is in flight, and else. */
const BEAT_MS = 700;
const IDLE_BEAT_MS = 2000;
/** Poll interval while another process's answer is awaited. */
const POLL_MS = 120;
/** Places are taken so much before their time, by all alike, however far each is from Redis. */
const AHEAD_MS = 30;
/** Processes that wait for the same place ask for it within this of each other, by chance. */
const SPREAD_MS = 12;
/** A process that has taken places leaves the next ones to others for so long. */
const COURTESY_MS = 4;
/** Time limit of the last reports at the end; entries that are not reported age out. */
const FAREWELL_MS = 1500;

const NOTHING: Demand = { ask: 0, read: 0 };

/** The places of one exchange: when it was, their numbers, their pace, and the policy's own permits for them. */
interface Taken {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly first: number;
  readonly step: number;
  readonly ours: readonly Permit[] | undefined;
}

export class SharedPacer implements Pacer {
  readonly #parts: SharedPacerParts;
  readonly #setTimer: SetTimer;
  readonly #memory: Memory;
  readonly #time = new RedisTime();
  /** The policy of one process, while this is the one that asks. */
  #policy: Learner | undefined;
  #last: Reply | undefined;
  /** Until when Redis said to wait. */
  #waitUntil: Wait | undefined;
  #clockWasSet = false;
  /** Monotonic milliseconds: when Redis last heard of us. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #courtesyUntil = Number.NEGATIVE_INFINITY;
  #trip = 1;
  #clearTimer: (() => void) | undefined;
  #leaving = false;
  #closed = false;
  readonly #turns: Turns;

  constructor(parts: SharedPacerParts) {
    this.#parts = parts;
    this.#setTimer = parts.timer ?? nodeTimer;
    this.#memory = new Memory(parts.link.me, parts.settings.batchSize ?? 1);
    this.#turns = new Turns(() => this.#turn(), parts.link, parts.failed);
    parts.link.onBack(() => this.look());
  }

  get allowance(): Allowance {
    if (this.#policy !== undefined) return allowanceOf(this.#policy.state);
    const { limit, windowMs, ceiling } = this.#last ?? {};
    if (limit === undefined || windowMs === undefined)
      return { mode: 'unknown', ...(ceiling !== undefined && { ceiling }) };
    return { mode: 'known', limit, windowMs, remaining: this.#memory.remaining ?? 0 };
  }

  tell(event: PacerEvent): void {
    const now = this.#parts.clock.monotonic();
    if (event.type === 'paused') {
      this.#memory.paused(event.until, event.why);
      return;
    }
    const mine = this.#memory.get(event.id);
    if (mine === undefined) return;
    if (this.#policy !== undefined && mine.policy === this.#policy && mine.policyId !== undefined) {
      this.#policy.tell({ ...event, id: mine.policyId }, now);
    }
    if (event.type === 'sent') {
      this.#memory.sent(mine, now);
      if (mine.stepMs > 0) this.look();
    } else if (event.type === 'withdrawn') this.#memory.withdrawn(mine);
    else {
      this.#memory.answered(mine, event.observation);
      if (this.#policy !== undefined) this.#sayLearnt(this.#policy);
    }
  }

  holds({ id }: Permit): boolean {
    const vouchedAt = this.#memory.get(id)?.vouchedAt ?? Number.NEGATIVE_INFINITY;
    const now = this.#parts.clock.monotonic();
    return now < vouchedAt + LEASE_MS - LEASE_MARGIN_MS && now >= this.#memory.heldUntil;
  }

  look(): void {
    if (!this.#closed) this.#turns.look();
  }

  async close(): Promise<void> {
    this.#leaving = true;
    if (this.#policy !== undefined) this.#yield(this.#policy, this.#parts.clock.monotonic());
    this.look();
    await new Promise<void>((resolve) => {
      const clear = this.#setTimer(FAREWELL_MS, resolve);
      void this.#turns.idle().then(() => {
        clear();
        resolve();
      });
    });
    this.#closed = true;
    this.#clearTimer?.();
  }

  /** Once the policy knows limit and window, or that there are none to know, all go by the log. */
  #sayLearnt({ state }: Learner): void {
    const allowance = learnt(state);
    if (allowance !== undefined) this.#memory.learnt(allowance);
    else if (isBlind(state)) this.#memory.say('blind', this.#parts.settings.maxRate === undefined ? 0 : 1);
  }

  async #turn(): Promise<void> {
    const { link, hooks, clock } = this.#parts;
    this.#clearTimer?.();
    const now = clock.monotonic();
    const demand = this.#leaving ? NOTHING : hooks.demand();
    const isWanted = demand.ask + demand.read > 0;
    if (this.#last === undefined && !isWanted) return hooks.waits(undefined);
    if (!link.up) return;
    this.#handOn(isWanted, now);
    const mayTake = isWanted && now >= this.#courtesyUntil;
    if (!mayTake && !this.#isDue(now)) return this.#arrange(isWanted);
    if (await this.#exchange(mayTake ? demand : NOTHING)) this.#arrange(isWanted);
    else this.look();
  }

  /** There is something to tell, be it that we are there. */
  #isDue(now: number): boolean {
    return this.#memory.isDue || now >= this.#heardAt + this.#beat;
  }

  get #beat(): number {
    return this.#memory.flying > 0 || this.#policy !== undefined ? BEAT_MS : IDLE_BEAT_MS;
  }

  /** A learner that has nothing to ask, or has had its turn while others wait, lets another learn. */
  #handOn(isWanted: boolean, now: number): void {
    const policy = this.#policy;
    if (policy === undefined) return;
    if (isWanted && !(policy.isLong(now) && this.#last?.isQueued)) return;
    this.#courtesyUntil = now + 3 * POLL_MS;
    if (this.#memory.flying > 0) return;
    this.#yield(policy, now);
  }

  #yield(policy: Learner, now: number): void {
    const wait = policy.end(now);
    this.#policy = undefined;
    if (wait !== undefined) this.#memory.paused(wait.until, wait.why);
    const { slow, counters } = policy.state;
    const ceiling = Number.isFinite(slow.ceiling) ? slow.ceiling : '';
    this.#memory.say('yield', ceiling, slow.spacing, counters.ask.cost > 1 ? 1 : 0);
  }

  /** One exchange with Redis: tells what happened, and takes what it may. False: it has to be told again. */
  async #exchange(demand: Demand): Promise<boolean> {
    const { link, clock, hooks, settings, random, newEpoch, name } = this.#parts;
    const { gap, maxRate } = settings;
    const policy = this.#policy;
    const sentAt = clock.monotonic();
    const ours = policy?.turn(demand, sentAt, hooks.lead());
    this.#waitUntil = policy?.wait;
    if (ours?.length === 0 && !this.#isDue(sentAt)) return true;
    const wanted = ours === undefined ? demand : countOf(ours);
    const interval = maxRate === undefined ? 0 : maxRate.perMs / maxRate.count;
    const pause = gap === undefined ? 0 : gap.minMs + (gap.maxMs - gap.minMs) * random();
    const step = Math.max(interval, pause);
    const said = this.#memory.take(sentAt);
    const first = this.#memory.reserve(wanted.read + wanted.ask);
    let words: readonly string[];
    try {
      words = await link.pace(name, [
        ...[link.me, this.#last?.epoch ?? '', newEpoch(), this.#clockWasSet ? 1 : 0, LEASE_MS],
        ...said.flatMap((report) => report(sentAt)),
        ...['take', 9, wanted.read, wanted.ask, settings.batchSize ?? 1, first, AHEAD_MS, step],
        pause > interval ? 'gap' : 'max_rate',
        ...[settings.maxInFlight, policy === undefined ? 0 : 1],
      ]);
    } catch (error) {
      this.#memory.putBack(said);
      policy?.giveBack(ours ?? [], sentAt);
      throw error;
    }
    const receivedAt = clock.monotonic();
    this.#trip += (receivedAt - sentAt - this.#trip) / 8;
    const reply = replyOf(words);
    const wasSet = this.#time.add(sentAt, receivedAt, reply.now);
    if (reply.isLost || wasSet) {
      this.#lostAt(reply, wasSet);
      this.#memory.putBack(said);
      return false;
    }
    this.#clockWasSet = false;
    this.#heardAt = sentAt;
    this.#last = reply;
    const { waitMs, why } = reply;
    if (waitMs !== undefined) this.#waitUntil = { until: receivedAt + waitMs, why };
    if (why === 'throttled' && (waitMs ?? 0) > LONGEST_WAIT) this.#parts.putOff(waitMs ?? 0);
    this.#grant(reply, { sentAt, receivedAt, first, step, ours });
    return true;
  }

  /** Redis has lost what it knew, or its clock was set: all tell it once more, and nothing starts meanwhile. */
  #lostAt(reply: Reply, wasSet: boolean): void {
    const { limit, windowMs } = this.#last ?? {};
    const wait = this.#policy?.end(this.#parts.clock.monotonic());
    if (wait !== undefined) this.#memory.paused(wait.until, wait.why);
    this.#clockWasSet = wasSet && !reply.isLost;
    if (reply.isLost) this.#memory.lost(limit, windowMs, LEASE_MS);
    this.#last = { ...reply, limit, windowMs };
    this.#policy = undefined;
  }

  #grant(reply: Reply, taken: Taken): void {
    const { hooks, settings, random } = this.#parts;
    const { sentAt, receivedAt, first, step, ours } = taken;
    const policy = this.#policy;
    const permits = reply.delays.map((delay, i): Permit => {
      const kind: AskKind = i < reply.reads ? 'read' : 'ask';
      const own = ours?.[i];
      this.#memory.granted({
        ...{ id: first + i, kind, policy, policyId: own?.id, takenAt: sentAt, vouchedAt: sentAt },
        stepMs: kind === 'ask' ? step : 0,
        arrivedBy: undefined,
      });
      return { id: first + i, kind, from: Math.max(receivedAt + delay, own?.from ?? 0) };
    });
    policy?.giveBack(ours?.slice(permits.length) ?? [], receivedAt);
    if (reply.role !== 'learns') this.#policy = undefined;
    else if (policy === undefined) {
      this.#policy = new Learner(settings, receivedAt, random, reply);
      this.look();
    }
    if (permits.length === 0) return;
    // The other processes get a share.
    if (this.#policy === undefined) this.#courtesyUntil = receivedAt + COURTESY_MS;
    hooks.grant(permits);
  }

  /** Sets the timer for what is left, and says what is waited for. */
  #arrange(isWanted: boolean): void {
    const { hooks, clock, random } = this.#parts;
    const now = clock.monotonic();
    const left = isWanted ? hooks.demand() : NOTHING;
    const isShort = left.ask + left.read > 0;
    const wait = this.#waitUntil;
    hooks.waits(isShort ? wait : undefined);
    const early = this.#policy === undefined ? AHEAD_MS + this.#trip - random() * SPREAD_MS : hooks.lead();
    const poll = now + POLL_MS * (0.75 + random() / 2);
    const due = wait === undefined ? poll : wait.until - early;
    this.#wake(isShort ? Math.min(Math.max(due, this.#courtesyUntil), now + this.#beat) : now + this.#beat);
  }

  #wake(at: number): void {
    this.#clearTimer?.();
    if (this.#leaving && this.#memory.flying === 0) return;
    const ahead = Math.ceil(at - this.#parts.clock.monotonic());
    this.#clearTimer = this.#setTimer(Math.min(Math.max(ahead, 1), LONGEST_TIMER), () => this.look());
  }
}

function countOf(permits: readonly Permit[]): Demand {
  const read = permits.filter(({ kind }) => kind === 'read').length;
  return { read, ask: permits.length - read };
}
