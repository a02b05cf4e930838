import pLimit, { type LimitFunction } from 'p-limit';
import { EXIT, OnboardError } from '../domain/errors.ts';
import type { Clock, Pair, Participant } from '../domain/words.ts';
import type { Ask } from '../plan/batches.ts';
import type { Client } from './api/client.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { type AskResult, classify } from './classify/classifier.ts';
import { Conclusions, type Sent } from './conclusions.ts';
import type { ErrorBudget } from './error-budget.ts';
import { type Gateway, NOT_DONE_TRIES, observed } from './gateway.ts';
import type { Groups } from './groups/groups.ts';
import type { Doubt } from './groups/reconciler.ts';
import { Guard } from './guard.ts';
import type { CommonTrouble } from './phones/common-trouble.ts';
import { CappedLedger } from './phones/daily-cap.ts';
import type { PhoneWatch } from './phones/phone-watch.ts';
import type { AskingEvents, AskLedger, Log } from './ports.ts';
import type { SharedCap } from './rate-limit/redis/shared-cap.ts';
import type { RunControl } from './run-control.ts';
import { pairsOf, Settler } from './settler.ts';

/** WhatsApp-level throttlings of one ask, each with a cool-down, before it is left for another run. */
const WHATSAPP_TRIES = 3;

export interface DispatcherParts {
  readonly client: Client;
  readonly gateway: Gateway;
  readonly ledger: AskLedger;
  readonly groups: Groups;
  readonly phone: PhoneWatch;
  readonly breaker: CircuitBreaker;
  /** One for all phones of a run. */
  readonly budget: ErrorBudget;
  /** Where there are several phones, each with a dispatcher: what they have in common. */
  readonly common?: CommonTrouble | undefined;
  readonly control: RunControl;
  readonly clock: Clock;
  readonly events: AskingEvents;
  readonly log: Log;
  readonly sender: string;
  readonly concurrency: number;
  readonly forceAdd: boolean;
  readonly coolDownMs: number;
  readonly dailyCap: number | undefined;
  /** Keeps the daily cap together with other processes. */
  readonly sharedCap?: SharedCap | undefined;
  /** Hears of each pair that WhatsApp throttled to the end: it is left for another run. */
  readonly throttled?: ((pair: Pair) => void) | undefined;
  /** Aborts requests that are in flight: the last resort when draining takes too long. */
  readonly abandon: AbortSignal;
}

