import { open } from 'node:fs/promises';
import { OnboardError } from '../../domain/errors.ts';
import { openAtomicFile, probeAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/failure.ts';
import { REPORT_MARK } from '../../report/html/report.ts';

/**
 * A report replaces an older report of ours, or nothing: a mistyped `--report` must not cost a spreadsheet.
 * @throws OnboardError NOT_WRITABLE when the file there is something else, or could not be written.
 */
export function assertReportable(path: string): Promise<void> {
  return assertOurs(path, { flag: '--report', what: 'report', begins: REPORT_MARK });
}

/** A file that a flag asks for: how messages name it, and how every one of ours begins. */
export interface Kind {
  readonly flag: string;
  readonly what: string;
  readonly begins: string;
}

/** @throws OnboardError NOT_WRITABLE when the file there is none of this kind, or could not be written. */
export async function assertOurs(path: string, { flag, what, begins }: Kind): Promise<void> {
  if (!(await isReplaceable(path, begins))) {
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

async function isReplaceable(path: string, begins: string): Promise<boolean> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch {
    return true; // nothing there, or nothing to be read: whether it can be written is asked elsewhere
  }
  try {
    if (!(await file.stat()).isFile()) return true;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(begins.length), 0, begins.length, 0);
    return bytesRead === 0 || buffer.toString('utf8', 0, bytesRead) === begins;
  } finally {
    await file.close();
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
