/** Results CSV: the cohort's own columns unchanged, then the results. Written completely, or not at all. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { OnboardError } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { RESULT_COLUMNS, type ResultColumn, type Row, rowNumber, type Status } from '../../domain/words.ts';
import { type AtomicFile, openAtomicFile, probeAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/files.ts';
import { safeCell } from './safe-cell.ts';

export interface ResultRow {
  readonly row: Row;
  /** Chat id as read; '' if unreadable. An invalid row keeps its known parts. */
  readonly chatId: string;
  /** Number of the person, digits without `+`, or ''. */
  readonly participant: string;
  readonly status: Status;
  readonly reasonCode: ReasonCode | '';
  readonly message: string;
  readonly httpStatus?: number | undefined;
  readonly attempts: number;
  readonly traceId: string;
  /** Epoch ms. */
  readonly askedAt?: number | undefined;
  /** Epoch ms. */
  readonly settledAt?: number | undefined;
  /** Content of the `row` cell; undefined if it is the line. */
  readonly number?: number;
  /** Cells of former results, written instead of all members above. */
  readonly former?: Readonly<Record<ResultColumn, string>>;
}

interface ResultsWriter {
  /** Writes rows, in input order. Resolves when there is room for more; one call at a time. */
  write(rows: readonly ResultRow[]): Promise<void>;
  /** Completes the results: they are then at `path`, durably. */
  commit(): Promise<void>;
  /** Discards the written rows; an existing results file is unchanged. Allowed after any failure. */
  abort(): Promise<void>;
}

interface ResultsOptions {
  /** Writes a byte order mark and CRLF, and protects numbers (see safe-cell.ts), for opening with a double click. */
  readonly excel?: boolean;
  /** Path of the ledger of these results, if asks may have been sent before. */
  readonly ledger?: string;
}

/** Writer of unchanged records, including the header: the cells of a results CSV are already safe. */
export interface RecordsWriter extends Pick<ResultsWriter, 'commit' | 'abort'> {
  write(records: readonly (readonly string[])[]): Promise<void>;
}

/**
 * Opens the same file as `openResults`, for a results CSV that is read and rewritten: cells are not changed.
 * @throws as `openResults`
 */
export async function openRecords(
  target: string | Writable,
  options: ResultsOptions = {},
): Promise<RecordsWriter> {
  const sink =
    typeof target === 'string' ? await fileSink(target, options.ledger) : streamSink(target, options.ledger);
  const format = new Format(0, options.excel ?? false);
  let first = true;
  return {
    async write(records) {
      if (records.length === 0) return;
      await sink.write((first && options.excel ? '\ufeff' : '') + format.text(records));
      first = false;
    },
    commit: () => sink.commit(),
    abort: () => sink.abort(),
  };
}

/**
 * @param target a path, or a stream (stdout), which is written to but never ended.
 * @param columns the cohort's own header. A row with more fields loses the surplus: it is `invalid`, and its `row`
 * tells where to find all of it.
 * @throws OnboardError NOT_WRITABLE; the writer's calls reject with RESULTS_FAILED: the ledger has everything, and the
 * same command, run again, writes the results without any ask.
 */
export async function openResults(
  target: string | Writable,
  columns: readonly string[],
  options: ResultsOptions = {},
): Promise<ResultsWriter> {
  const records = await openRecords(target, options);
  const format = new Format(columns.length, options.excel ?? false);
  let first = true;
  const header = async () => {
    if (!first) return;
    await records.write([format.header(columns)]);
    first = false;
  };
  return {
    async write(rows) {
      await header();
      await records.write(rows.map((row) => format.record(row)));
    },
    async commit() {
      await header();
      await records.commit();
    },
    abort: () => records.abort(),
  };
}

/** Header as `openResults` writes it, for writers of records. */
export function headerCells(columns: readonly string[], { excel = false }: ResultsOptions): string[] {
  return new Format(columns.length, excel).header(columns);
}

/** Cells of a row as `openResults` writes them. @param width number of the cohort's own columns */
export function resultCells(result: ResultRow, width: number, { excel = false }: ResultsOptions): string[] {
  return new Format(width, excel).record(result);
}

/**
 * @param ledger path of a ledger with asks that belongs to `path`
 * @throws OnboardError NOT_WRITABLE when `path` could not take results now. Leaves no trace.
 */
export async function assertWritable(path: string, ledger?: string): Promise<void> {
  await probeAtomicFile(path).catch((error: unknown) => {
    throw notWritable(path, error, ledger);
  });
}

