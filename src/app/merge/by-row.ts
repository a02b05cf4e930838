import type { ResultsFile, ResultsRecord } from '../../cohort/results-file.ts';
import { OnboardError } from '../../domain/errors.ts';
import { rowText } from '../../domain/words.ts';

/** One file in the merge. Holds one batch of its records in memory. */
class Cursor {
  readonly file: ResultsFile;
  readonly #batches: AsyncGenerator<readonly ResultsRecord[], void, undefined>;
  #batch: readonly ResultsRecord[] = [];
  #at = 0;

  constructor(file: ResultsFile) {
    this.file = file;
    this.#batches = file.records();
  }

  get current(): ResultsRecord | undefined {
    return this.#batch[this.#at];
  }

  /** Goes to the next record. Returns a promise only where the file has to be read on, because most steps need none. */
  advance(): Promise<void> | undefined {
    this.#at++;
    return this.#at < this.#batch.length ? undefined : this.refill();
  }

  async refill(): Promise<void> {
    const { value } = await this.#batches.next();
    this.#batch = value ?? [];
    this.#at = 0;
  }

  async close(): Promise<void> {
    await this.#batches.return();
  }
}

export interface FromFile {
  readonly file: ResultsFile;
  readonly record: ResultsRecord;
}

/** Files sorted by their `row`, merged into that order. `current` is the next record, undefined after the last. */
export class ByRow {
  readonly #cursors: Cursor[];
  #next: Cursor | undefined;

  private constructor(cursors: Cursor[]) {
    this.#cursors = cursors;
  }

  /** @throws OnboardError COHORT_UNREADABLE, here and in `advance`: a damaged file, or a row that is in two files. */
  static async open(files: readonly ResultsFile[]): Promise<ByRow> {
    const made = new ByRow(files.map((file) => new Cursor(file)));
    try {
      for (const cursor of made.#cursors) await cursor.refill();
      made.#choose();
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  get current(): FromFile | undefined {
    const record = this.#next?.current;
    return record && { file: (this.#next as Cursor).file, record };
  }

  /** Goes to the next record. Returns a promise only where a file has to be read on. */
  advance(): Promise<void> | undefined {
    const wait = this.#next?.advance();
    if (wait) return wait.then(() => this.#choose());
    this.#choose();
    return undefined;
  }

  async close(): Promise<void> {
    for (const cursor of this.#cursors) await cursor.close();
  }

  #choose(): void {
    let least: Cursor | undefined;
    for (const cursor of this.#cursors) {
      const { current } = cursor;
      if (current === undefined) continue;
      const before = least?.current;
      if (least && before?.row === current.row) throw twice(least, cursor);
      if (before === undefined || current.row < before.row) least = cursor;
    }
    this.#next = least;
  }
}

function twice(one: Cursor, other: Cursor): OnboardError {
  const [a, b] = [one, other].map(({ file, current }) => `${file.path} ${current && rowText(current)}`);
  return new OnboardError(
    'COHORT_UNREADABLE',
    `row ${one.current?.row} of the cohort is in ${a} and in ${b}: a row is in one shard; give the files of one cohort, run in one number of shards`,
  );
}
