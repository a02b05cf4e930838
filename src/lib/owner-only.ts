/** Files that hold people's numbers, or a key: for the eyes of their owner alone. */
import { statSync } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import { describeFailure } from './failure.ts';

const OTHERS = 0o004;
const ALL_BUT_OWNER = 0o077;

/**
 * Takes a file of ours away from everybody but its owner: a copy that was restored has the mode that its maker gave it. Gives a line
 * for the log where that cannot be done; undefined: it is done, or there is no such file.
 */
export async function keepToOwner(path: string): Promise<string | undefined> {
  // There the mode says nothing of who may read.
  if (platform() === 'win32') return undefined;
  try {
    const found = await stat(path);
    if (found.isFile() && (found.mode & ALL_BUT_OWNER) !== 0) await chmod(path, 0o600);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return `${path} holds phone numbers, and others may read it: ${describeFailure(error)}; make it readable by its owner alone`;
  }
}

/** Whether everybody on this machine may read a file. */
export function isOpenToAll(path: string): boolean {
  if (platform() === 'win32') return false;
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & OTHERS) !== 0;
}
