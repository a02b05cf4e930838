import { realpathSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from './failure.ts';

/** Makes the creation, rename or removal of a name in `dir` survive a power loss. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems know no fsync of a directory: they order names themselves, or nobody can.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(errorCode(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Writes all of `bytes` at the file's own position (or its end, when opened for appending). */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  // A write may be short (a disk that is nearly full): the next one then tells why.
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/**
 * The one name of a file, whatever link or relative path leads to it, so that two runs that name it differently
 * still meet at one lock, and a rename replaces the file and not the link to it. The file may be missing.
 */
export function canonicalPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const full = resolve(path);
    return join(realpathSync(dirname(full)), basename(full));
  }
}
