/** Copy of an input that is read more than once but available only once, or not for long. */
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OnboardError } from '../domain/errors.ts';
import { settled, temporaryBeside } from '../lib/atomic-file.ts';

/** A signal came before the work began: nothing was sent, and there is nothing to write. */
export class Interrupted extends Error {}

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
    if (signal?.aborted) throw new Interrupted();
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new OnboardError('NOT_WRITABLE', `cannot keep ${what} in ${dirname(path)} (${why})`, {
      cause: error,
    });
  }
  return { path, remove };
}
