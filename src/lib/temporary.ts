/**
 * Files that are to be gone when their work is done, and hold people's numbers. A process that is ended in the midst of it
 * (a second Ctrl-C, a signal to a command that has nothing to finish) gets no further than to remove them.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

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
