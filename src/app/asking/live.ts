import type { ChatId, Clock, Status } from '../../domain/words.ts';
import type { GroupAbout } from '../../report/html/people.ts';
import type { Wait } from '../../report/html/timeline.ts';
import type { Moment } from '../../report/terminal/progress.ts';
import type { AskingEvents, GroupFacts } from '../../send/ports.ts';

export interface Waiting {
  readonly waitingUntil?: number | undefined;
  readonly waitingWhy?: string | undefined;
}

/** Progress of the run so far: written by the sending stage, read by the bar and the log. */
export class Live implements AskingEvents {
  readonly #clock: Clock;
  readonly #counts: Partial<Record<Status, number>> = {};
  readonly #groups = new Map<ChatId, GroupAbout>();
  #done = 0;
  #last: ChatId | undefined;
  #startedAt: number;
  #paceMs: number | undefined;
  readonly waits: WaitMeter;
  total = 0;
  asks = 0;
  waiting: () => Waiting = () => ({});

  constructor(clock: Clock) {
    this.#clock = clock;
    this.waits = new WaitMeter(clock);
    this.#startedAt = clock.monotonic();
  }

  /**
   * Starts the asking: the rate is counted from here.
   * @param paceMs total of the pauses that the user asked for, ms; undefined: none
   */
  start(total: number, paceMs?: number): void {
    this.total = total;
    this.#paceMs = paceMs;
    this.#startedAt = this.#clock.monotonic();
  }

  asked(): void {
    this.asks++;
  }

  settled(chatId: ChatId, status: Status, count: number): void {
    this.#counts[status] = (this.#counts[status] ?? 0) + count;
    this.#done += count;
    this.#last = chatId;
  }

  groupRead(chatId: ChatId, name: string, { inviteLink, memberCount: members }: GroupFacts): void {
    this.#groups.set(chatId, { name, inviteLink, members });
  }

  groupName(chatId: ChatId): string {
    return this.#groups.get(chatId)?.name ?? '';
  }

  groupAbout(chatId: ChatId): GroupAbout | undefined {
    return this.#groups.get(chatId);
  }

  moment(): Moment {
    const now = this.#clock.monotonic();
    const seconds = (now - this.#startedAt) / 1_000;
    const { waitingUntil, waitingWhy } = this.waiting();
    const ms = (waitingUntil ?? 0) - now;
    const done = Math.min(this.#done, this.total);
    const paceMs = this.#paceMs && this.#paceMs * (1 - done / this.total);
    return {
      done,
      total: this.total,
      counts: { ...this.#counts },
      group: this.#last === undefined ? '' : this.groupName(this.#last),
      perSecond: this.#done > 0 && seconds > 0.5 ? this.#done / seconds : undefined,
      ...(paceMs !== undefined && { paceMs }),
      waiting: ms > 0 ? { why: waitingWhy ?? 'rate limit', ms } : undefined,
    };
  }
}

/** Waits kept one by one; further ones are only summed. */
const MOST = 500;
/** Shortest wait that a person would wonder about, ms. */
const LONG_MS = 5_000;
/** Reasons of waits for the user's own pace. These are never logged, however long they are. */
const OWN_PACE: ReadonlySet<string> = new Set(['gap', 'max_rate']);

/**
 * Sums up waiting times by reason: each wait lasts until its end, or until one for another reason begins. Keeps the
 * waits that a person would wonder about.
 */
export class WaitMeter {
  readonly #clock: Clock;
  readonly #waited = new Map<string, number>();
  readonly #notable: Wait[] = [];
  #wait: { readonly since: number; readonly why: string } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begins(why: string): void {
    if (this.#wait?.why === why) return;
    this.ends();
    this.#wait = { since: this.#clock.monotonic(), why };
  }

  ends(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait === undefined) return;
    const { why } = wait;
    const ms = this.#clock.monotonic() - wait.since;
    this.#waited.set(why, (this.#waited.get(why) ?? 0) + ms);
    const notable = why === 'throttled' ? ms > 0 : ms >= LONG_MS && !OWN_PACE.has(why);
    if (!notable || this.#notable.length === MOST) return;
    const to = this.#clock.now();
    this.#notable.push({ why, from: to - ms, to });
  }

  /** Milliseconds by reason. Ends a wait in progress. */
  total(): ReadonlyMap<string, number> {
    this.ends();
    return this.#waited;
  }

  /** Waits after a throttled answer, and long ones that are not the user's own pace. */
  get notable(): readonly Wait[] {
    return this.#notable;
  }
}
