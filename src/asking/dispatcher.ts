import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock, Participant } from '../domain/words.ts';
import { EXIT, OnboardError } from '../errors.ts';
import type { Breaker } from './breaker.ts';
import { type AskResult, classify } from './classifier.ts';
import type { Answer, Client } from './client.ts';
import { CappedLedger } from './daily-cap.ts';
import { type Gateway, NOT_DONE_TRIES, observed } from './gateway.ts';
import type { Groups } from './groups.ts';
import { Guard } from './guard.ts';
import { keyRejected, type PhoneWatch } from './phone-watch.ts';
import type { Ask } from './planner.ts';
import type { AskingEvents, AskLedger, Log } from './ports.ts';
import type { Doubt } from './reconciler.ts';
import type { RunControl } from './run-control.ts';
import { oneLine } from './scrub.ts';
import type { CommonTrouble } from './senders/common-trouble.ts';
import { pairsOf, Settler } from './settler.ts';
import type { SharedCap } from './shared/shared-cap.ts';

/** WhatsApp-level throttlings of one ask, each with a cool-down, before it is left for another run. */
const WHATSAPP_TRIES = 3;

export interface DispatcherParts {
  readonly client: Client;
  readonly gateway: Gateway;
  readonly ledger: AskLedger;
  readonly groups: Groups;
  readonly phone: PhoneWatch;
  readonly breaker: Breaker;
  /** Where there are several phones, each with a dispatcher: what they have in common. */
  readonly tally?: Breaker | undefined;
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
  /** Aborts requests that are in flight: the last resort when draining takes too long. */
  readonly abandon: AbortSignal;
}

interface Sent {
  readonly id: number;
  /** Fewer than were to be asked where the daily cap left room for no more. */
  readonly people: readonly Participant[];
  readonly answer: Answer;
}

