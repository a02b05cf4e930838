import { readlinkSync, realpathSync } from 'node:fs';
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

/** Links that lead from one to the next, before they are taken for a circle: as many as Linux follows. */
const MOST_LINKS = 40;

/**
 * The one name of a file, whatever link or relative path leads to it, so that two runs that name it differently
 * still meet at one lock, and a rename replaces the file and not the link to it. The file may be missing, also behind a
 * link: it is what will be made there.
 * @throws system errors
 */
export function canonicalPath(path: string): string {
  let at = path;
  for (let links = 0; links <= MOST_LINKS; links++) {
    try {
      return realpathSync(at);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    const full = resolve(at);
    const dir = realpathSync(dirname(full));
    const name = join(dir, basename(full));
    const target = linkAt(name);
    if (target === undefined) return name;
    at = resolve(dir, target);
  }
  throw Object.assign(new Error(`too many links: ${path}`), { code: 'ELOOP' });
}

/** Where a link leads to; undefined: there is none. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EINVAL') return undefined;
    throw error;
  }
}
