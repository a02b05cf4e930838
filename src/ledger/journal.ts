/**
 * The one writer of the ledger's file: appends records and makes them durable, many at a time.
 *
 * While one batch is being written and fsynced, whatever arrives waits, and is the next batch: N asks in flight cost one
 * fsync, not N. A record takes effect (`onDurable`) only once it cannot be lost any more.
 */
import type { FileHandle } from 'node:fs/promises';
import { writeFully } from '../files/durable.ts';
import { encode, type LedgerRecord } from './format.ts';

/**
 * A batch that follows another at once waits so long for company, ms: under load, one fsync then serves several times as
 * many asks, for half the CPU. After a batch of many calls it waits longer, as each then waits for a smaller part of its
 * time; where few are in flight it does not, nor where the calls have many records each (asks of 25 people): there the
 * cost of an fsync is lost in that of the records, and waiting leaves the CPU idle. A record that comes alone is written
 * at once.
 */
const GATHER_MS = 2;
const GATHER_MANY_MS = 8;
const MANY = 8;
const MANY_RECORDS = 200;
const BUSY_MS = 10;

/** A record as the caller knows it: its place in the file is the journal's to give. */
export type Draft<R extends LedgerRecord = LedgerRecord> = R extends LedgerRecord ? Omit<R, 'n'> : never;

/** The members in the order of format.ts. Written out: a spread of each costs as much as encoding it. */
function numbered(n: number, draft: Draft): LedgerRecord {
  switch (draft.is) {
    case 'asked': {
      const { is, at, from, chat, who } = draft;
      return { n, is, at, from, chat, who };
    }
    case 'not_done':
      return { n, is: draft.is, at: draft.at, ask: draft.ask };
    case 'outcome': {
      const { is, at, ask, asked, chat, who, status, reason, http, trace, message } = draft;
      return { n, is, at, ask, asked, chat, who, status, reason, http, trace, message };
    }
  }
}

interface Waiting {
  readonly drafts: readonly Draft[];
  readonly done: (numbers: readonly number[]) => void;
  readonly failed: (error: unknown) => void;
}

export interface JournalOptions {
  readonly file: FileHandle;
  /** Complete lines in the file, and its length in bytes. */
  readonly lines: number;
  readonly length: number;
  readonly durable: boolean;
  /** Rejects when the file may not be written now. Called before every batch. */
  readonly guard: () => Promise<void>;
  readonly onDurable: (record: LedgerRecord, offset: number) => void;
  /** Makes the error that every call from now on gets, from the first thing that went wrong. */
  readonly failure: (cause: unknown) => Error;
}

export class Journal {
  readonly #options: JournalOptions;
  #lines: number;
  #length: number;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #poison: Error | undefined;
  /** When the last batch ended, monotonic ms. */
  #lastEnd = Number.NEGATIVE_INFINITY;
  /** How many calls the last batch served, and with how many records. */
  #lastCalls = 0;
  #lastRecords = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#lines = options.lines;
    this.#length = options.length;
  }

  /** Resolves with the records' numbers, in order, once they are on the disk and have taken effect. */
  append(drafts: readonly Draft[]): Promise<readonly number[]> {
    return new Promise((done, failed) => {
      if (this.#poison !== undefined) return failed(this.#poison);
      this.#waiting.push({ drafts, done, failed });
      this.#running ??= this.#run();
    });
  }

  /**
   * From now on nothing is written any more. After a failed write or fsync nobody knows which bytes the disk has (the
   * kernel may drop the pages that failed, and report success to the next fsync), so there is no second try.
   */
  poison(cause: unknown): void {
    this.#poison ??= this.#options.failure(cause);
  }

  /** Every later call rejects with this: an orderly end, after `idle`. */
  end(reason: Error): void {
    this.#poison ??= reason;
  }

  /** Waits for the batches under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Calls made in the same turn of the event loop belong to the same batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (performance.now() - this.#lastEnd < BUSY_MS) {
        const patient = this.#lastCalls >= MANY && this.#lastRecords < MANY_RECORDS;
        await new Promise((resolve) => setTimeout(resolve, patient ? GATHER_MANY_MS : GATHER_MS));
      }
      const batch = this.#waiting;
      this.#waiting = [];
      this.#lastCalls = batch.length;
      this.#lastRecords = batch.reduce((sum, { drafts }) => sum + drafts.length, 0);
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
    const { file, durable, guard, onDurable } = this.#options;
    const records: LedgerRecord[] = [];
    const offsets: number[] = [];
    let text = '';
    let lines = this.#lines;
    let length = this.#length;
    for (const { drafts } of batch) {
      for (const draft of drafts) {
        const record = numbered(++lines, draft);
        const line = encode(record);
        records.push(record);
        offsets.push(length);
        text += line;
        length += Buffer.byteLength(line);
      }
    }

    await guard();
    if (this.#poison !== undefined) throw this.#poison;
    await writeFully(file, Buffer.from(text));
    if (durable) await file.datasync();
    // The lock may have been lost meanwhile: then an ask must not follow.
    if (this.#poison !== undefined) throw this.#poison;

    this.#lines = lines;
    this.#length = length;
    for (const [place, record] of records.entries()) onDurable(record, offsets[place] as number);
    let next = 0;
    for (const one of batch) {
      const numbers = records.slice(next, next + one.drafts.length).map(({ n }) => n);
      next += one.drafts.length;
      one.done(numbers);
    }
  }
}
