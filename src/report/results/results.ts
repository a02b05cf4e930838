/** The results CSV: the cohort's own columns as they were, then what happened. Written whole, or not at all. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { OnboardError } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { RESULT_COLUMNS, type ResultColumn, type Row, rowNumber, type Status } from '../../domain/words.ts';
import { openAtomicFile, probeAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/files.ts';
import { safeCell } from './safe-cell.ts';

export interface ResultRow {
  readonly row: Row;
  /** As it was read, and '' where it could not be: an invalid row keeps what is known. */
  readonly chatId: string;
  /** Digits without `+`, or ''. */
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
  /** Content of the row's `row` cell; undefined when it is the line. */
  readonly number?: number;
  /** The cells of former results, which are written in the place of all the above. */
  readonly former?: Readonly<Record<ResultColumn, string>>;
}

export interface ResultsWriter {
  /** Rows in input order. Resolves when there is room for more; one call at a time. */
  write(rows: readonly ResultRow[]): Promise<void>;
  /** The results are complete: from now on they are what `path` holds, whatever happens to the machine. */
  commit(): Promise<void>;
  /** Drops what was written; a results file that was there stays as it was. Allowed after any failure. */
  abort(): Promise<void>;
}

export interface ResultsOptions {
  /** A byte order mark and CRLF, and numbers protected (see safe-cell.ts): for opening with a double click. */
  readonly excel?: boolean;
  /** The ledger that has all that the results will tell, where asks may have gone before. */
  readonly ledger?: string;
}

/** Records as they are, header and all: cells that a results CSV holds already are safe, and are not made safer. */
export interface RecordsWriter extends Pick<ResultsWriter, 'commit' | 'abort'> {
  write(records: readonly (readonly string[])[]): Promise<void>;
}

/**
 * The same file as `openResults` writes, for a results CSV that is read and written again: no cell changes by itself.
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
 * @param columns the cohort's own header. A row with more fields than that loses the surplus here: it is `invalid`, and
 * its `row` says where the whole of it can be read.
 * @throws OnboardError NOT_WRITABLE; the writer's calls reject with RESULTS_FAILED: the ledger has everything, and the
 * same command, run again, writes the results without asking anybody.
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

/** The header as `openResults` writes it, for whoever writes records. */
export function headerCells(columns: readonly string[], { excel = false }: ResultsOptions): string[] {
  return new Format(columns.length, excel).header(columns);
}

/** The cells of a row as `openResults` writes them. @param width number of the cohort's own columns */
export function resultCells(result: ResultRow, width: number, { excel = false }: ResultsOptions): string[] {
  return new Format(width, excel).record(result);
}

/**
 * @param ledger one that knows of asks, and goes with `path`
 * @throws OnboardError NOT_WRITABLE when `path` could not take results now. Leaves no trace.
 */
export async function assertWritable(path: string, ledger?: string): Promise<void> {
  await probeAtomicFile(path).catch((error: unknown) => {
    throw notWritable(path, error, ledger);
  });
}

/** The cohort's header with the names that the results need made free: `_` is put before them until they are unique. */
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

  /** CSV readers take the first line break they see, quoted or not, for the one that ends records: it has to be that. */
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
 * Quoted beyond what CSV asks for. Other programs split at these too: at other delimiters where the locale or the user
 * says so, and at any line break (LibreOffice begins a row, and so may begin a formula, at a bare CR). A space at an edge
 * is easily lost.
 */
const QUOTED = /[;|\p{Cc}\u2028\u2029]|^\s|\s$/u;

function time(epochMs: number | undefined): string {
  return epochMs === undefined ? '' : new Date(epochMs).toISOString();
}

interface Sink {
  write(text: string): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

async function fileSink(path: string, ledger: string | undefined): Promise<Sink> {
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

function streamSink(stream: Writable, ledger: string | undefined): Sink {
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
      // An empty write is done when all before it is.
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

/** Room for more, or an end that `check` finds: a closed pipe never drains. */
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
