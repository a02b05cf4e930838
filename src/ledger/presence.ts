/**
 * Files by which processes know of each other: a folder with one file for each living process.
 *
 * A process writes its own file under a unique name, then reads the others: of two concurrent ones, at least one sees
 * the other. Because no name is used twice, the removal of a dead process's file cannot hit a living one's, however late
 * it happens.
 *
 * The kernel tells whether a process is alive. Where it cannot (another host or container on a shared volume), the
 * heartbeat does: a process rewrites its file's first line every `heartbeatMs`, and is dead if that line has not changed
 * for `staleMs` by our own clock. No clocks are compared. No exit handler is needed: a file left by a crash belongs to a
 * dead process.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OnboardError } from '../domain/errors.ts';
import type { Clock } from '../domain/words.ts';
import { describeFailure, errorCode, writeFully } from '../lib/files.ts';
import { type Holder, lifeOf, parseHolder } from './holder.ts';

/** Pattern of our file names: any other file in the folder is not read or removed. */
const OUR_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;
/** A file before it is complete. */
const NEW = '.new';
/** Longest first line, bytes: it names a path. */
const HEAD_BYTES = 16 * 1024;

export interface PresenceOptions {
  readonly clock: Clock;
  /** Interval of the heartbeat, ms. Default 2 s. */
  readonly heartbeatMs?: number;
  /** Longest silence of a living process that cannot be looked up, ms. Default 15 s. */
  readonly staleMs?: number;
  /** Called before such a process is watched, which takes up to `staleMs`. */
  readonly onWatch?: (who: string) => void;
}

/** Another process's file. */
export interface Other {
  readonly file: string;
  /** First line. */
  readonly head: string;
  readonly holder: Holder | undefined;
}

/**
 * Writes our own file, complete from the moment it has its name, and returns its path.
 * @param self all of it is in the first line, also what it has beyond a Holder
 * @param more bytes after the first line, which never change
 */
export async function announce(
  dir: string,
  self: Holder,
  { id = randomUUID(), more = Buffer.alloc(0) }: { readonly id?: string; readonly more?: Buffer } = {},
): Promise<string> {
  const file = join(dir, `${id}.json`);
  for (;;) {
    await makeDirectory(dir);
    try {
      const bytes = Buffer.concat([Buffer.from(headOf(self, 0)), more]);
      await writeFile(`${file}${NEW}`, bytes, { mode: 0o600, flag: 'wx' });
      await rename(`${file}${NEW}`, file);
      return file;
    } catch (error) {
      // Another process has just removed its empty folder, or this file as litter.
      if (errorCode(error) !== 'ENOENT') {
        await rm(`${file}${NEW}`, { force: true });
        throw error;
      }
    }
  }
}

/**
 * Makes the folder. A link is not followed: its target may hold other people's files, or be missing, which would be
 * retried without end.
 */
async function makeDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    // It may have been released since.
    const found = await lstat(dir).catch((failed: unknown) => {
      if (errorCode(failed) !== 'ENOENT') throw failed;
      return undefined;
    });
    if (found === undefined || found.isDirectory()) return;
    const what = found.isSymbolicLink() ? 'a link' : 'not a folder';
    const message = `${dir} is ${what}, and the lock of the ledger has to be a folder of its own: remove it`;
    throw new OnboardError('NOT_WRITABLE', message);
  }
}

/** Removes our own file, and the folder when it is empty. */
export async function withdraw(file: string): Promise<void> {
  await rm(file, { force: true });
  await rmdir(dirname(file)).catch(() => undefined);
}

/** Whether a process's file is in the folder, living or dead. */
export async function isAnybodyIn(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch(() => []);
  return names.some((name) => OUR_NAME.test(name));
}

/**
 * The files of the other processes, without those that are certainly dead, which are removed. So is what a killed process
 * left incomplete; a living one writes its file again.
 */
