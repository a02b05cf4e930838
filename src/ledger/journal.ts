/**
 * The only writer of the ledger's file: appends records and makes them durable in batches.
 *
 * Records that arrive while one batch is written and fsynced form the next batch: N asks in flight cost one fsync, not
 * N. A record takes effect (`onDurable`) only once it is durable.
 */
import type { Participant } from '../domain/words.ts';
import {
  type AskedRecord,
  encode,
  type LedgerRecord,
  type LikeOutcome,
  MOST_WRITE_BYTES,
  type NotDoneRecord,
  type OutcomeEntry,
} from './format.ts';

/**
 * Wait for more records before a batch that closely follows another, ms: under load, one fsync then serves several
 * times as many asks, for half the CPU. A single record is written at once.
 */
const GATHER_MS = 2;
const BUSY_MS = 10;
/** Bytes of a line without free text, and of a participant or a line with `as`. */
const LINE_BYTES = 300;
const BRIEF_BYTES = 90;

interface Waiting {
  readonly drafts: readonly Draft[];
  readonly done: (numbers: readonly number[]) => void;
  readonly failed: (error: unknown) => void;
}

/** Number of calls, from the first, that fit into one write; at least one. */
function fitting(calls: readonly Waiting[]): number {
  let bytes = 0;
  const over = calls.findIndex(({ drafts }, place) => {
    bytes += drafts.reduce((sum, draft) => sum + mostBytesOf(draft), 0);
    return place > 0 && bytes > MOST_WRITE_BYTES;
  });
  return over === -1 ? calls.length : over;
}

/** Upper bound of the bytes of the draft's lines, for plain text. */
function mostBytesOf(draft: Draft): number {
  if (draft.is === 'not_done') return LINE_BYTES;
  const text = draft.is === 'outcome' ? draft.message.length + draft.trace.length : 0;
  return LINE_BYTES + text + draft.who.length * BRIEF_BYTES;
}

export interface JournalOptions {
  /** Appends durably, or rejects without effect, also if `confirm` rejects. */
  readonly file: { append(bytes: Buffer, confirm: () => Promise<void>): Promise<void> };
  readonly end: End;
  /** Whether an outcome may refer to another by `as`: not in a ledger of version 1. */
  readonly brief: boolean;
  /** Rejects if the lock is lost. Called before and after every batch, because the process may have been suspended. */
  readonly held: () => Promise<void>;
  readonly onDurable: (record: LedgerRecord, offset: number) => void;
  /** Makes the error that every later call gets, from the first failure. */
  readonly failure: (cause: unknown) => Error;
}

export class Journal {
  readonly #options: JournalOptions;
  #end: End;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #poison: Error | undefined;
  /** End of the last batch, monotonic ms. */
  #lastEnd = Number.NEGATIVE_INFINITY;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#end = options.end;
  }

  /** Resolves with the records' numbers, in order, once they are durable and have taken effect. */
  append(drafts: readonly Draft[]): Promise<readonly number[]> {
    return new Promise((done, failed) => {
      if (this.#poison !== undefined) return failed(this.#poison);
      this.#waiting.push({ drafts, done, failed });
      this.#running ??= this.#run();
    });
  }

  /**
   * Ends all writing, without a second try, because after a failed write or fsync the disk's content is unknown (the
   * kernel may drop the failed pages, and report success to the next fsync).
   */
  poison(cause: unknown): void {
    this.#poison ??= this.#options.failure(cause);
  }

  /** Ends in good order, after `idle`: every later call rejects with `reason`. */
  end(reason: Error): void {
    this.#poison ??= reason;
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Calls made in the same turn of the event loop belong to the same batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (performance.now() - this.#lastEnd < BUSY_MS) {
        await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      }
      const batch = this.#waiting.splice(0, fitting(this.#waiting));
      try {
        await this.#write(batch);
      } catch (error) {
        this.poison(error);
        for (const one of [...batch, ...this.#waiting]) one.failed(this.#poison);
        this.#waiting = [];
      }
      this.#lastEnd = performance.now();
    }
    this.#running = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { file, held, onDurable, brief } = this.#options;
    let end = this.#end;
    const calls = batch.map(({ drafts, done }) => {
      const { records, offsets, text, end: next } = composed(drafts, end, brief);
      end = next;
      return { records, offsets, text, done };
    });
    const mayWrite = async () => {
      await held();
      if (this.#poison !== undefined) throw this.#poison;
    };
    await mayWrite();
    // The lock may be lost during the write: then an ask must not follow.
    await file.append(Buffer.from(calls.map(({ text }) => text).join('')), mayWrite);

    this.#end = end;
    for (const { records, offsets } of calls)
      for (const [place, record] of records.entries()) onDurable(record, offsets[place] as number);
    for (const { records, done } of calls) done(records.map(({ n }) => n));
  }
}

/** One outcome of one or more people of a group. */
export interface OutcomesDraft extends Omit<OutcomeEntry, 'n' | 'who'> {
  readonly who: readonly Participant[];
}

/** A record before it has a place in the file. */
export type Draft = Omit<AskedRecord, 'n'> | Omit<NotDoneRecord, 'n'> | OutcomesDraft;

/** End of the file: number of complete lines, and length in bytes. */
interface End {
  readonly lines: number;
  readonly length: number;
}

/** @param brief whether an outcome may refer to another by `as` (not in a ledger of version 1) */
function composed(drafts: readonly Draft[], { lines, length }: End, brief: boolean) {
  const records: LedgerRecord[] = [];
  /** Byte offset of the line with each record's full text: its own, or that of the outcome it refers to by `as`. */
  const offsets: number[] = [];
  let text = '';
  let end = { lines, length };
  const add = (record: LedgerRecord, offset: number, written: LedgerRecord | LikeOutcome) => {
    records.push(record);
    offsets.push(offset);
    const line = encode(written);
    text += line;
    end = { lines: record.n, length: end.length + Buffer.byteLength(line) };
  };
  for (const draft of drafts) {
    if (draft.is !== 'outcome') {
      const record = { n: end.lines + 1, ...draft };
      add(record, end.length, record);
      continue;
    }
    let first: { readonly n: number; readonly offset: number } | undefined;
    for (const who of draft.who) {
      const record = { n: end.lines + 1, ...draft, who };
      const { n, is } = record;
      if (first === undefined || !brief) first = { n, offset: end.length };
      add(record, first.offset, first.n === n ? record : { n, is, as: first.n, who });
    }
  }
  return { records, offsets, text, end };
}
