/**
 * One run at a time: the lock of a ledger.
 *
 * `<ledger>.lock/` is a directory with one file for each process that holds, or would hold, the lock. A process puts its
 * own file there under a name that nobody else ever uses, and then looks at the others: if one of them belongs to a
 * living process, it takes its own away again and leaves; those of dead ones it removes. Since everybody writes before
 * looking, of two that come at once at least one sees the other: both may leave, never can both stay. And since a name
 * is never used twice, removing a dead holder's file cannot hit a living one's, however late it comes.
 *
 * That is why this is not proper-lockfile: its takeover of a stale lock is rmdir, then mkdir, of one shared name, and two
 * that take over at once can both win (its issue 121, open); it judges by age alone, so that a dead holder blocks until it
 * is stale, and a suspended one loses the lock while it lives; and loading it hooks every signal (signal-exit).
 *
 * Whether a holder lives is asked of the kernel. Where that cannot tell (another host or container on a shared volume), its
 * heartbeat does: a holder rewrites its file every `heartbeatMs`, and one whose file has not changed for `staleMs`, by our
 * own clock, is dead. No clocks are compared. There are no exit handlers: a file left behind by a crash is a dead holder's.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OnboardError } from '../domain/errors.ts';
import type { Clock } from '../domain/words.ts';
import { describeFailure, errorCode, writeFully } from '../lib/files.ts';
import { type Holder, lifeOf, parseHolder, thisProcess } from './holder.ts';

export interface LockOptions {
  readonly clock: Clock;
  /** Called once, if the lock is not ours, when it is gone: nothing may be written any more. */
  readonly onLost: (why: string) => void;
  /** How often a holder shows that it lives. Default 2 s. */
  readonly heartbeatMs?: number;
  /** How long a holder whose process cannot be looked up may be silent. Default 15 s. */
  readonly staleMs?: number;
  /** Called when such a holder has to be watched before it can be judged, which takes up to `staleMs`. */
  readonly onWatch?: (holder: string) => void;
}

export interface Lock {
  /** Resolves to whether the lock is ours still. Looks at the disk only if the last heartbeat is long ago. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

interface Contender {
  readonly file: string;
  readonly text: string;
  readonly holder: Holder | undefined;
}

/** Two that came at once have both left: each tries again after its own random pause, this many times. */
const TRIES = 6;
const YOUNG_MS = 2_000;

/** Names that we give, and nobody else: any other file in the directory is not ours to read or remove. */
const OUR_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;

/** @throws OnboardError LOCKED, naming the holder; NOT_WRITABLE; or the system error that kept the lock's files from being written. */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
  const dir = `${path}.lock`;
  const self = thisProcess(new Date(options.clock.now()).toISOString());
  for (let attempt = 1; ; attempt++) {
    const file = await announce(dir, self);
    try {
      const rival = await firstLiving(dir, file, self, options);
      if (rival === undefined) return hold(dir, file, self, options);
      await withdraw(dir, file);
      if (attempt === TRIES || !isYoung(rival, self)) throw locked(path, dir, rival);
    } catch (error) {
      await withdraw(dir, file);
      throw error;
    }
    await sleep(20 + Math.random() * 60 * attempt);
  }
}

/** Whether a process has ended without letting the lock go, or holds it now. */
export async function isLeftLocked(path: string): Promise<boolean> {
  const names = await readdir(`${path}.lock`).catch(() => []);
  return names.some((name) => OUR_NAME.test(name));
}

/** Our own file, complete from the moment it has its name. */
async function announce(dir: string, self: Holder): Promise<string> {
  const file = join(dir, `${randomUUID()}.json`);
  for (;;) {
    await makeDirectory(dir);
    try {
      await writeFile(`${file}.new`, beatText(self, 0), { mode: 0o600, flag: 'wx' });
      await rename(`${file}.new`, file);
      return file;
    } catch (error) {
      // Another process has just released the lock, and its empty directory.
      if (errorCode(error) !== 'ENOENT') {
        await rm(`${file}.new`, { force: true });
        throw error;
      }
    }
  }
}

