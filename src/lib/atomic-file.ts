/** File that appears whole or not at all: written under a temporary name, made durable, then renamed. */

import { randomUUID } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { access, type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { canonicalPath, ifThere, specialKind, syncDirectory, writeFully } from './files.ts';

/**
 * Temporary files of this process. They hold people's numbers, so a process that is killed early (by a second Ctrl-C)
 * still removes them.
 */
const living = new Set<string>();

/** Start of the target's name: a name of 255 bytes leaves no room for more. */
function shortName(target: string): string {
  return basename(target).slice(0, 200);
}

/** New temporary name in the directory of `target`, so on the same file system; registered for removal. */
export function temporaryBeside(target: string): string {
  const path = join(dirname(target), `.${shortName(target)}.${randomUUID()}.tmp`);
  living.add(path);
  return path;
}

export function settled(path: string): void {
  living.delete(path);
}

/** Whether `name` is a temporary file for `target`, of this process or another. */
export function isTemporaryFor(target: string, name: string): boolean {
  const before = `.${shortName(target)}.`;
  return name.startsWith(before) && /^[0-9a-f-]{36}\.tmp$/.test(name.slice(before.length));
}

/** Removes the temporary files of this process, right before it exits. Never throws. */
export function removeTemporaries(): void {
  for (const path of living) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The directory is missing or read-only.
    }
  }
  living.clear();
}

/** Bytes gathered before a write: many rows, one system call. */
const BUFFER_BYTES = 256 * 1024;

export type AtomicFile = Awaited<ReturnType<typeof openAtomicFile>>;

/**
 * Opens a file for atomic replacement. Mode 0600, unless the content names nobody. A link is followed and stays; a pipe
 * or a device (`/dev/null`) is written to directly, because it cannot be replaced.
 * @throws system errors
 */
export async function openAtomicFile(path: string, mode = 0o600) {
  const special = await isSpecial(path);
  const target = special ? path : canonicalPath(path);
  // In the same directory, so on the same file system, where a rename is atomic.
  let temporary = special ? undefined : temporaryBeside(target);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary ?? target, temporary === undefined ? 'w' : 'wx', mode);
    // Another user may collect the file, whatever the umask is.
    if (temporary !== undefined && mode !== 0o600) await file.chmod(mode);
  } catch (error) {
    await givenUp(file);
    if (temporary !== undefined) await removeTemporary(temporary);
    throw error;
  }
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  function opened(): FileHandle {
    if (file === undefined) throw new Error('the file was committed or aborted before');
    return file;
  }

  /** The file to be closed, which is not written to any more. */
  function taken(): FileHandle | undefined {
    const last = file;
    file = undefined;
    return last;
  }

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    await writeFully(opened(), bytes);
  }

  return {
    /** Resolves when there is room for more (back-pressure). One call at a time. */
    async write(text: string): Promise<void> {
      const bytes = Buffer.from(text);
      pending.push(bytes);
      pendingBytes += bytes.length;
      if (pendingBytes >= BUFFER_BYTES) await flush();
    },
    /** Makes everything durable, then replaces the former file. */
    async commit(): Promise<void> {
      await flush();
      // A pipe cannot be synced.
      if (temporary !== undefined) await opened().sync();
      await taken()?.close();
      if (temporary === undefined) return;
      await rename(temporary, target);
      settled(temporary);
      temporary = undefined;
      await syncDirectory(dirname(target));
    },
    /** Keeps the former file and removes the temporary one. May follow any failure, and may be repeated. */
    async abort(): Promise<void> {
      pending = [];
      await givenUp(taken());
      if (temporary === undefined) return;
      await removeTemporary(temporary);
      temporary = undefined;
    },
  };
}

/**
 * Checks whether `openAtomicFile` and its commit would work now. Changes and leaves nothing.
 * @throws system errors
 */
export async function probeAtomicFile(path: string): Promise<void> {
  if (await isSpecial(path)) return access(path, constants.W_OK);
  const temporary = temporaryBeside(canonicalPath(path));
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      // A full disk can still hold a new, empty file.
      await writeFully(file, Buffer.alloc(4096));
    } finally {
      // A failure to close would also occur at the real write.
      await file.close();
    }
  } finally {
    await removeTemporary(temporary);
  }
}

/** Closes a file that is to be removed; errors do not matter. */
async function givenUp(file: FileHandle | undefined): Promise<void> {
  await file?.close().catch(() => undefined);
}

async function removeTemporary(path: string): Promise<void> {
  await rm(path, { force: true });
  settled(path);
}

/** Age from which a temporary file is abandoned, ms: writing results takes seconds, at most minutes. */
const LITTER_MS = 600_000;

/**
 * Removes temporary files for these outputs left by a killed process, because they hold people's numbers. Files of the
 * last ten minutes stay: another process may be writing them. `-` is standard output; undefined: no file. Never throws.
 */
export async function sweepLitter(paths: Iterable<string | undefined>): Promise<void> {
  for (const path of paths) if (path !== undefined && path !== '-') await sweep(path);
}

async function sweep(path: string): Promise<void> {
  let target: string;
  try {
    target = canonicalPath(path);
  } catch {
    return; // no such directory
  }
  const names = await readdir(dirname(target)).catch(() => []);
  for (const name of names.filter((name) => isTemporaryFor(target, name))) {
    const file = join(dirname(target), name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > LITTER_MS) await rm(file, { force: true }).catch(() => undefined);
  }
}

/**
 * Whether a path is written to directly. A named pipe is not: opening it waits for a reader, who may never come. A pipe
 * from the shell (`/dev/stdout`, `>(…)`) is.
 */
async function isSpecial(path: string): Promise<boolean> {
  const found = await ifThere(stat(path));
  if (found === undefined || found.isFile()) return false;
  if (found.isDirectory()) throw Object.assign(new Error(`${path} is a directory`), { code: 'EISDIR' });
  if (found.isCharacterDevice() || (found.isFIFO() && /^\/(?:dev|proc)\//.test(path))) return true;
  throw new Error(`it is ${specialKind(found)}, and no file`);
}

/**
 * Replaces the file at `path` with a small text, atomically. @param mode 0o644 for a text that names nobody
 * @throws system errors
 */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  const file = await openAtomicFile(path, mode);
  try {
    await file.write(text);
    await file.commit();
  } finally {
    await file.abort();
  }
}
