import type { ChatId, Pair, Participant } from '../domain/words.ts';

/** One `POST /chats/{chat_id}/add` to be made. */
export interface Ask {
  readonly chatId: ChatId;
  readonly participants: readonly Participant[];
}

/**
 * Gathers pairs into asks of one group each, of up to `batchSize` people. Holds at most `lookAhead` pairs: beyond
 * that the group that has waited longest goes out as it is, so that memory stays bounded whatever the order of rows.
 */
export class Planner {
  readonly #batchSize: number;
  readonly #lookAhead: number;
  /** A Map keeps insertion order: its first entry is the group that has waited longest. */
  readonly #waiting = new Map<ChatId, Participant[]>();
  #held = 0;

  constructor(batchSize: number, lookAhead = batchSize * 20) {
    this.#batchSize = batchSize;
    this.#lookAhead = lookAhead;
  }

  /** Takes one pair; gives back the asks that are now ready. */
  add(pair: Pair): readonly Ask[] {
    const group = this.#waiting.get(pair.chatId);
    if (group) group.push(pair.participant);
    else this.#waiting.set(pair.chatId, [pair.participant]);
    this.#held++;
    if ((group?.length ?? 1) >= this.#batchSize) return [this.#take(pair.chatId)];
    const oldest = this.#waiting.keys().next();
    return this.#held > this.#lookAhead && !oldest.done ? [this.#take(oldest.value)] : [];
  }

  /** The end of the cohort: whatever is still held. */
  flush(): readonly Ask[] {
    return [...this.#waiting.keys()].map((chatId) => this.#take(chatId));
  }

  #take(chatId: ChatId): Ask {
    const participants = this.#waiting.get(chatId) ?? [];
    this.#waiting.delete(chatId);
    this.#held -= participants.length;
    return { chatId, participants };
  }
}