/**
 * Makes the asks: takes the limiter's grant, has the ledger remember the ask, sends it, and settles what the answer
 * says. The one owner of retries. Every ask given to `submit` ends settled, in doubt, or not done.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #settle: Settler;
  readonly #ledger: CappedLedger;
  readonly #guard: Guard;
  readonly #inFlight: LimitFunction;
  readonly #running = new Set<Promise<void>>();
  /** Who waits until one of them has ended. */
  readonly #waiting: (() => void)[] = [];
  readonly #conclusions: Conclusions;
  readonly #doubts: Doubt[] = [];
  #failure: unknown;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#settle = new Settler(parts);
    this.#ledger = new CappedLedger(parts.ledger, parts.sender, parts.dailyCap, parts.sharedCap);
    this.#guard = new Guard(parts);
    this.#inFlight = pLimit(parts.concurrency);
    this.#conclusions = new Conclusions({
      ...parts,
      ledger: this.#ledger,
      settle: this.#settle,
      guard: this.#guard,
      doubt: (doubt) => this.#doubts.push(doubt),
      attend: (ask) => this.#attend(ask),
      track: (work) => this.#track(work),
    });
  }

  /** Takes one ask; resolves when there is room for the next. p-limit's queue has no bound, so reading waits here. */
  async submit(ask: Ask): Promise<void> {
    this.#track(this.#inFlight(() => this.#attend(ask)));
    while (this.#inFlight.pendingCount > 0 && this.#running.size > 0) {
      // Not a race of all that run: that would hang one more reaction on each of them with every ask.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when every ask has ended; gives the pairs left in doubt. Throws what an ask threw. */
  async drain(): Promise<readonly Doubt[]> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#track(this.#conclusions.end());
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#doubts;
  }

  #track(work: Promise<void>): void {
    const task = work
      .catch((error: unknown) => {
        if (error instanceof OnboardError && error.code === 'LEDGER_FAILED') {
          this.#parts.control.stop({ exit: EXIT.again, code: 'ledger_failed', message: error.message });
          return;
        }
        this.#failure ??= error;
        this.#parts.control.stop({ exit: EXIT.defect, code: 'interrupted', message: 'stopped by an error' });
      })
      .finally(() => {
        this.#running.delete(task);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    this.#running.add(task);
  }

  /** One ask from its grant to its end, tries again included. */
  async #attend(ask: Ask): Promise<void> {
    let tries = 0;
    let round: number | undefined;
    let throttled = 0;
    let people = ask.participants;
    while (!this.#parts.control.stopped) {
      people = await this.#withoutAsking(ask, people);
      if (people.length === 0) return;
      const sent = await this.#send(ask, people);
      if (sent === undefined) continue; // stopped, or the group was closed while this ask waited
      const result = classify(sent.answer, sent.people);
      if (result.kind === 'not_done') {
        // All the others wait, too: before the ledger is written.
        const before = round;
        round = this.#notDone(result, sent) ?? before;
        if (round !== before) tries++;
        const over = tries >= NOT_DONE_TRIES && this.#guard.exhausted(result.message, round);
        await this.#ledger.notDone(sent.id);
        if (over) return;
        continue;
      }
      this.#parts.gateway.answered();
      const again = await this.#conclusions.conclude(ask, sent, result);
      if (again.length > 0 && (this.#parts.control.stopped || ++throttled >= WHATSAPP_TRIES)) {
        for (const pair of pairsOf(ask, again)) this.#parts.throttled?.(pair);
        return;
      }
      people = [...again, ...people.slice(sent.people.length)];
    }
  }

  /** Settles who needs no ask: members, and people of a group that is closed. Gives back the others. */
  async #withoutAsking(ask: Ask, people: readonly Participant[]): Promise<readonly Participant[]> {
    const { groups } = this.#parts;
    const closure = groups.closure(ask.chatId);
    const unasked = { httpStatus: undefined, traceId: '' };
    if (closure) {
      await this.#settle.all(ask, undefined, people, { status: 'failed', ...closure, ...unasked });
      return [];
    }
    const members = people.filter((participant) => groups.lists(ask.chatId, participant));
    await this.#settle.all(ask, undefined, members, {
      status: 'already_member',
      reasonCode: 'listed_as_member',
      message: '',
      ...unasked,
    });
    return people.filter((participant) => !members.includes(participant));
  }

  /**
   * The grant, the durable `asked` record, its instant, the request: in this order, so that a crash at any instant is in
   * doubt at most, and the disk costs nothing of the allowance.
   */
  #send(ask: Ask, people: readonly Participant[]): Promise<Sent | undefined> {
    const { control, groups, client, events } = this.#parts;
    const nothing = { value: undefined, observation: undefined };
    return this.#parts.gateway.schedule<Sent | undefined>('ask', async (start) => {
      if (control.stopped || groups.closure(ask.chatId)) return nothing;
      const asked = people.slice(0, await this.#ledger.reserve(people.length));
      if (asked.length === 0) {
        const message = `the sender reached --daily-cap ${this.#parts.dailyCap}`;
        control.stop({ exit: EXIT.again, code: 'daily_cap', message });
        return nothing;
      }
      const id = await this.#ledger.asked(ask, asked);
      const isDue = await start.due();
      if (!isDue || control.reason?.exit === EXIT.safety || groups.closure(ask.chatId)) {
        // Known since the record was begun.
        await this.#ledger.notDone(id);
        return nothing;
      }
      events.asked(asked.length);
      const answer = await client.add(ask.chatId, asked, {
        force: this.#parts.forceAdd,
        onSend: start.sent,
        signal: this.#parts.abandon,
      });
      return { value: { id, people: asked, answer }, observation: observed(answer) };
    });
  }

  /** Has everything wait as the answer wants it. Gives the round, where the API itself refused (and not the way to it). */
  #notDone(result: Extract<AskResult, { kind: 'not_done' }>, { answer }: Sent): number | undefined {
    const { gateway } = this.#parts;
    if (result.why !== 'unreachable') return gateway.refused(answer);
    gateway.outOfReach(answer.sentAt, result.message);
    return undefined;
  }
}
