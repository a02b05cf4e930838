/**
 * The lock of a ledger: one run at a time.
 *
 * `<ledger>.lock/` is a directory with one file for each process that holds or wants the lock. A process writes its own
 * file under a unique name, then reads the others: if one belongs to a living process, it removes its own and gives up;
 * files of dead processes it removes. Because every process writes before it reads, at least one of two concurrent ones
 * sees the other: both may give up, but never can both hold the lock. Because no name is used twice, the removal of a
 * dead holder's file cannot hit a living one's, however late it happens.
 *
 * This is not proper-lockfile because that takes over a stale lock by rmdir, then mkdir, of one shared name, so two
 * concurrent takeovers can both win (its issue 121, open); it judges by age alone, so a dead holder blocks until it is
 * stale, and a suspended one loses the lock while alive; and loading it hooks every signal (signal-exit).
 *
 * The kernel tells whether a holder is alive. Where it cannot (another host or container on a shared volume), the
 * heartbeat does: a holder rewrites its file every `heartbeatMs`, and is dead if the file has not changed for `staleMs`
 * by our own clock. No clocks are compared. No exit handler is needed: a file left by a crash belongs to a dead holder.
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
  /** Called once if the lock is lost: nothing may be written after that. */
  readonly onLost: (why: string) => void;
  /** Interval of the heartbeat, ms. Default 2 s. */
  readonly heartbeatMs?: number;
  /** Longest silence of a living holder whose process cannot be looked up, ms. Default 15 s. */
  readonly staleMs?: number;
  /** Called before such a holder is watched, which takes up to `staleMs`. */
  readonly onWatch?: (holder: string) => void;
}

export interface Lock {
  /** Resolves to whether the lock is still ours. Reads the disk only if the last heartbeat is old. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

interface Contender {
  readonly file: string;
  readonly text: string;
  readonly holder: Holder | undefined;
}

/** Most tries, with random pauses between, after two concurrent contenders have both given up. */
const TRIES = 6;
const YOUNG_MS = 2_000;

/** Pattern of our file names: any other file in the directory is not read or removed. */
const OUR_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;

/**
 * @throws OnboardError LOCKED with the holder's name; NOT_WRITABLE; or the system error from writing the lock's files
 */
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

/** Whether a process holds the lock, or ended without releasing it. */
export async function isLeftLocked(path: string): Promise<boolean> {
  const names = await readdir(`${path}.lock`).catch(() => []);
  return names.some((name) => OUR_NAME.test(name));
}

/** Writes our own file, complete from the moment it has its name, and returns its path. */
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
 * Makes the lock's directory. A link is not followed: its target may hold other people's files, or be missing, which
 * would be retried without end.
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

/** First other contender that is alive; the files of dead ones are removed. */
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

/** Watches a holder whose process cannot be looked up: true at its first heartbeat, false after `staleMs` without. */
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
      // Not created if it is missing: then another process has judged this one dead.
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
      // After a pause of the process or machine, another process may have judged this one dead.
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

/** Text of our file; its length does not depend on the count, so that it can be rewritten in place. */
function beatText(self: Holder, beats: number): string {
  return `${JSON.stringify({ ...self, beats: String(beats).padStart(12, '0') })}\n`;
}

/** Whether two contenders are concurrent: both started within YOUNG_MS, and both will give up. */
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
