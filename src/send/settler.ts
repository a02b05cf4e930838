import { EXIT } from '../domain/errors.ts';
import type { Outcome, Pair, Participant } from '../domain/words.ts';
import type { Ask } from '../plan/batches.ts';
import type { ErrorBudget } from './error-budget.ts';
import type { AskingEvents, AskLedger, Settlement } from './ports.ts';
import type { RunControl } from './run-control.ts';

export function pairsOf(ask: Ask, people: readonly Participant[]): Pair[] {
  return people.map((participant) => ({ chatId: ask.chatId, participant }));
}

interface Parts {
  readonly ledger: AskLedger;
  readonly budget: ErrorBudget;
  readonly control: RunControl;
  readonly events: AskingEvents;
}

/** Writes outcomes to the ledger, tells whoever shows them, and keeps count for `--max-errors`. */
export class Settler {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** One outcome for several people. Without an ask number: nobody was asked for it. */
  async all(
    ask: Ask,
    id: number | undefined,
    people: readonly Participant[],
    outcome: Outcome,
    already?: 'counted',
  ): Promise<void> {
    await this.each(
      ask,
      id,
      pairsOf(ask, people).map((pair) => ({ pair, outcome })),
      already,
    );
  }

  async each(
    ask: Ask,
    id: number | undefined,
    settlements: readonly Settlement[],
    already?: 'counted',
  ): Promise<void> {
    if (settlements.length === 0) return;
    const counts = new Map<Outcome['status'], number>();
    for (const { outcome } of settlements) counts.set(outcome.status, (counts.get(outcome.status) ?? 0) + 1);
    // Before the writing, which takes time: what is too much for `--max-errors` is too much at once.
    if (id !== undefined && !already) this.count(settlements.length, counts.get('failed') ?? 0);
    await this.#parts.ledger.settle(id, settlements);
    for (const [status, count] of counts) this.#parts.events.settled(ask.chatId, status, count);
  }

  /** Outcomes, of the same status, in the place of those that were written before. */
  async correct(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length > 0) await this.#parts.ledger.settle(undefined, settlements);
  }

  /** So many people's asks have ended, so many of them failed or in doubt. */
  count(settled: number, errors: number): void {
    if (!this.#parts.budget.settled(settled, errors)) return;
    this.#parts.control.stop({
      exit: EXIT.safety,
      code: 'max_errors',
      message: 'more rows are failed or unknown than --max-errors allows',
    });
  }
}
