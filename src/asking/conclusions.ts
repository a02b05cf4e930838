import type { Participant } from '../domain/words.ts';
import { EXIT } from '../errors.ts';
import type { AskResult } from './classifier.ts';
import type { Answer } from './client.ts';
import type { CappedLedger } from './daily-cap.ts';
import type { Groups } from './groups.ts';
import type { Guard } from './guard.ts';
import { keyRejected, type PhoneWatch } from './phone-watch.ts';
import type { Ask } from './planner.ts';
import type { Log } from './ports.ts';
import type { Doubt } from './reconciler.ts';
import type { RunControl } from './run-control.ts';
import { oneLine } from './scrub.ts';
import { SecondLook } from './second-look.ts';
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

/** What an answered ask comes to: settled, in doubt, asked again, or the end of the run. */
export class Conclusions {
  readonly #parts: Parts;
  readonly #secondLook: SecondLook;

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
        await this.#parts.ledger.notDone(sent.id);
        control.stop(keyRejected());
        break;
      case 'redirected':
        control.stop({
          exit: EXIT.safety,
          code: 'redirected',
          message: `the API answered with a redirect (${result.httpStatus}), which is not followed: check --base-url`,
        });
        if (result.perhapsDone) this.#inDoubt(ask, sent, sent.people, () => result.message, result);
        else await this.#parts.ledger.notDone(sent.id);
        break;
    }
    return [];
  }

  async #settleOutcomes(ask: Ask, sent: Sent, told: Result<'outcomes'>): Promise<readonly Participant[]> {
    const { groups } = this.#parts;
    const result = await this.#secondLook.at(ask.chatId, told);
    await this.#parts.settle.each(
      ask,
      sent.id,
      result.outcomes.map(({ participant, outcome }) => ({
        pair: { chatId: ask.chatId, participant },
        outcome,
      })),
    );
    for (const { effect, outcome } of result.outcomes) {
      if (effect !== undefined) {
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
    if (result.throttled.length > 0) await this.#parts.ledger.notDone(sent.id);
    else this.#parts.guard.clear(sent.answer.sentAt);
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
      this.#parts.doubt({ pair, message: words(pair.participant), httpStatus, traceId });
    }
    const [first] = people;
    this.#parts.log.warn(
      { chat_id: ask.chatId, people: people.length, http_status: httpStatus },
      `in doubt: ${first === undefined ? '' : oneLine(words(first))}`,
    );
    this.#parts.settle.count(people.length, people.length);
    if (!this.#parts.guard.inDoubt(answer.sentAt)) this.#parts.track(this.#parts.phone.check());
  }

  /** A batch refused whole did nothing: its people are asked one by one, so that only the bad one fails. */
  async #refused(ask: Ask, sent: Sent, result: Result<'refused'>): Promise<void> {
    const { people } = sent;
    if (!(await this.#refusalHolds()) || people.length > 1) {
      await this.#parts.ledger.notDone(sent.id);
      for (const participant of people)
        await this.#parts.attend({ chatId: ask.chatId, participants: [participant] });
      return;
    }
    const { message, httpStatus, traceId } = result;
    const outcome = { status: 'failed', reasonCode: 'bad_request', message, httpStatus, traceId } as const;
    await this.#parts.settle.all(ask, sent.id, people, outcome);
    this.#parts.guard.clear(sent.answer.sentAt);
  }

  async #groupClosed(ask: Ask, sent: Sent, result: Result<'group_closed'>): Promise<void> {
    const { reasonCode, message, httpStatus, traceId } = result;
    if (!(await this.#refusalHolds())) {
      await this.#parts.ledger.notDone(sent.id);
      return;
    }
    this.#parts.groups.close(ask.chatId, { reasonCode, message });
    const outcome = { status: 'failed', reasonCode, message, httpStatus, traceId } as const;
    await this.#parts.settle.all(ask, sent.id, sent.people, outcome);
    this.#parts.guard.clear(sent.answer.sentAt);
  }

  /** What was refused may be the phone, and not the person or the group: whoever is refused then is asked another time. */
  async #refusalHolds(): Promise<boolean> {
    await this.#parts.phone.check();
    return !this.#parts.control.stopped;
  }
}
