import { EXIT } from '../domain/errors.ts';
import type { Outcome, Pair, Participant, Settlement } from '../domain/words.ts';
import type { Ask } from '../plan/batches.ts';
import type { Answer } from './api/answer.ts';
import type { ErrorBudget } from './circuit-breaker.ts';
import type { AskOutcome } from './classify/classifier.ts';
import type { AskingEvents, AskLedger } from './ports.ts';
import type { RunControl } from './run-control.ts';

export function pairsOf(ask: Ask, people: readonly Participant[]): Pair[] {
  return people.map((participant) => ({ chatId: ask.chatId, participant }));
}

export interface Sent {
  /** The ask's number in the ledger. */
  readonly id: number;
  /** Fewer than requested if the daily cap left no more room. */
  readonly people: readonly Participant[];
  readonly answer: Answer;
}

interface Parts {
  readonly ledger: AskLedger;
  readonly budget: ErrorBudget;
  readonly control: RunControl;
  readonly events: AskingEvents;
}

/**
 * Refusal without a clear answer since, which would show that it is about the person or the group. Their asks are about
 * as many as the breaker's limit.
 */
interface Held {
  readonly ask: Ask;
  readonly sent: Sent;
  readonly settlements: readonly Settlement[];
  /** The refusal closes the group. */
  readonly closes: boolean;
  /** People of the closed group who were not asked. */
  readonly rest: { readonly people: Participant[]; outcome: Outcome | undefined };
}

/** Writes outcomes to the ledger, emits their events, and counts for `--max-errors`. */
export class Settler {
  readonly #parts: Parts;
  /** Refusals without a clear answer since. */
  #held: Held[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Settles people of a closed group, who were not asked; as late as the refusal that closed it. */
  async closed(ask: Ask, people: readonly Participant[], outcome: Outcome): Promise<void> {
    const held = this.#held.find(({ ask: { chatId }, closes }) => closes && chatId === ask.chatId);
    if (held === undefined) return this.unasked(ask, people, outcome);
    held.rest.people.push(...people);
    held.rest.outcome = outcome;
  }

  /** Settles people who were not asked, all with one outcome. */
  async unasked(ask: Ask, people: readonly Participant[], outcome: Outcome): Promise<void> {
    const settlements = pairsOf(ask, people).map((pair) => ({ pair, outcome }));
    await this.each(ask, undefined, settlements);
  }

  /** Settles the outcomes of an ask. `held`: `release` writes them later. */
  async asked(ask: Ask, sent: Sent, outcomes: readonly AskOutcome[], held: boolean): Promise<void> {
    const { chatId } = ask;
    const settlements = outcomes.map(({ participant, outcome }) => ({
      pair: { chatId, participant },
      outcome,
    }));
    // Counted before the write, which takes time, so that `--max-errors` acts at once.
    this.count(outcomes.length, outcomes.filter(({ outcome }) => outcome.status === 'failed').length);
    const closes = outcomes.some(({ effect }) => effect !== undefined);
    if (held) this.#held.push({ ask, sent, settlements, closes, rest: { people: [], outcome: undefined } });
    else await this.each(ask, sent.id, settlements);
  }

  /** Writes the refusals held from before a clear answer: they had a reason of their own. */
  async release(before: number): Promise<void> {
    const due = this.#held.filter(({ sent }) => sent.answer.sentAt <= before);
    this.#held = this.#held.filter((one) => !due.includes(one));
    for (const { ask, sent, settlements, rest } of due) {
      await this.each(ask, sent.id, settlements);
      if (rest.outcome) await this.unasked(ask, rest.people, rest.outcome);
    }
  }

  /** Drops the refusals held; returns the numbers of their asks. */
  discard(): number[] {
    return this.#held.splice(0).map(({ sent }) => sent.id);
  }

  async each(ask: Ask, id: number | undefined, settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length === 0) return;
    const counts = new Map<Outcome['status'], number>();
    for (const { outcome } of settlements) counts.set(outcome.status, (counts.get(outcome.status) ?? 0) + 1);
    await this.#parts.ledger.settle(id, settlements);
    for (const [status, count] of counts) this.#parts.events.settled(ask.chatId, status, count);
  }

  /** Replaces outcomes written earlier, all of one status. */
  async correct(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length > 0) await this.#parts.ledger.settle(undefined, settlements);
  }

  /** Counts ended rows; `errors` of them failed or in doubt. */
  count(settled: number, errors: number): void {
    if (!this.#parts.budget.settled(settled, errors)) return;
    this.#parts.control.stop({
      exit: EXIT.safety,
      code: 'max_errors',
      message: 'more rows are failed or unknown than --max-errors allows',
    });
  }
}