type Result<K extends AskResult['kind']> = Extract<AskResult, { kind: K }>;

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
  readonly #doubts: Doubt[] = [];
  #failure: unknown;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#settle = new Settler(parts);
    this.#ledger = new CappedLedger(parts.ledger, parts.sender, parts.dailyCap, parts.sharedCap);
    this.#guard = new Guard(parts);
    this.#inFlight = pLimit(parts.concurrency);
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
    let notDone = 0;
    let throttled = 0;
    let people = ask.participants;
    while (!this.#parts.control.stopped) {
      people = await this.#withoutAsking(ask, people);
      if (people.length === 0) return;
      const sent = await this.#send(ask, people);
      if (sent === undefined) continue; // stopped, or the group was closed while this ask waited
      const result = classify(sent.answer, sent.people);
      if (result.kind === 'not_done') {
        await this.#ledger.notDone(sent.id);
        if (this.#notDone(result, sent) && ++notDone >= NOT_DONE_TRIES) {
          this.#guard.exhausted(result.message);
          return;
        }
        continue;
      }
      this.#parts.gateway.answered();
      const again = await this.#answered(ask, sent, result);
      if (
        again.length > 0 &&
        (this.#guard.throttledByWhatsApp(sent.answer.sentAt) || ++throttled >= WHATSAPP_TRIES)
      )
        return;
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

  /** The grant, the durable `asked` record, the request: in this order, so that a crash at any instant is in doubt at most. */
  #send(ask: Ask, people: readonly Participant[]): Promise<Sent | undefined> {
    const { control, groups, client, events } = this.#parts;
    const nothing = { value: undefined, observation: undefined };
    return this.#parts.gateway.schedule<Sent | undefined>('ask', async (sent) => {
      if (control.stopped || groups.closure(ask.chatId)) return nothing;
      const asked = people.slice(0, await this.#ledger.reserve(people.length));
      if (asked.length === 0) {
        const message = `the sender reached --daily-cap ${this.#parts.dailyCap}`;
        control.stop({ exit: EXIT.again, code: 'daily_cap', message });
        return nothing;
      }
      const id = await this.#ledger.asked(ask, asked);
      events.asked(asked.length);
      const answer = await client.add(ask.chatId, asked, {
        force: this.#parts.forceAdd,
        onSend: sent,
        signal: this.#parts.abandon,
      });
      return { value: { id, people: asked, answer }, observation: observed(answer) };
    });
  }

  /** Has everything wait as the answer wants it. True when the API itself refused (and not the way to it). */
  #notDone(result: Result<'not_done'>, { answer }: Sent): boolean {
    const { gateway } = this.#parts;
    if (result.why === 'unreachable') {
      gateway.outOfReach(answer.sentAt, result.message);
      return false;
    }
    if (result.why === 'unavailable') gateway.unavailable(answer);
    return true;
  }

  /** Settles an answer; gives back those whom WhatsApp throttled, who are to be asked again. */
  async #answered(
    ask: Ask,
    sent: Sent,
    result: Exclude<AskResult, { kind: 'not_done' }>,
  ): Promise<readonly Participant[]> {
    const { control } = this.#parts;
    switch (result.kind) {
      case 'outcomes':
        return this.#settleOutcomes(ask, sent, result);
      case 'in_doubt':
        this.#inDoubt(ask, sent, sent.people, () => result.message, result);
        break;
      case 'refused':
        await this.#refused(ask, sent, result);
        break;
      case 'group_closed':
        await this.#groupClosed(ask, sent, result);
        break;
      case 'key_rejected':
        await this.#ledger.notDone(sent.id);
        control.stop(keyRejected());
        break;
      case 'redirected':
        await this.#ledger.notDone(sent.id);
        control.stop({
          exit: EXIT.safety,
          code: 'redirected',
          message: `the API answered with a redirect (${result.httpStatus}), which is not followed: check --base-url`,
        });
        break;
    }
    return [];
  }

  async #settleOutcomes(ask: Ask, sent: Sent, result: Result<'outcomes'>): Promise<readonly Participant[]> {
    const { groups } = this.#parts;
    await this.#settle.each(
      ask,
      sent.id,
      result.outcomes.map(({ participant, outcome }) => ({
        pair: { chatId: ask.chatId, participant },
        outcome,
      })),
    );
    for (const { effect, outcome } of result.outcomes) {
      if (effect === 'group_full' || effect === 'not_admin') {
        groups.close(ask.chatId, { reasonCode: effect, message: outcome.message });
      }
    }
    if (result.inDoubt.length > 0) {
      // What is neither settled nor in doubt was throttled by WhatsApp and is not done. But an ask is not done as a
      // whole or not at all, so beside others in doubt the throttled ones are in doubt too.
      const remarks = [...result.inDoubt, ...result.throttled];
      const words = new Map(remarks.map(({ participant, message }) => [participant, message]));
      this.#inDoubt(ask, sent, [...words.keys()], (who) => words.get(who) ?? '', result);
      return [];
    }
    if (result.throttled.length > 0) await this.#ledger.notDone(sent.id);
    else this.#guard.clear(sent.answer.sentAt);
    return result.throttled.map(({ participant }) => participant);
  }

  #inDoubt(
    ask: Ask,
    { answer }: Sent,
    people: readonly Participant[],
    words: (who: Participant) => string,
    { httpStatus, traceId }: { httpStatus: number | undefined; traceId: string },
  ): void {
    for (const pair of pairsOf(ask, people)) {
      this.#doubts.push({ pair, message: words(pair.participant), httpStatus, traceId });
    }
    const [first] = people;
    this.#parts.log.warn(
      { chat_id: ask.chatId, people: people.length, http_status: httpStatus },
      `in doubt: ${first === undefined ? '' : oneLine(words(first))}`,
    );
    this.#settle.count(people.length, people.length);
    if (!this.#guard.inDoubt(answer.sentAt)) this.#track(this.#parts.phone.check());
  }

  /** A batch refused whole did nothing: its people are asked one by one, so that only the bad one fails. */
  async #refused(ask: Ask, sent: Sent, result: Result<'refused'>): Promise<void> {
    const { people } = sent;
    if (!(await this.#refusalHolds()) || people.length > 1) {
      await this.#ledger.notDone(sent.id);
      for (const participant of people)
        await this.#attend({ chatId: ask.chatId, participants: [participant] });
      return;
    }
    const { message, httpStatus, traceId } = result;
    const outcome = { status: 'failed', reasonCode: 'bad_request', message, httpStatus, traceId } as const;
    await this.#settle.all(ask, sent.id, people, outcome);
    this.#guard.clear(sent.answer.sentAt);
  }

  async #groupClosed(ask: Ask, sent: Sent, result: Result<'group_closed'>): Promise<void> {
    const { reasonCode, message, httpStatus, traceId } = result;
    if (!(await this.#refusalHolds())) {
      await this.#ledger.notDone(sent.id);
      return;
    }
    this.#parts.groups.close(ask.chatId, { reasonCode, message });
    const outcome = { status: 'failed', reasonCode, message, httpStatus, traceId } as const;
    await this.#settle.all(ask, sent.id, sent.people, outcome);
    this.#guard.clear(sent.answer.sentAt);
  }

  /** What was refused may be the phone, and not the person or the group: whoever is refused then is asked another time. */
  async #refusalHolds(): Promise<boolean> {
    await this.#parts.phone.check();
    return !this.#parts.control.stopped;
  }
}