/** The cohort's header, with `_` before names that the results need, until they are unique. */
export function ownColumns(columns: readonly string[]): string[] {
  const ours = new Set<string>(RESULT_COLUMNS);
  const taken = new Set<string>([...columns, ...RESULT_COLUMNS]);
  return columns.map((name) => {
    if (!ours.has(name)) return name;
    let free = `_${name}`;
    while (taken.has(free)) free = `_${free}`;
    taken.add(free);
    return free;
  });
}

class Format {
  readonly #width: number;
  readonly #excel: boolean;
  readonly #lineBreak: string;

  constructor(width: number, excel: boolean) {
    this.#width = width;
    this.#excel = excel;
    this.#lineBreak = excel ? '\r\n' : '\n';
  }

  safe(text: string): string {
    return safeCell(text, { excel: this.#excel });
  }

  /** Name with the line break that ends records: CSV readers take the first one, quoted or not, as the separator. */
  name(text: string): string {
    return this.safe(text.replace(/\r\n|\r|\n/g, this.#lineBreak));
  }

  header(columns: readonly string[]): string[] {
    return [...ownColumns(columns), ...RESULT_COLUMNS].map((name) => this.name(name));
  }

  record(result: ResultRow): string[] {
    const cells: string[] = [];
    for (let i = 0; i < this.#width; i++) cells.push(this.safe(result.row.fields[i] ?? ''));
    const { former } = result;
    if (former) return [...cells, ...RESULT_COLUMNS.map((name) => this.safe(former[name]))];
    cells.push(
      String(result.number ?? rowNumber(result.row)),
      this.safe(result.chatId),
      this.safe(result.participant),
      result.status,
      result.reasonCode,
      this.safe(result.message),
      result.httpStatus === undefined ? '' : String(result.httpStatus),
      String(result.attempts),
      this.safe(result.traceId),
      time(result.askedAt),
      time(result.settledAt),
    );
    return cells;
  }

  text(records: readonly (readonly string[])[]): string {
    return stringify(records as string[][], { record_delimiter: this.#lineBreak, quoted_match: QUOTED });
  }
}

/**
 * Pattern of cells that are quoted although CSV does not require it, because other programs split at other delimiters
 * (by locale or user) and at any line break (LibreOffice begins a row, and so perhaps a formula, at a bare CR), or lose
 * a space at an edge.
 */
const QUOTED = /[;|\p{Cc}\u2028\u2029]|^\s|\s$/u;

function time(epochMs: number | undefined): string {
  return epochMs === undefined ? '' : new Date(epochMs).toISOString();
}

async function fileSink(path: string, ledger: string | undefined): Promise<AtomicFile> {
  const file = await openAtomicFile(path).catch((error: unknown) => {
    throw ledger === undefined ? notWritable(path, error) : failed(path, error, ledger);
  });
  const guarded = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      throw failed(path, error, ledger);
    });
  return {
    write: (text) => guarded(file.write(text)),
    commit: () => guarded(file.commit()),
    abort: () => guarded(file.abort()),
  };
}

function streamSink(stream: Writable, ledger: string | undefined): AtomicFile {
  let failure: unknown;
  const onError = (error: unknown) => {
    failure ??= error;
  };
  stream.on('error', onError);
  const check = () => {
    if (failure !== undefined) throw failed('the standard output', failure, ledger);
  };
  return {
    async write(text) {
      check();
      if (stream.destroyed) onError(Object.assign(new Error('closed'), { code: 'EPIPE' }));
      else if (!stream.write(text)) await drained(stream);
      check();
    },
    async commit() {
      // An empty write completes after all writes before it.
      await new Promise<void>((done) =>
        stream.write('', (error) => done(error ? onError(error) : undefined)),
      );
      stream.off('error', onError);
      check();
    },
    async abort() {
      stream.off('error', onError);
    },
  };
}

/** Waits for room, or for the stream's end (found by `check`), because a closed pipe never drains. */
async function drained(stream: Writable): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(
    () => undefined,
  );
  settled.abort();
}

function notWritable(path: string, cause: unknown, ledger?: string): OnboardError {
  const todo =
    ledger === undefined
      ? 'put that right, or give another --output'
      : `put that right, and run the same command again: it goes on with ${ledger}`;
  const message = `${path}: the results cannot be written there: ${describeFailure(cause)}; ${todo}`;
  return new OnboardError('NOT_WRITABLE', message, { cause });
}

function failed(path: string, cause: unknown, ledger: string | undefined): OnboardError {
  const kept = ledger === undefined ? '' : `, ${ledger} has all that was done`;
  const message = `${path}: the results could not be written: ${describeFailure(cause)}; nothing is lost${kept}: put that right and run the same command again, which asks nobody twice`;
  return new OnboardError('RESULTS_FAILED', message, { cause });
}
