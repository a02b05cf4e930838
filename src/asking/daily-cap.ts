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
  #peopleRecording = 0;

  constructor(ledger: AskLedger, sender: string, cap: number | undefined) {
    this.#ledger = ledger;
    this.#sender = sender;
    this.#cap = cap;
  }

  /** True when asking so many more people would pass the cap. */
  async isReached(people: number): Promise<boolean> {
    const cap = this.#cap;
    if (cap === undefined) return false;
    const over = () => this.#ledger.askedInLast(DAY_MS, this.#sender) + this.#peopleRecording + people > cap;
    while (over()) {
      if (this.#recording.size === 0) return true;
      await Promise.race(this.#recording);
    }
    return false;
  }

  /** Resolves with the ask's number once the record is durable. Call right after `isReached` said no. */
  async asked(ask: Ask, people: readonly Participant[]): Promise<number> {
    this.#peopleRecording += people.length;
    const record = this.#ledger.asked(pairsOf(ask, people), this.#sender);
    const recorded = record.finally(() => {
      this.#peopleRecording -= people.length;
      this.#recording.delete(recorded);
    });
    this.#recording.add(recorded);
    return recorded;
  }
}
