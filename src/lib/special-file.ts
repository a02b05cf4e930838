/** Files that are none: pipes, sockets, devices. To open one may wait for ever, which not even a signal ends. */
import { readFileSync, type Stats, statSync } from 'node:fs';

/** Kind of a file in words, such as a pipe; undefined for a regular file. */
export function specialKind(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** A secret, and what stands around it. */
const LARGEST_SECRET = 64 * 1024;

/**
 * The text of a small file, once it is known to be one. No text of it is in any error.
 * @throws system errors; Error with a message that goes on from the file's name
 */
export function readSmallFile(path: string): string {
  const found = statSync(path);
  const kind = specialKind(found);
  if (kind !== undefined) throw new Error(`it is ${kind}, and no file`);
  if (found.size > LARGEST_SECRET) throw new Error('it is far too large');
  return readFileSync(path, 'utf8');
}
