import { open, stat } from 'node:fs/promises';
import { OnboardError } from '../../domain/errors.ts';
import { RESULT_COLUMNS } from '../../domain/words.ts';
import { openAtomicFile, probeAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/files.ts';
import { REPORT_MARK } from '../../report/html/page.ts';
import { TO_DO_BEGINS } from '../../report/results/to-do.ts';

/** Longest header that is looked at, bytes. */
const HEADER_BYTES = 65_536;
const OURS = RESULT_COLUMNS.join(',');

/**
 * Results replace an older results CSV of ours, or nothing: a mistyped `--output` must not cost a spreadsheet.
 * @param ledger of this output, where it knows of asks
 * @throws OnboardError NOT_WRITABLE when the file there is something else.
 */
export async function assertReplaceable(path: string, ledger?: string): Promise<void> {
  if (path === '-') return;
  const begins = await beginningOf(path, HEADER_BYTES);
  const [header = ''] = begins.toString('utf8').split(/\r?\n/, 1);
  const isOurs = header.endsWith(OURS) || begins.includes(`${OURS}\n`) || begins.includes(`${OURS}\r\n`);
  if (begins.length === 0 || isOurs) return;
  const todo =
    ledger === undefined
      ? 'give --output another file'
      : `it was changed, or is something else: move it away, and run the same command again, which goes on with ${ledger}`;
  throw new OnboardError('NOT_WRITABLE', `${path} exists but is not a group-onboard results CSV: ${todo}`);
}

/**
 * A report replaces an older report of ours, or nothing: a mistyped `--report` must not cost a spreadsheet.
 * @throws OnboardError NOT_WRITABLE when the file there is something else, or could not be written.
 */
export function assertReportable(path: string): Promise<void> {
  return assertOurs(path, { flag: '--report', what: 'report', begins: REPORT_MARK });
}

/** The same of the to-do list. @throws as `assertReportable` */
export function assertToDo(path: string): Promise<void> {
  return assertOurs(path, { flag: '--to-do', what: 'to-do list', begins: TO_DO_BEGINS });
}

/** A file that a flag asks for: how messages name it, and how every one of ours begins. */
export interface Kind {
  readonly flag: string;
  readonly what: string;
  readonly begins: string;
}

/** A byte order mark, with which files for Excel begin. */
const MARK_BYTES = 3;

/** @throws OnboardError NOT_WRITABLE when the file there is none of this kind, or could not be written. */
export async function assertOurs(path: string, { flag, what, begins }: Kind): Promise<void> {
  const found = await beginningOf(path, MARK_BYTES + begins.length);
  if (
    found.length > 0 &&
    !found
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .startsWith(begins)
  ) {
    throw new OnboardError(
      'NOT_WRITABLE',
      `${path} exists and is no ${what} of ours: give ${flag} another file`,
    );
  }
  await probeAtomicFile(path).catch((error: unknown) => {
    throw new OnboardError(
      'NOT_WRITABLE',
      `${path}: the ${what} cannot be written there: ${describeFailure(error)}; put that right, or give another ${flag}`,
      { cause: error },
    );
  });
}

/** The first bytes of a file; none of what is absent, unreadable or a device: whether that can be written is asked elsewhere. */
async function beginningOf(path: string, bytes: number): Promise<Buffer> {
  // Looked at before it is opened: to open a pipe may wait for ever.
  if (!(await stat(path).catch(() => undefined))?.isFile()) return Buffer.alloc(0);
  const file = await open(path, 'r').catch(() => undefined);
  try {
    const read = await file?.read(Buffer.alloc(bytes), 0, bytes, 0);
    return read?.buffer.subarray(0, read.bytesRead) ?? Buffer.alloc(0);
  } finally {
    await file?.close();
  }
}

/**
 * Puts the page in place whole, readable by its owner alone.
 * @throws OnboardError RESULTS_FAILED; the results CSV is in place by then, and the report can be made from it.
 */
export async function writePage(path: string, page: Iterable<string>): Promise<void> {
  try {
    const file = await openAtomicFile(path);
    try {
      for (const piece of page) await file.write(piece);
      await file.commit();
    } catch (error) {
      await file.abort();
      throw error;
    }
  } catch (error) {
    throw new OnboardError(
      'RESULTS_FAILED',
      `${path}: the report could not be written: ${describeFailure(error)}; nothing is lost: put that right and make it with group-onboard report`,
      { cause: error },
    );
  }
}
