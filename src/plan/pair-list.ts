import { type Pair, type Participant, type Sender, STATUSES, type Status } from '../domain/words.ts';
import { grown, PairIndex } from '../lib/pair-index.ts';

/** A pair, and what its first row says besides. */
export interface Listed {
  readonly pair: Pair;
  /** The phone that its first row goes through; undefined: the run's own. */
  readonly sender: Sender | undefined;
  /** What a former results CSV says of it. */
  readonly previous: Status | undefined;
}

/**
 * The different pairs of a cohort in the order of their first rows, as they were surveyed: who is asked is who was
 * counted and agreed to, whatever becomes of the file meanwhile, and nothing is read again for it. About 30 bytes a pair.
 */
export class PairList {
  /** The number of a pair is its participant: 15 digits at most, which a double holds. */
  readonly #index = new PairIndex();
  /** Entry → place in `#names` + 1; 0: the run's own phone. Nothing as long as no row names one. */
  #senders = new Uint32Array(0);
  readonly #names: Sender[] = [];
  readonly #places = new Map<Sender, number>();
  /** Entry → place in STATUSES + 1; 0: none. Nothing as long as there are no former results. */
  #previous = new Uint8Array(0);

  get size(): number {
    return this.#index.size;
  }

  /** Takes the pair in. False, and nothing done, when it is there: a variant of a participant is the same person. */
  add(pair: Pair, sender: Sender | undefined, previous: Status | undefined): boolean {
    const entry = this.#index.size;
    if (!this.#index.add(pair)) return false;
    this.#index.setAt(entry, Number(pair.participant));
    if (sender !== undefined) {
      this.#senders = grown(this.#senders, entry + 1);
      this.#senders[entry] = this.#placeOf(sender);
    }
    if (previous !== undefined) {
      this.#previous = grown(this.#previous, entry + 1);
      this.#previous[entry] = STATUSES.indexOf(previous) + 1;
    }
    return true;
  }

  /** The pair as it is listed; undefined: it is not. */
  find(pair: Pair): Listed | undefined {
    const entry = this.#index.find(pair);
    return entry === -1 ? undefined : this.#at(entry);
  }

  *[Symbol.iterator](): Generator<Listed, void, undefined> {
    for (let entry = 0; entry < this.size; entry++) yield this.#at(entry);
  }

  #at(entry: number): Listed {
    const chatId = this.#index.chatAt(entry);
    const participant = String(this.#index.valueAt(entry)) as Participant;
    return {
      pair: { chatId, participant },
      sender: this.#names[(this.#senders[entry] ?? 0) - 1],
      previous: STATUSES[(this.#previous[entry] ?? 0) - 1],
    };
  }

  #placeOf(sender: Sender): number {
    let place = this.#places.get(sender);
    if (place === undefined) {
      place = this.#names.push(sender);
      this.#places.set(sender, place);
    }
    return place;
  }
}

/** Remembers in which row each pair came first; gives that row's number back for every later row of the same pair. */
export function firstRows(): (pair: Pair, number: number) => number {
  const index = new PairIndex();
  return (pair, number) => {
    const before = index.size;
    const entry = index.insert(pair);
    if (entry === before) index.setAt(entry, number);
    return index.valueAt(entry);
  };
}
