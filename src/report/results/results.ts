/**
 * Results CSV: the cohort's own columns unchanged, then the results, in cells that no spreadsheet takes for a formula.
 * Written completely, or not at all.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { OnboardError } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { RESULT_COLUMNS, type ResultCells, type Row, rowNumber, type Status } from '../../domain/words.ts';
import { type AtomicFile, openAtomicFile, probeAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/files.ts';

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
  readonly former?: ResultCells;
}

interface WriterOf<Item> {
  /** Writes items, in input order. Resolves when there is room for more; one call at a time. */
  write(items: readonly Item[]): Promise<void>;
  /** Completes the results: they are then at `path`, durably. */
  commit(): Promise<void>;
  /** Discards the written rows; an existing results file is unchanged. Allowed after any failure, and after `commit`. */
  abort(): Promise<void>;
}
/** Writer of unchanged records, including the header: the cells of a results CSV are already safe. */
export type RecordsWriter = WriterOf<readonly string[]>;

interface ResultsOptions {
  /**
   * Writes a byte order mark and CRLF, and protects long numbers, leading zeros and `+`, for opening with a double
   * click. Default false.
   */
  readonly excel?: boolean;
  /** Path of the ledger of these results, if asks may have been sent before. */
  readonly ledger?: string;
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
  const { excel = false } = options;
  const format = { record_delimiter: lineBreakOf(excel), quoted_match: QUOTED };
  let mark = excel ? '\ufeff' : '';
  return {
    async write(records) {
      if (records.length === 0) return;
      await sink.write(mark + stringify(records as string[][], format));
      mark = '';
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
): Promise<WriterOf<ResultRow>> {
  const records = await openRecords(target, options);
  let head = [headerCells(columns, options)];
  const write = (rows: readonly ResultRow[]) => {
    const lines = [...head, ...rows.map((row) => resultCells(row, columns.length, options))];
    head = [];
    return records.write(lines);
  };
  return { ...records, write, commit: () => write([]).then(() => records.commit()) };
}

/** Header of results. A line break in a name is the one that ends records, because CSV readers split at the first. */
export function headerCells(columns: readonly string[], { excel = false }: ResultsOptions): string[] {
  const lineBreak = lineBreakOf(excel);
  return [...ownColumns(columns), ...RESULT_COLUMNS].map((name) =>
    safeCell(name.replace(/\r\n|\r|\n/g, lineBreak), { excel }),
  );
}

/** Cells of a row of results. @param width number of the cohort's own columns */
export function resultCells(result: ResultRow, width: number, { excel = false }: ResultsOptions): string[] {
  const safe = (text: string) => safeCell(text, { excel });
  const { row, former } = result;
  const own = Array.from({ length: width }, (_, at) => safe(row.fields[at] ?? ''));
  if (former) return [...own, ...RESULT_COLUMNS.map((name) => safe(former[name]))];
  return [
    ...own,
    String(result.number ?? rowNumber(row)),
    safe(result.chatId),
    safe(result.participant),
    result.status,
    result.reasonCode,
    safe(result.message),
    result.httpStatus === undefined ? '' : String(result.httpStatus),
    String(result.attempts),
    safe(result.traceId),
    time(result.askedAt),
    time(result.settledAt),
  ];
}

function lineBreakOf(excel: boolean): string {
  return excel ? '\r\n' : '\n';
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
      if (!stream.destroyed && !stream.write(text)) await drained(stream);
      if (stream.destroyed) onError(Object.assign(new Error('closed'), { code: 'EPIPE' }));
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

/**
 * Cells that a spreadsheet does not take for a formula. A cell is dangerous if, after spaces, quotes and invisible
 * characters, it begins with `=`, `+`, `-`, `@` or a full-width form of these, or if it begins with a control character
 * (tab, CR, LF, NUL …). It then gets one `'` in front, which spreadsheets show or drop, and never execute.
 *
 * A number of a sign, digits and spaces (`-5`, `+91 98745 32456`) is not a formula, and stays unchanged, because a
 * phone column has to be readable again. One with a second operator (`+91-98745-32456`, `-1+2`) is arithmetic, and is
 * changed.
 *
 * Nothing is lost: `plainCell(safeCell(text)) === text` for every text. Source: OWASP, CSV Injection; ASVS 1.2.10.
 */

const DANGEROUS =
  /^(?:['"]*\p{Cc}|[\s\u0085\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"'`‘’“”«»＂＇]*[=+\-@＝＋－＠﹢﹣﹦﹫−])/u;
const SIGNED_NUMBER = /^[+-]\d[\d ]*(?:[.,]\d+)?$/;

/**
 * Pattern of cells that Excel would change into another number, in scientific notation or without zeros, for a file
 * opened with a double click (`--excel`). Leading `'` are skipped, so that the rule can be undone.
 */
const EXCEL_WOULD_CHANGE =
  /^'*(?:[+-]?0\d[\d ]*|[+-]?\d{12,}(?:[.,]\d+)?|\+[\d ]*|\d+(?:[.,]\d+)?[eE][+-]?\d+)$/;

type SafeCellOptions = Pick<ResultsOptions, 'excel'>;

export function safeCell(text: string, options: SafeCellOptions = {}): string {
  return isDangerous(text, options) ? `'${text}` : text;
}

/** Undoes `safeCell` with the same options. */
export function plainCell(text: string, options: SafeCellOptions = {}): string {
  if (!text.startsWith("'")) return text;
  const rest = text.slice(1);
  return isDangerous(rest, options) ? rest : text;
}

/** Cell of a results CSV, or of a list made from one, without the prefix of `safeCell`, whichever options it had. */
export function bareCell(text: string): string {
  return plainCell(text, { excel: true });
}

function isDangerous(text: string, { excel = false }: SafeCellOptions): boolean {
  if (excel && EXCEL_WOULD_CHANGE.test(text)) return true;
  return DANGEROUS.test(text) && !SIGNED_NUMBER.test(text);
}
