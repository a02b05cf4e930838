/**
 * Reports of this process to Redis: asks in flight, answers, pauses and its pace. Instants are monotonic milliseconds of
 * this process; a report turns them into how long ago that was.
 */
import { statusRule } from '../../classify/refusal.ts';
import { type Observation, readFacts, toldToWaitMs } from '../headers.ts';
import { notBefore } from '../not-before.ts';
import type { AskKind, WaitReason } from '../policy/policy.ts';
import { Arrivals, type Learnt } from './learnt.ts';

/** An ask that has a place and no end yet. */
export interface Mine {
  readonly id: number;
  readonly kind: AskKind;
  /** Of its pace: how long after it the next may go. */
  readonly stepMs: number;
  /** The policy by which it was given, and its number there. */
  readonly policy: object | undefined;
  readonly policyId: number | undefined;
  takenAt: number;
  /** When Redis was last told that it is in flight. */
  vouchedAt: number;
  /** When it arrives at the latest; undefined: not known before its answer. */
  arrivedBy: number | undefined;
}

/** The words of a report that goes out at `now`. */
export type Report = (now: number) => readonly (string | number)[];

/** Redis is told so often that an ask is still in flight. */
const VOUCH_MS = 700;
const LONGEST_HOLD_MS = 60_000;

export class Memory {
  readonly #me: string;
  readonly #people: number;
  readonly #arrivals = new Arrivals();
  readonly #mine = new Map<number, Mine>();
  #reports: readonly Report[] = [];
  #paceUntil = Number.NEGATIVE_INFINITY;
  #pausedUntil: { readonly until: number; readonly why: WaitReason } | undefined;
  #last = 0;
  #strikes = 0;
  /** The latest end of a pause that this process has told of, or was told to make. */
  heldUntil = Number.NEGATIVE_INFINITY;
  /** How many more the server would take, by its last word. */
  remaining: number | undefined;

  /** @param people of an ask */
  constructor(me: string, people: number) {
    this.#me = me;
    this.#people = people;
  }

  get(id: number): Mine | undefined {
    return this.#mine.get(id);
  }

  get flying(): number {
    return this.#mine.size;
  }

  /** There is something to tell. */
  get isDue(): boolean {
    return this.#reports.length > 0;
  }

  /** Numbers for so many asks: the first of them. */
  reserve(asks: number): number {
    this.#last += asks;
    return this.#last - asks + 1;
  }

  granted(mine: Mine): void {
    this.#mine.set(mine.id, mine);
  }

  sent(mine: Mine, now: number): void {
    const arrivedBy = this.#arrivals.ofSent(mine.kind, now);
    mine.arrivedBy = arrivedBy;
    if (arrivedBy !== undefined) this.#tell((at) => ['moved', this.#name(mine), at - arrivedBy]);
    if (mine.stepMs === 0) return;
    const until = now + mine.stepMs;
    this.#paceUntil = until;
    this.#tell((at) => ['pace', until - at]);
  }

  withdrawn(mine: Mine): void {
    this.#mine.delete(mine.id);
    this.say('unused', this.#name(mine));
  }

  answered(mine: Mine, observation: Observation): void {
    const { sentAt, answeredAt, httpStatus } = observation;
    const member = this.#name(mine);
    const arrivedBy = this.#arrivals.ofAnswered(mine.kind, observation);
    this.#mine.delete(mine.id);
    this.#tell((at) => ['moved', member, at - arrivedBy]);
    this.say('done', member);
    if (httpStatus === undefined) return;
    const facts = readFacts(observation);
    // Reads may be counted apart, and license no ask.
    const { limit = '', remaining } = mine.kind === 'ask' ? facts : {};
    if (facts.throttled) {
      const until =
        answeredAt + (toldToWaitMs(facts) ?? Math.min(LONGEST_HOLD_MS, 1000 * 2 ** this.#strikes));
      this.#strikes++;
      this.heldUntil = Math.max(this.heldUntil, until);
      const hasRoom = (remaining ?? 0) > 0 ? 1 : 0;
      this.#tell((at) => ['struck', at - mine.takenAt, until - at, limit, hasRoom]);
      return;
    }
    const isAway = statusRule(httpStatus).meaning === 'unavailable';
    const when = isAway ? notBefore(facts, 1, () => 1) : undefined;
    // Shorter waits are the gateway's, which pauses all.
    if (when?.kind === 'another_run') this.paused(answeredAt + when.ms, 'throttled');
    this.#strikes = 0;
    this.remaining = remaining ?? this.remaining;
    const counted = limit === '' || remaining === undefined ? '' : limit - remaining;
    this.#tell((at) => ['heard', member, at - mine.takenAt, at - sentAt, limit, counted]);
  }

  paused(until: number, why: WaitReason): void {
    this.#pausedUntil = { until, why };
    this.heldUntil = Math.max(this.heldUntil, until);
    this.#tell((at) => ['pause', until - at, why]);
  }

  learnt({ limit, windowMs, clean }: Learnt): void {
    this.say('learnt', limit, windowMs, this.#people, clean);
  }

  say(...words: (string | number)[]): void {
    this.#tell(() => words);
  }

  #tell(words: Report): void {
    const report: Report = (now) => {
      const [name = '', ...rest] = words(now);
      return [name, rest.length, ...rest];
    };
    this.#reports = [...this.#reports, report];
  }

  /** Reports due now; later events go with the next exchange. */
  take(now: number): readonly Report[] {
    const taken = this.#reports;
    this.#reports = [];
    for (const mine of this.#mine.values()) {
      if (now < mine.vouchedAt + VOUCH_MS) continue;
      this.#vouch(mine);
      mine.vouchedAt = now;
    }
    const vouchers = this.#reports;
    this.#reports = [];
    return [...taken, ...vouchers];
  }

  /** Reports that may not have arrived. What is told twice counts once, and a place that was taken unheard ages out. */
  putBack(said: readonly Report[]): void {
    this.#reports = [...said, ...this.#reports];
  }

  /** Redis knows nothing any more: a pause until the server counts nothing of before, and what was learnt. */
  lost(limit: number | undefined, windowMs: number | undefined, leaseMs: number): void {
    const since = this.#reports;
    this.#reports = [];
    this.say('pause', (windowMs ?? 0) + leaseMs, 'paused');
    if (limit !== undefined && windowMs !== undefined) this.learnt({ limit, windowMs, clean: 1 });
    const { until, why } = this.#pausedUntil ?? {};
    if (until !== undefined && why !== undefined) this.#tell((at) => ['pause', until - at, why]);
    this.#tell((at) => ['pace', Math.max(0, this.#paceUntil - at)]);
    this.#reports = [...this.#reports, ...since];
  }

  #vouch(mine: Mine): void {
    const { arrivedBy } = mine;
    this.say('vouch', this.#name(mine));
    if (arrivedBy !== undefined) this.#tell((at) => ['moved', this.#name(mine), at - arrivedBy]);
  }

  #name({ id }: Mine): string {
    return `${this.#me}:${id}`;
  }
}