/**
 * A link is not followed: what it leads to may be a folder with files of somebody else's, or nothing, which would be waited
 * for without end.
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

async function withdraw(dir: string, file: string): Promise<void> {
  await rm(file, { force: true });
  await rmdir(dir).catch(() => undefined);
}

/** The first other contender that lives; the files of dead ones are removed on the way. */
async function firstLiving(
  dir: string,
  own: string,
  self: Holder,
  options: LockOptions,
): Promise<Contender | undefined> {
  const names = (await readdir(dir)).filter((name) => OUR_NAME.test(name) && name !== basename(own));
  for (const name of names) {
    const contender = await look(join(dir, name));
    if (contender === undefined) continue;
    const life = contender.holder === undefined ? 'unknown' : lifeOf(contender.holder, self);
    if (life === 'alive') return contender;
    if (life === 'unknown' && (await changes(contender, options))) return contender;
    await rm(contender.file, { force: true });
  }
  return undefined;
}

async function look(file: string): Promise<Contender | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    return { file, text, holder: parseHolder(text) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Watches a holder whose process cannot be looked up: true as soon as its heartbeat is seen, false after `staleMs` without. */
async function changes(
  contender: Contender,
  { clock, staleMs = 15_000, onWatch }: LockOptions,
): Promise<boolean> {
  onWatch?.(describe(contender));
  const began = clock.monotonic();
  while (clock.monotonic() - began < staleMs) {
    await sleep(Math.min(250, staleMs / 10));
    const now = await look(contender.file);
    if (now === undefined) return false;
    if (now.text !== contender.text) return true;
  }
  return false;
}

function hold(dir: string, file: string, self: Holder, options: LockOptions): Lock {
  const { clock, onLost, heartbeatMs = 2_000, staleMs = 15_000 } = options;
  let state: 'held' | 'lost' | 'released' = 'held';
  let beats = 0;
  let seen = { wall: clock.now(), steady: clock.monotonic() };
  const silence = () => Math.max(Math.abs(clock.now() - seen.wall), clock.monotonic() - seen.steady);

  const lose = (why: string) => {
    if (state !== 'held') return;
    state = 'lost';
    clearInterval(timer);
    onLost(why);
  };
  const beat = async () => {
    if (state !== 'held') return;
    try {
      // Not created if it is missing: then somebody has taken us for dead.
      const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
      try {
        await writeFully(handle, Buffer.from(beatText(self, ++beats)));
      } finally {
        await handle.close();
      }
      seen = { wall: clock.now(), steady: clock.monotonic() };
    } catch (error) {
      if (state !== 'held') return;
      if (errorCode(error) === 'ENOENT') lose('its lock was taken away by another process');
      else if (silence() > staleMs) lose(`its lock could not be renewed: ${describeFailure(error)}`);
    }
  };
  const timer = setInterval(() => void beat(), heartbeatMs);
  timer.unref();

  return {
    async isHeld() {
      // After a pause of the whole process or machine, others may have taken us for dead.
      if (state === 'held' && silence() > staleMs / 2) await beat();
      return state === 'held';
    },
    async release() {
      clearInterval(timer);
      if (state === 'held') state = 'released';
      await withdraw(dir, file);
    },
  };
}

/** Of one length for all counts, so that it is rewritten in place. */
function beatText(self: Holder, beats: number): string {
  return `${JSON.stringify({ ...self, beats: String(beats).padStart(12, '0') })}\n`;
}

/** Two contenders at once: both have been here for a moment only, and both will leave. */
function isYoung(rival: Contender, self: Holder): boolean {
  if (rival.holder === undefined) return false;
  return Math.abs(Date.parse(rival.holder.since) - Date.parse(self.since)) < YOUNG_MS;
}

function describe({ holder }: Contender): string {
  if (holder === undefined) return 'another run';
  return `the run with pid ${holder.pid} on ${holder.host} since ${holder.since}`;
}

function locked(path: string, dir: string, rival: Contender): OnboardError {
  return new OnboardError(
    'LOCKED',
    `${path} is held by ${describe(rival)}; wait for it to end, or stop it (if there is no such run, remove ${dir})`,
  );
}
