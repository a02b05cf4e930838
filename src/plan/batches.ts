import type { ChatId, Pair, Participant, Sender } from '../domain/words.ts';

/** One `POST /chats/{chat_id}/add` to be made. */
export interface Ask {
  readonly chatId: ChatId;
  readonly participants: readonly Participant[];
  /** The phone it goes through; undefined: the run's own. */
  readonly sender?: Sender | undefined;
}

const NONE: readonly Ask[] = [];

/** An ask that is still being gathered. */
interface Gathering extends Ask {
  readonly participants: Participant[];
}

/**
 * Pairs held at most, while their asks fill up: about a megabyte. A cohort whose rows go round forty groups had its asks
 * of 25 half empty with 500; this fills those of 400 groups.
 */
const LOOK_AHEAD = 10_000;

/**
 * Gathers pairs into asks of one group and one sender each, of up to `batchSize` people. Holds at most `lookAhead`
 * pairs: beyond that the ask that has waited longest goes out as it is, so that memory stays bounded whatever the order
 * of rows.
 */
export class Planner {
  readonly #batchSize: number;
  readonly #lookAhead: number;
  /** A Map keeps insertion order: its first entry is the ask that has waited longest. */
  readonly #waiting = new Map<string, Gathering>();
  #held = 0;

  constructor(batchSize: number, lookAhead = LOOK_AHEAD) {
    this.#batchSize = batchSize;
    this.#lookAhead = lookAhead;
  }

  /** Takes one pair; gives back the asks that are now ready. */
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

  /** The end of the cohort: whatever is still held. */
  flush(): readonly Ask[] {
    return [...this.#waiting].map(([name, ask]) => this.#take(name, ask));
  }

  #take(name: string, ask: Gathering): Ask {
    this.#waiting.delete(name);
    this.#held -= ask.participants.length;
    return ask;
  }
}
