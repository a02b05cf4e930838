import { readFileSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { chmod, type FileHandle, open, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

const MEANING: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full',
  EDQUOT: 'disk quota used up',
  EFBIG: 'file size limit reached',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk reports an input/output error',
  EPIPE: 'the reader has closed it',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ELOOP: 'the links lead in a circle',
  ENODEV: 'the device is gone',
  ENXIO: 'the device is gone',
  ESTALE: 'the network file system has lost the file',
  EBUSY: 'it is in use',
  ENOMEM: 'out of memory',
  EAGAIN: 'no more processes may be started',
};

/** The `code` of a system error (`ENOSPC`); '' for anything else. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

/** Result of a file operation; undefined where the file is missing. */
export async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * First bytes of a regular file; undefined: it is absent or something else, or may not be opened. Checked before it is
 * opened, because opening a pipe may block forever.
 */
export async function beginningOf(path: string, bytes: number): Promise<Buffer | undefined> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return undefined;
  const file = await open(path, 'r').catch(() => undefined);
  try {
    const read = await file?.read(Buffer.alloc(bytes), 0, bytes, 0);
    return read?.buffer.subarray(0, read.bytesRead);
  } finally {
    await file?.close();
  }
}

/** Whether the error is a system refusal, which the owner has to fix, and not a defect of this tool. */
export function isSystemRefusal(error: unknown): boolean {
  return errorCode(error) in MEANING;
}

/** One phrase for a failed file operation: `disk full (ENOSPC)`. Contains no path: the caller names the file. */
export function describeFailure(error: unknown): string {
  const code = errorCode(error);
  const meaning = MEANING[code];
  if (meaning !== undefined) return `${meaning} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** Makes a created, renamed or removed name in `dir` survive a power loss. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems have no fsync of a directory.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(errorCode(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Writes all of `bytes` at the file's own position (or its end, when opened for appending). */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  // A write may be short (disk nearly full): the next one throws the reason.
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/** Links followed before they count as a circle: as many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Canonical name of a file, whatever link or relative path leads to it. Two runs that name it differently meet at one
 * lock, and a rename replaces the file, not the link. The file may be missing, also behind a link.
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

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EINVAL') return undefined;
    throw error;
  }
}

/**
 * Whether two paths lead to one file, through symbolic links (also to a file not made yet), hard links, or two mounts.
 * `-` is not a file.
 */
export function isSameFile(one: string, other: string): boolean {
  if (one === '-' || other === '-') return false;
  return placeOf(one) === placeOf(other) || isSameInode(one, other);
}

/** Target of a path. A link that cannot be followed is reported when it is opened. */
export function placeOf(path: string): string {
  try {
    return canonicalPath(path);
  } catch {
    return resolve(path);
  }
}

/** Whether two regular files share an inode. A device or a pipe (`/dev/null`) may have several writers. */
function isSameInode(one: string, other: string): boolean {
  const [a, b] = [fileAt(one), fileAt(other)];
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

function fileAt(path: string) {
  try {
    const found = statSync(path, { bigint: true });
    return found.isFile() ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Special files: pipes, sockets, devices. Opening one may block forever, and not even a signal ends that. */

/** Kind of a special file in words, such as a pipe; undefined for a regular file. */
export function specialKind(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

const LARGEST_SECRET = 64 * 1024;

/**
 * Text of a small regular file. Errors never contain the text.
 * @throws system errors; Error with a message that continues the file's name
 */
export function readSmallFile(path: string): string {
  const found = statSync(path);
  const kind = specialKind(found);
  if (kind !== undefined) throw new Error(`it is ${kind}, and no file`);
  if (found.size > LARGEST_SECRET) throw new Error('it is far too large');
  return readFileSync(path, 'utf8');
}

/** Mode bits. Files with people's numbers or a key are readable by their owner only. */
const OTHERS = 0o004;
const ALL_BUT_OWNER = 0o077;

/**
 * Restricts a file of ours to its owner: a restored copy has the mode of the copy. Returns a line for the log on
 * failure; undefined: done, or the file does not exist.
 */
export async function keepToOwner(path: string): Promise<string | undefined> {
  // On Windows the mode does not tell who may read.
  if (platform() === 'win32') return undefined;
  try {
    const found = await ifThere(stat(path));
    if (found?.isFile() && (found.mode & ALL_BUT_OWNER) !== 0) await ifThere(chmod(path, 0o600));
    return undefined;
  } catch (error) {
    return `${path} holds phone numbers, and others may read it: ${describeFailure(error)}; make it readable by its owner alone`;
  }
}

export function isOpenToAll(path: string): boolean {
  if (platform() === 'win32') return false;
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & OTHERS) !== 0;
}
