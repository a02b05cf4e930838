/**
 * Copies of inputs that are read more than once: standard input, and the cohort as it was when the run began, because its
 * file may change: an export replaces it, or a person corrects and saves it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Cohort } from '../../cohort/cohort.ts';
import { OnboardError } from '../../domain/errors.ts';
import { settled, temporaryBeside } from '../../lib/atomic-file.ts';
import { describeFailure, errorCode, specialKind } from '../../lib/files.ts';
import { count } from '../../lib/text.ts';
import { type Releases, StoppedBefore } from '../session.ts';

interface KeepOptions {
  readonly beside: string;
  readonly signal: AbortSignal;
  readonly releases: Releases;
  /** Opens a file the way the cohort was opened. */
  readonly open: (path: string) => Promise<Pick<Cohort, 'readings'>>;
}

/**
 * Copies a cohort next to the ledger, readable by its owner only. Plan, asks and results all use this copy, whatever
 * changes in the original.
 * @throws OnboardError COHORT_UNREADABLE, NOT_WRITABLE
 */
export async function keepCohort(path: string, options: KeepOptions) {
  const { beside, signal, releases, open } = options;
  const digest = createHash('sha256');
  const copy = await spool(Readable.from(digested(path, digest)), beside, { signal, what: basename(path) });
  releases.add(copy.remove);
  const before = digest.digest('hex');
  return {
    /** Path of the copy, which the releases remove. */
    path: copy.path,
    /** One line on changes of the file since; undefined: its bytes are the same. @param rows of the copy */
    changed: async (rows: number): Promise<string | undefined> => {
      const now = createHash('sha256');
      try {
        // Reading a pipe in its place would block.
        const kind = specialKind(await stat(path));
        if (kind !== undefined) return told(path, rows, `${kind} is in its place`);
        for await (const _ of digested(path, now));
        if (now.digest('hex') === before) return undefined;
      } catch (error) {
        const why =
          errorCode(error) === 'ENOENT' ? 'is gone' : `cannot be read any more (${errorCode(error)})`;
        return told(path, rows, why);
      }
      return told(path, rows, await rowsNow(() => open(path)));
    },
  };
}

async function* digested(path: string, digest: { update(bytes: Buffer): unknown }): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    digest.update(chunk as Buffer);
    yield chunk as Buffer;
  }
}

/** Number of rows now, or the reason why it is unknown. */
async function rowsNow(open: () => Promise<Pick<Cohort, 'readings'>>): Promise<string> {
  try {
    let [rows, invalid] = [0, 0];
    for await (const batch of (await open()).readings()) {
      rows += batch.length;
      invalid += batch.filter(({ kind }) => kind === 'invalid').length;
    }
    return `has ${count(rows, 'row')} now${invalid > 0 ? `, ${invalid.toLocaleString('en-US')} of them invalid` : ''}`;
  } catch (error) {
    if (error instanceof OnboardError) return `is not a cohort any more (${error.message})`;
    throw error;
  }
}

function told(path: string, rows: number, now: string): string {
  const name = basename(path);
  return `${name} has changed since the run began: it had ${count(rows, 'row')}, and ${now}; the results are of those that it had: look at the file, and run the same command again`;
}

/**
 * Copies standard input into a file, because the cohort is read more than once. The file is readable by its owner only,
 * lies next to the ledger (the one directory that is known to be writable), and is removed with the job.
 */
export async function spool(
  source: Readable,
  beside: string,
  { signal, what = 'standard input' }: { readonly signal?: AbortSignal; readonly what?: string } = {},
): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = temporaryBeside(beside);
  const remove = async () => {
    await rm(path, { force: true });
    settled(path);
  };
  try {
    // Opened before anything flows: a stream that opens it by itself may make it after its pipeline has failed.
    const file = await open(path, 'wx', 0o600);
    try {
      await pipeline(source, file.createWriteStream(), ...(signal ? [{ signal }] : []));
    } finally {
      await file.close();
    }
  } catch (error) {
    await remove();
    if (signal?.aborted) throw new StoppedBefore('the cohort had been read');
    const message = `cannot keep ${what} in ${dirname(path)}: ${describeFailure(error)}; put that right, and run the same command again`;
    throw new OnboardError('NOT_WRITABLE', message, { cause: error });
  }
  return { path, remove };
}
