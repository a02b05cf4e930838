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
import { constants, readFileSync, readlinkSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { kill, pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { OnboardError } from '../domain/errors.ts';
import type { Clock } from '../domain/words.ts';
import { describeFailure, errorCode, ifThere, writeFully } from '../lib/files.ts';

/** Pattern of our file names: any other file in the folder is not read or removed. */
const OUR_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;
/** A file before it is complete. */
const NEW = '.new';
/** Longest first line, bytes: it names a path. */
const HEAD_BYTES = 16 * 1024;

interface PresenceOptions {
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
      if (errorCode(error) === 'ENOENT') continue;
      await rm(`${file}${NEW}`, { force: true });
      throw error;
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
    const found = await ifThere(lstat(dir));
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
  const handle = await ifThere(open(file, 'r'));
  if (handle === undefined) return undefined;
  try {
    // A folder of this name is nobody's file.
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const [head = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    return { file, head, holder: parseHolder(head) };
  } finally {
    await handle.close();
  }
}

/** Whether the other process is alive; the file of a dead one is removed. */
export async function isLiving(other: Other, self: Holder, options: PresenceOptions): Promise<boolean> {
  const life = other.holder === undefined ? 'unknown' : lifeOf(other.holder, self);
  if (life === 'alive') return true;
  if (life === 'unknown' && (await beats(other, options))) return true;
  await rm(other.file, { force: true });
  return false;
}

/** Watches a process that cannot be looked up: true at its first heartbeat, false after `staleMs` without. */
async function beats(other: Other, { clock, staleMs = 15_000, onWatch }: PresenceOptions): Promise<boolean> {
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

export interface KeepOptions extends PresenceOptions {
  /** Called once if another process took the file away, or it cannot be renewed: nothing may be written after that. */
  readonly onLost: (why: string) => void;
}

export type Presence = ReturnType<typeof keepPresent>;

export function keepPresent(file: string, self: Holder, options: KeepOptions) {
  const { clock, heartbeatMs = 2_000, staleMs = 15_000, onLost } = options;
  let isKept = true;
  let count = 0;
  let said = self;
  let seen = { wall: clock.now(), steady: clock.monotonic() };
  const silence = () => Math.max(Math.abs(clock.now() - seen.wall), clock.monotonic() - seen.steady);

  const lose = (why: string) => {
    isKept = false;
    clearInterval(timer);
    onLost(why);
  };
  const beat = async () => {
    if (!isKept) return;
    try {
      // Not created if it is missing: then another process has judged this one dead.
      const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
      try {
        await writeFully(handle, Buffer.from(headOf(said, ++count)));
      } finally {
        await handle.close();
      }
      seen = { wall: clock.now(), steady: clock.monotonic() };
    } catch (error) {
      if (!isKept) return;
      if (errorCode(error) === 'ENOENT') lose('its lock was taken away by another process');
      else if (silence() > staleMs) lose(`its lock could not be renewed: ${describeFailure(error)}`);
    }
  };
  const timer = setInterval(() => void beat(), heartbeatMs);
  timer.unref();

  return {
    /** Resolves to whether our file is still there. Reads the disk only if the last heartbeat is old. */
    async isKept(): Promise<boolean> {
      // After a pause of the process or machine, another process may have judged this one dead.
      if (isKept && silence() > staleMs / 2) await beat();
      return isKept;
    },
    /** Replaces words of the first line by others of the same length. */
    async says(about: object): Promise<void> {
      said = { ...said, ...about };
      await beat();
    },
    async leave(): Promise<void> {
      clearInterval(timer);
      isKept = false;
      await withdraw(file);
    },
  };
}

/** First line of our file; its length does not depend on the count, so that it can be rewritten in place. */
function headOf(self: Holder, beats: number): string {
  return `${JSON.stringify({ ...self, beats: String(beats).padStart(12, '0') })}\n`;
}

/** Identity of a process, distinct from a later process with the same number. */
const identity = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Time at which it took the lock, ISO 8601. */
  since: z.string(),
  /** Boot of the kernel: Linux's boot_id, '' elsewhere. */
  boot: z.string(),
  /** Namespace of `pid`, which distinguishes two containers with one host name; '' where there is none. */
  pids: z.string(),
  /** Start of the process, in the kernel's ticks since boot; '' where it is unknown. */
  started: z.string(),
});
export type Holder = Readonly<z.infer<typeof identity>>;

export function thisProcess(since: string): Holder {
  return {
    pid,
    host: hostname(),
    since,
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pids: quietly(() => readlinkSync('/proc/self/ns/pid')),
    started: processOf(pid)?.started ?? '',
  };
}

/**
 * Whether the holder is alive; `unknown` if its process number has no meaning here (another host, container or boot):
 * then only its heartbeat can tell. A suspended process (SIGSTOP) is alive, because it may continue.
 */
export function lifeOf(holder: Holder, self: Holder): 'alive' | 'dead' | 'unknown' {
  if (holder.host !== self.host || holder.boot !== self.boot || holder.pids !== self.pids) return 'unknown';
  try {
    kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'dead' : 'alive';
  }
  const found = processOf(holder.pid);
  if (found === undefined || holder.started === '') return 'alive';
  // A zombie has ended; another start time means that the number was reused.
  return found.ended || found.started !== holder.started ? 'dead' : 'alive';
}

/** Start and state of a process. Linux only. Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime). */
function processOf(number: number): { readonly started: string; readonly ended: boolean } | undefined {
  const stat = quietly(() => readFileSync(`/proc/${number}/stat`, 'utf8'));
  // The second field is the program's name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { started, ended: 'ZXx'.includes(state) };
}

/** Holder named in a first line of its file, or undefined if it does not name one (yet). */
export function parseHolder(text: string): Holder | undefined {
  try {
    const it: unknown = JSON.parse(text);
    return identity.safeParse(it).success ? (it as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