export async function* othersBeside(own: string, self: Holder): AsyncGenerator<Other> {
  const dir = dirname(own);
  for (const name of await readdir(dir)) {
    const isNew = name.endsWith(NEW);
    if (!OUR_NAME.test(isNew ? name.slice(0, -NEW.length) : name) || name === basename(own)) continue;
    if (isNew) await rm(join(dir, name), { force: true });
    const other = isNew ? undefined : await lookAt(join(dir, name));
    if (other?.holder && lifeOf(other.holder, self) === 'dead') await rm(other.file, { force: true });
    else if (other !== undefined) yield other;
  }
}

/** The file as it is now; undefined: it is gone. */
export async function lookAt(file: string): Promise<Other | undefined> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    // A folder of this name is nobody's file.
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    const head = text.split('\n', 1)[0] ?? '';
    return { file, head, holder: parseHolder(head) };
  } finally {
    await handle.close();
  }
}

/** Whether the other process is alive; the file of a dead one is removed. */
export async function isLiving(other: Other, self: Holder, options: PresenceOptions): Promise<boolean> {
  const life = other.holder === undefined ? 'unknown' : lifeOf(other.holder, self);
  if (life === 'alive') return true;
  if (life === 'unknown' && (await changes(other, options))) return true;
  await rm(other.file, { force: true });
  return false;
}

/** Watches a process that cannot be looked up: true at its first heartbeat, false after `staleMs` without. */
async function changes(
  other: Other,
  { clock, staleMs = 15_000, onWatch }: PresenceOptions,
): Promise<boolean> {
  onWatch?.(describe(other));
  const began = clock.monotonic();
  while (clock.monotonic() - began < staleMs) {
    await sleep(Math.min(250, staleMs / 10));
    const now = await lookAt(other.file);
    if (now === undefined) return false;
    if (now.head !== other.head) return true;
  }
  return false;
}

export function describe({ holder }: Other): string {
  if (holder === undefined) return 'another run';
  return `the run with pid ${holder.pid} on ${holder.host} since ${holder.since}`;
}

export interface Presence {
  /** Resolves to whether our file is still there. Reads the disk only if the last heartbeat is old. */
  isKept(): Promise<boolean>;
  /** Replaces words of the first line by others of the same length. */
  says(about: object): Promise<void>;
  leave(): Promise<void>;
}

/**
 * Keeps our own file alive.
 * @param onLost called once if another process took the file away, or it cannot be renewed
 */
export function keepPresent(
  file: string,
  self: Holder,
  {
    clock,
    heartbeatMs = 2_000,
    staleMs = 15_000,
    onLost,
  }: PresenceOptions & { onLost: (why: string) => void },
): Presence {
  let state: 'kept' | 'lost' | 'left' = 'kept';
  let beats = 0;
  let said = self;
  let seen = { wall: clock.now(), steady: clock.monotonic() };
  const silence = () => Math.max(Math.abs(clock.now() - seen.wall), clock.monotonic() - seen.steady);

  const lose = (why: string) => {
    if (state !== 'kept') return;
    state = 'lost';
    clearInterval(timer);
    onLost(why);
  };
  const beat = async () => {
    if (state !== 'kept') return;
    try {
      // Not created if it is missing: then another process has judged this one dead.
      const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
      try {
        await writeFully(handle, Buffer.from(headOf(said, ++beats)));
      } finally {
        await handle.close();
      }
      seen = { wall: clock.now(), steady: clock.monotonic() };
    } catch (error) {
      if (state !== 'kept') return;
      if (errorCode(error) === 'ENOENT') lose('its lock was taken away by another process');
      else if (silence() > staleMs) lose(`its lock could not be renewed: ${describeFailure(error)}`);
    }
  };
  const timer = setInterval(() => void beat(), heartbeatMs);
  timer.unref();

  return {
    async isKept() {
      // After a pause of the process or machine, another process may have judged this one dead.
      if (state === 'kept' && silence() > staleMs / 2) await beat();
      return state === 'kept';
    },
    async says(about: object) {
      said = { ...said, ...about };
      await beat();
    },
    async leave() {
      clearInterval(timer);
      if (state === 'kept') state = 'left';
      await withdraw(file);
    },
  };
}

/** First line of our file; its length does not depend on the count, so that it can be rewritten in place. */
function headOf(self: Holder, beats: number): string {
  return `${JSON.stringify({ ...self, beats: String(beats).padStart(12, '0') })}\n`;
}
