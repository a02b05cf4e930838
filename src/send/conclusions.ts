import { EXIT } from '../domain/errors.ts';
import type { Outcome, Participant } from '../domain/words.ts';
import type { Ask } from '../plan/batches.ts';
import type { Answer } from './api/client.ts';
import { oneLine } from './api/scrub.ts';
import type { AskOutcome, AskResult } from './classify/classifier.ts';
import { whatAnswered } from './classify/refusal.ts';
import { accountStop, redirectStop } from './classify/stops.ts';
import type { Groups } from './groups/groups.ts';
import type { Doubt } from './groups/reconciler.ts';
import { SecondLook } from './groups/second-look.ts';
import type { Guard } from './guard.ts';
import type { CappedLedger } from './phones/daily-cap.ts';
import type { PhoneWatch } from './phones/phone-watch.ts';
import type { Log, Settlement } from './ports.ts';
import type { RunControl } from './run-control.ts';
import { pairsOf, type Settler } from './settler.ts';

export interface Sent {
  /** The ask's number in the ledger. */
  readonly id: number;
  /** Fewer than were to be asked where the daily cap left room for no more. */
  readonly people: readonly Participant[];
  readonly answer: Answer;
}

type Result<K extends AskResult['kind']> = Extract<AskResult, { kind: K }>;

interface Parts {
  readonly ledger: Pick<CappedLedger, 'notDone'>;
  readonly settle: Settler;
  readonly guard: Guard;
  readonly groups: Groups;
  readonly phone: PhoneWatch;
  readonly control: RunControl;
  readonly log: Log;
  /** Takes a pair that is left in doubt. */
  readonly doubt: (doubt: Doubt) => void;
  /** Asks for people of a batch that was refused, each alone. */
  readonly attend: (ask: Ask) => Promise<void>;
  /** Takes work that goes on beside the ask. */
  readonly track: (work: Promise<void>) => void;
}

/**
 * What an answered ask comes to: settled, in doubt, asked again, or the end of the run. What an answer means for those
 * who are still to be asked is decided before the ledger is written: other asks do not wait for the disk.
 */
