import type { ChatId, Pair, Participant, Sender } from '../domain/words.ts';

/** One `POST /chats/{chat_id}/add` to be made. */
export interface Ask {
  readonly chatId: ChatId;
  readonly participants: readonly Participant[];
  /** Sending phone; undefined: the run's own. */
  readonly sender?: Sender | undefined;
}

const NONE: readonly Ask[] = [];

/** Ask that is not full yet. */
interface Gathering extends Ask {
  readonly participants: Participant[];
}

/**
 * Most pairs held while their asks fill up: about a megabyte. With 500, a cohort whose rows go round forty groups had
 * its asks of 25 half empty; this fills those of 400 groups.
 */
const LOOK_AHEAD = 10_000;

/**
 * Gathers pairs into asks of one group and one sender each, of up to `batchSize` people. Holds at most `lookAhead`
 * pairs; beyond that, the oldest ask is returned as it is, so memory stays bounded for any order of rows.
 */
export class Planner {
  readonly #batchSize: number;
  readonly #lookAhead: number;
  /** A Map keeps insertion order: the first entry is the oldest ask. */
  readonly #waiting = new Map<string, Gathering>();
  #held = 0;

  constructor(batchSize: number, lookAhead = LOOK_AHEAD) {
    this.#batchSize = batchSize;
    this.#lookAhead = lookAhead;
  }

  /** Adds one pair; returns the asks that are now ready. */
  add({ chatId, participant }: Pair, sender?: Sender): readonly Ask[] {
    const name = sender === undefined ? chatId : `${chatId} ${sender}`;
    let ask = this.#waiting.get(name);
    if (ask) ask.participants.push(participant);
    else {
      ask = { chatId, participants: [participant], sender };
      this.#waiting.set(name, ask);
    }
    this.#held++;
    if (ask.participants.length >= this.#batchSize) return [this.#take(name, ask)];
    if (this.#held <= this.#lookAhead) return NONE;
    const oldest = this.#waiting.entries().next();
    return oldest.done ? NONE : [this.#take(...oldest.value)];
  }

  /** Returns the asks still held, at the end of the cohort. */
  flush(): readonly Ask[] {
    return [...this.#waiting].map(([name, ask]) => this.#take(name, ask));
  }

  #take(name: string, ask: Gathering): Ask {
    this.#waiting.delete(name);
    this.#held -= ask.participants.length;
    return ask;
  }
}
