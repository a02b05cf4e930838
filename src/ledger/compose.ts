/** Composes new records: their numbers, their lines, and the offsets of their full text. */
import type { Participant } from '../domain/words.ts';
import {
  type AskedRecord,
  encode,
  type LedgerRecord,
  type LikeOutcome,
  type NotDoneRecord,
  type OutcomeEntry,
} from './format.ts';

/** One outcome of one or more people of a group. */
export interface OutcomesDraft extends Omit<OutcomeEntry, 'n' | 'who'> {
  readonly who: readonly Participant[];
}

/** A record before it has a place in the file. */
export type Draft = Omit<AskedRecord, 'n'> | Omit<NotDoneRecord, 'n'> | OutcomesDraft;

/** End of the file: number of complete lines, and length in bytes. */
export interface End {
  readonly lines: number;
  readonly length: number;
}

export class Composition {
  readonly records: LedgerRecord[] = [];
  /** Byte offset of the line with each record's full text: its own, or that of the outcome it refers to by `as`. */
  readonly offsets: number[] = [];
  text = '';
  #lines: number;
  #length: number;
  readonly #brief: boolean;

  /** @param brief whether an outcome may refer to another by `as` (not in a ledger of version 1) */
  constructor({ lines, length }: End, brief: boolean) {
    this.#lines = lines;
    this.#length = length;
    this.#brief = brief;
  }

  /** End of the file after these records. */
  get end(): End {
    return { lines: this.#lines, length: this.#length };
  }

  add(draft: Draft): void {
    // Members in the order of format.ts, written out because a spread costs as much as encoding.
    const n = this.#lines + 1;
    switch (draft.is) {
      case 'asked': {
        const { is, at, from, chat, who } = draft;
        this.#written({ n, is, at, from, chat, who });
        break;
      }
      case 'not_done':
        this.#written({ n, is: draft.is, at: draft.at, ask: draft.ask });
        break;
      case 'outcome':
        this.#outcomes(draft);
    }
  }

  #outcomes(draft: OutcomesDraft): void {
    let first: { readonly n: number; readonly offset: number } | undefined;
    for (const who of draft.who) {
      const n = this.#lines + 1;
      const { is, at, ask, asked, chat, status, reason, http, trace, message } = draft;
      const record = { n, is, at, ask, asked, chat, who, status, reason, http, trace, message };
      if (first === undefined || !this.#brief) {
        first = { n, offset: this.#length };
        this.#written(record);
        continue;
      }
      this.records.push(record);
      this.offsets.push(first.offset);
      this.#line({ n, is, as: first.n, who });
    }
  }

  #written(record: LedgerRecord): void {
    this.records.push(record);
    this.offsets.push(this.#length);
    this.#line(record);
  }

  #line(record: LedgerRecord | LikeOutcome): void {
    const line = encode(record);
    this.text += line;
    this.#lines++;
    this.#length += Buffer.byteLength(line);
  }
}
