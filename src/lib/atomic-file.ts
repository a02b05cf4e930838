/** A file that appears whole, or not at all: written beside its name, made durable, then renamed. */

import { randomUUID } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { access, type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { canonicalPath, errorCode, specialKind, syncDirectory, writeFully } from './files.ts';

/**
 * Temporary files that are there now: they hold people's numbers. A process that is ended in the middle of its work (by a
 * second Ctrl-C, say) gets no further than to remove them.
 */
const living = new Set<string>();

/** A name of 255 bytes has no room for more around it. */
function shortName(target: string): string {
  return basename(target).slice(0, 200);
}

/** A new name beside `target`, and so on the same file system; what is made there is known to be temporary. */
export function temporaryBeside(target: string): string {
  const path = join(dirname(target), `.${shortName(target)}.${randomUUID()}.tmp`);
  living.add(path);
  return path;
}

/** It is gone, or has become the file that it was for. */
export function settled(path: string): void {
  living.delete(path);
}

/** Whether `name` is that of a temporary file for `target`, of this process or of another. */
export function isTemporaryFor(target: string, name: string): boolean {
  const before = `.${shortName(target)}.`;
  return name.startsWith(before) && /^[0-9a-f-]{36}\.tmp$/.test(name.slice(before.length));
}

/** For the process's last moment: removes what it would leave. Nothing is thrown. */
export function removeTemporaries(): void {
  for (const path of living) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The directory is gone, or may not be written to any more.
    }
  }
  living.clear();
}

/** Bytes gathered before a write: many rows, one system call. */
const BUFFER_BYTES = 256 * 1024;

export interface AtomicFile {
  /** Resolves when there is room for more (back-pressure). One call at a time. */
  write(text: string): Promise<void>;
  /** Makes everything written durable, and only then puts it in the place of the file that was there. */
  commit(): Promise<void>;
  /** Leaves what was there as it was, and nothing beside it. May follow a failure of anything, and itself. */
  abort(): Promise<void>;
}

/**
 * Only the owner may read it (mode 0600), unless it is said to name nobody. A link is followed, and stays; a pipe or
 * a device (`/dev/null`) is written to as it is, since it cannot be replaced.
 * @throws system errors
 */
export async function openAtomicFile(path: string, mode = 0o600): Promise<AtomicFile> {
  const special = await isSpecial(path);
  const target = special ? path : canonicalPath(path);
  // In the same directory, so that it is on the same file system, where a rename is atomic.
  const temporary = special ? undefined : temporaryBeside(target);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary ?? target, temporary === undefined ? 'w' : 'wx', mode);
    // Whoever collects the file may be somebody else, whatever the umask is.
    if (temporary !== undefined && mode !== 0o600) await file.chmod(mode);
  } catch (error) {
    await givenUp(file);
    if (temporary !== undefined) await removeTemporary(temporary);
    throw error;
  }
  return new OpenAtomicFile(file, target, temporary);
}

/**
 * Finds out whether `openAtomicFile` and its commit would work now. Touches nothing that is there, and leaves nothing.
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
      // What could not be closed would not be closed when it counts, either.
      await file.close();
    }
  } finally {
    await removeTemporary(temporary);
  }
}

/** Closes what nobody will read: whatever its disk says to that, it is to be removed all the same. */
async function givenUp(file: FileHandle | undefined): Promise<void> {
  await file?.close().catch(() => undefined);
}

async function removeTemporary(path: string): Promise<void> {
  await rm(path, { force: true });
  settled(path);
}

/** Temporary files older than this belong to nobody who lives: writing results takes seconds, at most minutes. Ms. */
const LITTER_MS = 600_000;

/**
 * Removes what a killed process left beside `path`: temporary files of ours, which hold people's numbers. Those of the
 * last ten minutes stay, as another process may be writing them. Nothing is thrown: litter is no reason to stop.
 */
export async function sweepLitter(path: string, now: number): Promise<void> {
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
      ({ mtimeMs }) => now - mtimeMs,
      () => 0,
    );
    if (age > LITTER_MS) await rm(file, { force: true }).catch(() => undefined);
  }
}

/** The same beside every file that a command is about to write. `-` is standard output; undefined is no file. */
export async function sweepAll(paths: Iterable<string | undefined>, now: number): Promise<void> {
  for (const path of paths) if (path !== undefined && path !== '-') await sweepLitter(path, now);
}

/**
 * Whether a path is written to as it is. A pipe of a name of its own is none: to open it waits for a reader, who may never come. What
 * the shell gives for `/dev/stdout` or `>(…)` has one.
 */
async function isSpecial(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (found.isFile()) return false;
    if (found.isDirectory()) throw Object.assign(new Error(`${path} is a directory`), { code: 'EISDIR' });
    if (found.isCharacterDevice() || (found.isFIFO() && /^\/(?:dev|proc)\//.test(path))) return true;
    throw new Error(`it is ${specialKind(found)}, and no file`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Puts a small text at `path` at once, whole. @param mode 0o644 for what names nobody.
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

class OpenAtomicFile implements AtomicFile {
  readonly #target: string;
  #temporary: string | undefined;
  #file: FileHandle | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(file: FileHandle, target: string, temporary: string | undefined) {
    this.#file = file;
    this.#target = target;
    this.#temporary = temporary;
  }

  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= BUFFER_BYTES) await this.#flush();
  }

  async commit(): Promise<void> {
    await this.#flush();
    // A pipe has nothing to sync.
    if (this.#temporary !== undefined) await this.#opened().sync();
    await this.#close();
    if (this.#temporary === undefined) return;
    await rename(this.#temporary, this.#target);
    settled(this.#temporary);
    this.#temporary = undefined;
    await syncDirectory(dirname(this.#target));
  }

  async abort(): Promise<void> {
    this.#pending = [];
    const file = this.#file;
    this.#file = undefined;
    await givenUp(file);
    if (this.#temporary === undefined) return;
    await removeTemporary(this.#temporary);
    this.#temporary = undefined;
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await writeFully(this.#opened(), bytes);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #opened(): FileHandle {
    if (this.#file === undefined) throw new Error('the file was committed or aborted before');
    return this.#file;
  }
}
