/** A disk that is small enough to fill: a tmpfs of a test's own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { scratch } from './helpers.ts';

/** Where the small disk is mounted; skips the test, with the reason, where that is not permitted, except in CI. */
export async function smallDisk(context: TestContext, bytes: number, options = ''): Promise<string> {
  const dir = join(await scratch(), 'disk');
  mkdirSync(dir);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}${options}`, 'tmpfs', dir], { stdio: 'pipe' });
  } catch (error) {
    const reason = `no small disk can be mounted here: ${String(error).split('\n').at(-1)}`;
    if (process.env['CI'] === 'true') throw new Error(reason);
    console.warn(`SKIPPED (${context.task.name}): ${reason}`);
    context.skip(reason);
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir]);
  });
  return dir;
}

/** Fills the disk, and returns the name of the file to remove to make room again. */
export function fill(dir: string, leave = 0): string {
  const file = join(dir, 'ballast');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
  return file;
}