export class Conclusions {
  readonly #parts: Parts;
  readonly #secondLook: SecondLook;
  /** People refused, and no clear answer since that says that it is about them; fewer than the breaker's number. */
  #held: { readonly ask: Ask; readonly sent: Sent; readonly outcome: Outcome }[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#secondLook = new SecondLook(parts.groups);
  }

  /** Settles an answer; gives back those whom WhatsApp throttled, who are to be asked again. */
  async conclude(
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
        control.stop(accountStop('key_rejected', result));
        await this.#parts.ledger.notDone(sent.id);
        break;
      case 'account':
        await this.#account(sent, result);
        break;
      case 'redirected':
        control.stop(redirectStop(result.httpStatus));
        if (result.perhapsDone) this.#inDoubt(ask, sent, sent.people, () => result.message, result);
        else await this.#parts.ledger.notDone(sent.id);
        break;
    }
    return [];
  }

  async #settleOutcomes(ask: Ask, sent: Sent, told: Result<'outcomes'>): Promise<readonly Participant[]> {
    const { guard, settle, ledger } = this.#parts;
    this.#close(ask, told.outcomes);
    const { result, corrected } = await this.#secondLook.at(ask.chatId, told);
    this.#close(ask, result.outcomes);
    const { outcomes, inDoubt, throttled } = result;
    const { sentAt } = sent.answer;
    let clear = false;
    if (inDoubt.length > 0) {
      // What is neither settled nor in doubt was throttled by WhatsApp and is not done. But an ask is not done as a
      // whole or not at all, so beside others in doubt the throttled ones are in doubt too.
      const words = new Map(
        [...inDoubt, ...throttled].map(({ participant, message }) => [participant, message]),
      );
      this.#inDoubt(ask, sent, [...words.keys()], (who) => words.get(who) ?? '', result);
    } else if (throttled.length > 0) {
      guard.throttledByWhatsApp(sentAt);
    } else if (!this.#unexplained(sentAt, outcomes)) {
      guard.clear(sentAt);
      clear = true;
    }
    await settle.each(ask, sent.id, outcomes.map(settlementIn(ask)));
    await settle.correct(corrected);
    if (inDoubt.length > 0) return [];
    if (throttled.length > 0) await ledger.notDone(sent.id);
    else if (clear) await this.#release(sentAt);
    return throttled.map(({ participant }) => participant);
  }

  #close(ask: Ask, outcomes: Result<'outcomes'>['outcomes']): void {
    for (const { effect, outcome } of outcomes) {
      if (effect === undefined) continue;
      this.#parts.groups.close(ask.chatId, { reasonCode: effect, message: outcome.message });
    }
  }

  #inDoubt(
    ask: Ask,
    { answer }: Sent,
    people: readonly Participant[],
    words: (who: Participant) => string,
    { httpStatus, traceId }: { httpStatus: number | undefined; traceId: string },
  ): void {
    for (const pair of pairsOf(ask, people)) {
      this.#parts.doubt({ pair, message: words(pair.participant), httpStatus, traceId });
    }
    const [first] = people;
    this.#parts.log.warn(
      { chat_id: ask.chatId, people: people.length, http_status: httpStatus },
      `in doubt: ${first === undefined ? '' : oneLine(words(first))}`,
    );
    this.#parts.settle.count(people.length, people.length);
    if (!this.#parts.guard.inDoubt(answer.sentAt)) this.#parts.track(look(this.#parts.phone));
  }

  /**
   * Whether nothing explains these failures. That is not a clear answer: it may be the same for everybody, and the
   * breaker counts it.
   */
  #unexplained(sentAt: number, outcomes: Result<'outcomes'>['outcomes']): boolean {
    const { guard, phone } = this.#parts;
    const [first] = outcomes;
    if (first === undefined || outcomes.some(({ outcome }) => outcome.reasonCode !== 'other')) return false;
    if (!guard.unexplained(sentAt, first.outcome.message)) this.#parts.track(look(phone));
    return true;
  }

  /** An ask was answered clearly, so what was refused before it was refused for a reason of its own. */
  async #release(before: number): Promise<void> {
    const due = this.#held.filter(({ sent }) => sent.answer.sentAt <= before);
    this.#held = this.#held.filter((one) => !due.includes(one));
    for (const { ask, sent, outcome } of due) {
      await this.#parts.settle.all(ask, sent.id, sent.people, outcome, 'counted');
    }
  }

  /**
   * The end of the asking: a refusal that stood alone is a failure. When the run was stopped for safety it says nothing
   * about the person, who is asked another time.
   */
  async end(): Promise<void> {
    const { control, ledger } = this.#parts;
    const { exit, code } = control.reason ?? {};
    if (exit !== EXIT.safety || code === 'max_errors') return this.#release(Number.POSITIVE_INFINITY);
    for (const { sent } of this.#held.splice(0)) await ledger.notDone(sent.id);
  }

  /** A batch refused whole did nothing: its people are asked one by one, so that only the bad one fails. */
  async #refused(ask: Ask, sent: Sent, result: Result<'refused'>): Promise<void> {
    const { people } = sent;
    await this.#parts.phone.check();
    if (this.#parts.control.stopped || people.length > 1) {
      await this.#parts.ledger.notDone(sent.id);
      for (const participant of people)
        await this.#parts.attend({ chatId: ask.chatId, participants: [participant] });
      return;
    }
    const { message, httpStatus, traceId } = result;
    const outcome = { status: 'failed', reasonCode: 'bad_request', message, httpStatus, traceId } as const;
    this.#parts.guard.unexplained(sent.answer.sentAt, message);
    if (result.named) await this.#parts.settle.all(ask, sent.id, people, outcome);
    else {
      this.#held.push({ ask, sent, outcome });
      this.#parts.settle.count(people.length, people.length);
    }
  }

  /** A group is closed only while the API still answers other questions; else it is not the group. */
  async #groupClosed(ask: Ask, sent: Sent, result: Result<'group_closed'>): Promise<void> {
    const { groups, control, ledger, settle } = this.#parts;
    const { reasonCode, message, httpStatus, traceId } = result;
    const answers = await this.#parts.phone.check();
    if (control.stopped || !answers) {
      if (sent.answer.kind === 'answer') {
        const said = `${whatAnswered({ ...sent.answer, httpStatus })}, and GET /phones does not answer`;
        control.stop(accountStop('not_the_api', { message: said, httpStatus }));
      }
      await ledger.notDone(sent.id);
      return;
    }
    const known = groups.closure(ask.chatId) !== undefined;
    groups.close(ask.chatId, { reasonCode, message });
    if (!known) this.#parts.guard.groupClosed(sent.answer.sentAt, message);
    const outcome = { status: 'failed', reasonCode, message, httpStatus, traceId } as const;
    await settle.all(ask, sent.id, sent.people, outcome);
  }

  /** The phone's own state is the better reason, where it is one. */
  async #account(sent: Sent, result: Result<'account'>): Promise<void> {
    if (result.reasonCode === 'sender_refused') await this.#parts.phone.check();
    this.#parts.control.stop(accountStop(result.reasonCode, result));
    await this.#parts.ledger.notDone(sent.id);
  }
}

function settlementIn({ chatId }: Ask) {
  return ({ participant, outcome }: AskOutcome): Settlement => ({ pair: { chatId, participant }, outcome });
}

async function look(phone: PhoneWatch): Promise<void> {
  await phone.check();
}
