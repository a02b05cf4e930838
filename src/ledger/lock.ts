/**
 * The lock of a ledger: one run at a time.
 *
 * `<ledger>.lock/` is a folder with one file for each process that holds or wants the lock (`presence.ts`). A process
 * writes its own file, then reads the others: if one belongs to a living process, it removes its own and gives up; files
 * of dead processes it removes. Both of two concurrent processes may give up, but never can both hold the lock.
 *
 * This is not proper-lockfile because that takes over a stale lock by rmdir, then mkdir, of one shared name, so two
 * concurrent takeovers can both win (its issue 121, open); it judges by age alone, so a dead holder blocks until it is
 * stale, and a suspended one loses the lock while alive; and loading it hooks every signal (signal-exit).
 */
import { createServer } from 'node:net';
import { platform } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { OnboardError } from '../domain/errors.ts';
import { errorCode } from '../lib/files.ts';
import {
  announce,
  describe,
  type Holder,
  isAnybodyIn,
  isLiving,
  type KeepOptions,
  keepPresent,
  type Other,
  othersBeside,
  thisProcess,
  withdraw,
} from './presence.ts';

export interface Lock {
  /** Resolves to whether the lock is still ours. Reads the disk only if the last heartbeat is old. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** Most tries, with random pauses between, after two concurrent contenders have both given up. */
const TRIES = 6;
const YOUNG_MS = 2_000;

/**
 * @throws OnboardError LOCKED with the holder's name; NOT_WRITABLE; or the system error from writing the lock's files
 */
export async function acquireLock(path: string, options: KeepOptions): Promise<Lock> {
  const dir = `${path}.lock`;
  const self = thisProcess(new Date(options.clock.now()).toISOString());
  for (let attempt = 1; ; attempt++) {
    const file = await announce(dir, self);
    try {
      const rival = await firstLiving(file, self, options);
      if (rival === undefined) {
        const { isKept, leave } = keepPresent(file, self, options);
        return { isHeld: isKept, release: leave };
      }
      await withdraw(file);
      if (attempt === TRIES || !isYoung(rival, self)) throw locked(path, dir, rival);
    } catch (error) {
      await withdraw(file);
      throw error;
    }
    await sleep(20 + Math.random() * 60 * attempt);
  }
}

/** Whether a process holds the lock, or ended without releasing it. */
export function isLeftLocked(path: string): Promise<boolean> {
  return isAnybodyIn(`${path}.lock`);
}

/** First other contender that is alive; the files of dead ones are removed. */
async function firstLiving(own: string, self: Holder, options: KeepOptions): Promise<Other | undefined> {
  for await (const other of othersBeside(own, self)) if (await isLiving(other, self, options)) return other;
  return undefined;
}

/** Whether two contenders are concurrent: both started within YOUNG_MS, and both will give up. */
function isYoung({ holder }: Other, self: Holder): boolean {
  return holder !== undefined && Math.abs(Date.parse(holder.since) - Date.parse(self.since)) < YOUNG_MS;
}

function locked(path: string, dir: string, rival: Other): OnboardError {
  return new OnboardError(
    'LOCKED',
    `${path} is held by ${describe(rival)}; wait for it to end, or stop it (if there is no such run, remove ${dir})`,
  );
}

/**
 * Lock of the file itself, under any name. The lock next to the ledger is found by name, but a file mounted in two
 * places has two names, and a lock's folder can be removed. An abstract socket named after the file's inode belongs to
 * one process at a time, and the kernel frees it when the process ends, in any way.
 *
 * Linux only, and within one network namespace (e.g. one container): beyond it, `own-file.ts` detects the other
 * process.
 */
export interface Claim {
  release(): Promise<void>;
}

const NOTHING: Claim = { release: async () => undefined };

/** Claims the file; resolves to undefined if another process has it. */
export function claimFile({ dev, ino }: { dev: bigint; ino: bigint }): Promise<Claim | undefined> {
  if (platform !== 'linux') return Promise.resolve(NOTHING);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', (error) => {
      // Without such sockets, the lock next to the ledger remains.
      resolve(errorCode(error) === 'EADDRINUSE' ? undefined : NOTHING);
    });
    server.listen({ path: `\0group-onboard-ledger-${dev}-${ino}` }, () => {
      server.unref();
      resolve({ release: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}
