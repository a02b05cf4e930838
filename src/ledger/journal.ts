/**
 * The one writer of the ledger's file: appends records and makes them durable, many at a time.
 *
 * While one batch is being written and fsynced, whatever arrives waits, and is the next batch: N asks in flight cost one
 * fsync, not N. A record takes effect (`onDurable`) only once it cannot be lost any more.
 */
import { Composition, type Draft, type End } from './compose.ts';
import { type LedgerRecord, MOST_WRITE_BYTES } from './format.ts';

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
/** A line without what people and servers have to say, and one of a participant or of an outcome that is as another's. */
const LINE_BYTES = 300;
const BRIEF_BYTES = 90;

interface Waiting {
  readonly drafts: readonly Draft[];
  readonly done: (numbers: readonly number[]) => void;
  readonly failed: (error: unknown) => void;
}

/** How many of the calls, from the first, go into one write: as many as fit, and one at least. */
function fitting(calls: readonly Waiting[]): number {
  let bytes = 0;
  const over = calls.findIndex(({ drafts }, place) => {
    bytes += drafts.reduce((sum, draft) => sum + mostBytesOf(draft), 0);
    return place > 0 && bytes > MOST_WRITE_BYTES;
  });
  return over === -1 ? calls.length : over;
}

/** At least as many bytes as the draft's lines have, as long as its text is plain. */
function mostBytesOf(draft: Draft): number {
  if (draft.is === 'not_done') return LINE_BYTES;
  const text = draft.is === 'outcome' ? draft.message.length + draft.trace.length : 0;
  return LINE_BYTES + text + draft.who.length * BRIEF_BYTES;
}

export interface JournalOptions {
  /** Appends durably, or rejects: then nothing of it counts. `confirm` has the last word. */
  readonly file: { append(bytes: Buffer, confirm: () => Promise<void>): Promise<void> };
  /** Of the file. */
  readonly end: End;
  /** See Composition. */
  readonly brief: boolean;
  /** Rejects when the lock is not ours any more. Called before and after every batch: we may have been suspended meanwhile. */
  readonly held: () => Promise<void>;
  readonly onDurable: (record: LedgerRecord, offset: number) => void;
  /** Makes the error that every call from now on gets, from the first thing that went wrong. */
  readonly failure: (cause: unknown) => Error;
}

export class Journal {
  readonly #options: JournalOptions;
  #end: End;
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
    this.#end = options.end;
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
      const batch = this.#waiting.splice(0, fitting(this.#waiting));
      this.#lastCalls = batch.length;
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
    const composition = new Composition(this.#end, brief);
    const ends: number[] = [];
    for (const { drafts } of batch) {
      for (const draft of drafts) composition.add(draft);
      ends.push(composition.records.length);
    }
    this.#lastRecords = composition.records.length;

    const mayWrite = async () => {
      await held();
      if (this.#poison !== undefined) throw this.#poison;
    };
    await mayWrite();
    // The lock may have been lost meanwhile: then an ask must not follow.
    await file.append(Buffer.from(composition.text), mayWrite);

    this.#end = composition.end;
    const { records, offsets } = composition;
    for (const [place, record] of records.entries()) onDurable(record, offsets[place] as number);
    for (const [place, one] of batch.entries()) {
      one.done(records.slice(ends[place - 1] ?? 0, ends[place]).map(({ n }) => n));
    }
  }
}
