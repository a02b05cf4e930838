import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { canonicalPath } from './durable.ts';

/**
 * Whether two paths lead to one file, however they are spelled and whatever links are on the way: symbolic ones (also to a
 * file that is still to be made), hard ones, and a file that is mounted in two places. `-` is not a file.
 */
export function isSameFile(one: string, other: string): boolean {
  if (one === '-' || other === '-') return false;
  return placeOf(one) === placeOf(other) || isSameInode(one, other);
}

/** Target of a path. Opening it reports a link that cannot be followed. */
export function placeOf(path: string): string {
  try {
    return canonicalPath(path);
  } catch {
    return resolve(path);
  }
}

/** Of files only: a device or a pipe (`/dev/null`) can take what several write. */
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
