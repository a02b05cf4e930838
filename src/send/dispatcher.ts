import pLimit, { type LimitFunction } from 'p-limit';
import { EXIT, OnboardError } from '../domain/errors.ts';
import type { Participant } from '../domain/words.ts';
import type { Ask } from '../plan/batches.ts';
import { oneLine } from './api/redact.ts';
import { type AskOutcome, type AskResult, classify } from './classify/classifier.ts';
import type { DispatcherParts } from './dispatcher-parts.ts';
import { observed } from './gateway.ts';
import { type Doubt, type Looked, secondLook } from './groups/reconciler.ts';
import { type Answered, NOT_DONE_TRIES, nextStep, type Tries, type Undone } from './next-step.ts';
import { CappedLedger } from './phones/phone-times.ts';
import { pairsOf, type Sent, Settler } from './settler.ts';

/** People to ask again, before the rest of an ask that was cut; `over`: nobody of the ask. */
type Again = readonly Participant[] | 'over';
type Corrected = Pick<Looked, 'corrected'>;

/** History of one ask; `round`: the last round of refusals it took part in, -1 before any. */
type Past = { refusals: number; throttlings: number; round: number };

/**
 * Makes the asks: takes the limiter's grant, has the ledger remember the ask, sends it, and settles what the answer
 * says. The one owner of retries. Every ask given to `submit` ends settled, in doubt, or not done.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #settle: Settler;
  readonly #ledger: CappedLedger;
  readonly #inFlight: LimitFunction;
  readonly #running = new Set<Promise<void>>();
  /** Wake-up calls for submitters that wait until a running ask ends. */
  readonly #waiting: (() => void)[] = [];
  readonly #secondLook: ReturnType<typeof secondLook>;
  /** Asks left for the next run since the last clear answer, and the round of refusals of the last of them. */
  #left = { inRow: 0, round: -1 };
  readonly #doubts: Doubt[] = [];
  #failure: unknown;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#settle = new Settler(parts);
    this.#ledger = new CappedLedger(parts.ledger, parts.sender, parts.dailyCap, parts.sharedCap);
    this.#inFlight = pLimit(parts.concurrency);
    this.#secondLook = secondLook(parts.groups);
  }

  /** Takes one ask; resolves when there is room for the next. The wait is here because p-limit's queue has no bound. */
  async submit(ask: Ask): Promise<void> {
    this.#track(this.#inFlight(() => this.#attend(ask)));
    while (this.#inFlight.pendingCount > 0 && this.#running.size > 0) {
      // Not a race of all running asks: that would add one more reaction to each of them with every ask.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when nothing runs; more may be submitted afterwards. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Resolves with the pairs left in doubt when every ask has ended. Throws what an ask threw. */
  async drain(): Promise<readonly Doubt[]> {
    await this.idle();
    this.#track(this.#end());
    await this.idle();
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

  /** Runs one ask from its grant to its end, retries included. */
  async #attend(ask: Ask): Promise<void> {
    const past: Past = { refusals: 0, throttlings: 0, round: -1 };
    let people = ask.participants;
    while (!this.#parts.control.stopped) {
      people = this.#inTime(ask, await this.#withoutAsking(ask, people));
      if (people.length === 0) return;
      const sent = await this.#send(ask, people);
      if (sent === undefined) continue; // stopped, or the group was closed while this ask waited
      const again = await this.#conclude(ask, sent, past);
      if (again === 'over') return;
      people = [...again, ...people.slice(sent.people.length)];
    }
  }

  /** Reads what the next step depends on, and carries it out. */
  async #conclude(ask: Ask, sent: Sent, past: Past): Promise<Again> {
    const { groups, control } = this.#parts;
    let result = classify(sent.answer, sent.people);
    // First of all, before any read or write: the others must wait too, and a closed group gets no more asks.
    this.#heed(result, sent, past);
    let corrected: Looked['corrected'] = [];
    if (result.kind === 'outcomes') {
      this.#close(ask, result.outcomes);
      ({ result, corrected } = await this.#secondLook(ask.chatId, result));
    }
    let phone: Tries['phone'] = 'not_read';
    for (;;) {
      const step = nextStep(result, {
        ...past,
        ...sent,
        phone,
        roundIsOver: past.round === this.#left.round,
        leftInRow: this.#left.inRow,
        ceiling: this.#parts.gateway.ceiling,
        groupIsClosed: groups.closure(ask.chatId) !== undefined,
        stopped: control.stopped,
      });
      if (step.kind === 'look_at_phone') phone = (await this.#parts.phone.check()) ? 'well' : 'silent';
      else if ('outcomes' in step) return this.#answered(ask, sent, past, { ...step, corrected });
      else return this.#leave(ask, sent, past, step);
    }
  }

  async #leave(ask: Ask, { id, people }: Sent, past: Past, step: Undone): Promise<Again> {
    if (step.kind === 'leave' && step.gaveUp !== undefined) {
      this.#left = { round: past.round, inRow: this.#left.inRow + 1 };
      this.#parts.log.warn({ tries: NOT_DONE_TRIES }, `left for the next run: ${step.gaveUp}`);
    }
    if ('stop' in step && step.stop) this.#parts.control.stop(step.stop);
    await this.#ledger.notDone(id);
    if (step.kind === 'retry') return people;
    if (step.kind !== 'split') return 'over';
    for (const one of people) await this.#attend({ chatId: ask.chatId, participants: [one] });
    return [];
  }

  /** Settles an answer. Its effects on other asks come first, because they do not wait for the disk. */
  async #answered(ask: Ask, sent: Sent, past: Past, step: Answered & Corrected): Promise<Again> {
    const { control, gateway, common, coolDownMs } = this.#parts;
    const { sentAt } = sent.answer;
    this.#close(ask, step.outcomes);
    if (step.kind === 'in_doubt') this.#leaveInDoubt(ask, step);
    const trips = (step.kind === 'in_doubt' && common?.bad(sentAt, control)) || this.#note(sentAt, step.sign);
    if (step.kind === 'cool_down' && !trips) gateway.coolDown(coolDownMs);
    await this.#settle.asked(ask, sent, step.outcomes, step.kind === 'settle' && step.held);
    await this.#settle.correct(step.corrected);
    if (step.sign === 'clear') await this.#settle.release(sentAt);
    if (step.kind !== 'cool_down') return [];
    await this.#ledger.notDone(sent.id);
    past.throttlings++;
    if (!step.last && !control.stopped) return step.again;
    for (const pair of pairsOf(ask, step.again)) this.#parts.throttled?.(pair);
    return 'over';
  }

  /** Pauses all asks as the answer requires. Only a refusal by the API itself (not on the way to it) starts a round. */
  #heed(result: AskResult, { answer }: Sent, past: Past): void {
    const { gateway } = this.#parts;
    if (result.kind !== 'not_done') gateway.answered();
    else if (result.why === 'unreachable') gateway.outOfReach(answer.sentAt, result.message);
    else {
      const round = gateway.refused(answer);
      if (round !== past.round) past.refusals++;
      past.round = round;
    }
  }

  #close({ chatId }: Ask, outcomes: readonly AskOutcome[]): void {
    for (const { effect: reasonCode, outcome } of outcomes) {
      if (reasonCode) this.#parts.groups.close(chatId, { reasonCode, message: outcome.message });
    }
  }

  /** Counts the sign of an answer. True when the circuit breaker stops the run. */
  #note(sentAt: number, sign: Answered['sign']): boolean {
    const { breaker, common, control, phone } = this.#parts;
    if (sign === 'clear') {
      breaker.good(sentAt);
      common?.good(sentAt);
      this.#left.inRow = 0;
    } else if (sign && breaker.bad(sentAt)) {
      const message = `${breaker.inRow} ${sign.what}: stopped to protect the account`;
      control.stop({ exit: EXIT.safety, code: sign.code, message });
      return true;
    } else if (sign?.suspectsPhone) {
      this.#track(phone.check().then(() => undefined));
    }
    return false;
  }

  #leaveInDoubt(ask: Ask, step: Extract<Answered, { kind: 'in_doubt' }>): void {
    const { doubts, httpStatus, traceId, stop } = step;
    if (stop) this.#parts.control.stop(stop);
    for (const { participant, message } of doubts) {
      this.#doubts.push({ pair: { chatId: ask.chatId, participant }, message, httpStatus, traceId });
    }
    this.#parts.log.warn(
      { chat_id: ask.chatId, people: doubts.length, http_status: httpStatus },
      `in doubt: ${oneLine(doubts[0]?.message ?? '')}`,
    );
    this.#settle.count(doubts.length, doubts.length);
  }

  /**
   * Ends the asking: a refusal that stood alone is a failure. After a stop for safety it says nothing about the person,
   * who is asked another time.
   */
  async #end(): Promise<void> {
    const { exit, code } = this.#parts.control.reason ?? {};
    if (exit !== EXIT.safety || code === 'max_errors') return this.#settle.release(Number.POSITIVE_INFINITY);
    for (const id of this.#settle.discard()) await this.#ledger.notDone(id);
  }

  /** Settles people who need no ask: members, and people of a closed group. Returns the others. */
  async #withoutAsking(ask: Ask, people: readonly Participant[]): Promise<readonly Participant[]> {
    const { groups } = this.#parts;
    const closure = groups.closure(ask.chatId);
    const unasked = { message: '', httpStatus: undefined, traceId: '' };
    if (closure) {
      await this.#settle.closed(ask, people, { ...unasked, status: 'failed', ...closure });
      return [];
    }
    const members = people.filter((participant) => groups.lists(ask.chatId, participant));
    const listed = { ...unasked, status: 'already_member', reasonCode: 'listed_as_member' } as const;
    await this.#settle.unasked(ask, members, listed);
    return people.filter((participant) => !members.includes(participant));
  }

  /** Returns the people who may be asked at this hour; the others are put off to later in this run. */
  #inTime(ask: Ask, people: readonly Participant[]): readonly Participant[] {
    const { times } = this.#parts;
    const open = people.filter((one) => times.isOpen(one));
    for (const pair of pairsOf(ask, people)) if (!open.includes(pair.participant)) times.later(pair);
    return open;
  }

  /**
   * Takes the grant, writes the durable `asked` record, waits for the instant, and sends: in this order, so that a
   * crash leaves doubt at most, and the disk costs nothing of the allowance.
   */
  #send(ask: Ask, people: readonly Participant[]): Promise<Sent | undefined> {
    const { control, groups, client, events, times } = this.#parts;
    const nothing = { value: undefined, observation: undefined };
    return this.#parts.gateway.schedule<Sent | undefined>('ask', async (start) => {
      // The hours may have ended, or the group closed, during the wait for the grant.
      if (control.stopped || groups.closure(ask.chatId) || !times.areOpen(people)) return nothing;
      const asked = people.slice(0, await this.#ledger.reserve(people.length));
      if (asked.length === 0) {
        if (times.waitsForCap()) return nothing;
        const message = `the sender reached --daily-cap ${this.#parts.dailyCap}`;
        control.stop({ exit: EXIT.again, code: 'daily_cap', message });
        return nothing;
      }
      const id = await this.#ledger.asked(ask, asked);
      const isDue = await start.due();
      const over = control.reason?.exit === EXIT.safety || groups.closure(ask.chatId) !== undefined;
      if (!isDue || over || !times.areOpen(asked)) {
        // Stopped, closed or too late by now.
        await this.#ledger.notDone(id);
        return nothing;
      }
      events.asked();
      const answer = await client.add(ask.chatId, asked, {
        force: this.#parts.forceAdd,
        onSend: start.sent,
        signal: this.#parts.abandon,
      });
      return { value: { id, people: asked, answer }, observation: observed(answer) };
    });
  }
}
