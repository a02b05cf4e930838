import type { Participant } from '../domain/words.ts';
import type { Ask } from './planner.ts';
import type { AskLedger } from './ports.ts';
import { pairsOf } from './settler.ts';

const DAY_MS = 86_400_000;

/**
 * Has the ledger remember asks, within `--daily-cap`: participants asked by this sender in any 24 h, across runs. The
 * ledger counts an ask once it is durable, so those on their way there are waited for when it is close: the cap is
 * neither passed nor left unused.
 */
export class CappedLedger {
  readonly #ledger: AskLedger;
  readonly #sender: string;
  readonly #cap: number | undefined;
  readonly #recording = new Set<Promise<unknown>>();
  /** People granted whom the ledger may not count yet. */
  #reserved = 0;

  constructor(ledger: AskLedger, sender: string, cap: number | undefined) {
    this.#ledger = ledger;
    this.#sender = sender;
    this.#cap = cap;
  }

  /**
   * How many of so many people may be asked now: fewer when the cap is near, none when it is reached. They are set aside
   * at once, so that no other ask takes the same room; `asked` for just so many must follow.
   */
  async reserve(people: number): Promise<number> {
    const cap = this.#cap ?? Number.POSITIVE_INFINITY;
    const room = () => cap - this.#ledger.askedInLast(DAY_MS, this.#sender) - this.#reserved;
    while (room() < people && this.#recording.size > 0) await Promise.race(this.#recording);
    const granted = Math.min(people, Math.max(0, room()));
    this.#reserved += granted;
    return granted;
  }

  /** Resolves with the ask's number once the record is durable. */
  async asked(ask: Ask, people: readonly Participant[]): Promise<number> {
    const record = this.#ledger.asked(pairsOf(ask, people), this.#sender);
    const recorded = record.finally(() => {
      this.#reserved -= people.length;
      this.#recording.delete(recorded);
    });
    this.#recording.add(recorded);
    return recorded;
  }
}
