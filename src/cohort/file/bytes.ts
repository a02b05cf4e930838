import { createReadStream, type Stats } from 'node:fs';
import { stat as lookAt, open, opendir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { OnboardError } from '../../domain/errors.ts';
import { nearest } from '../../lib/text.ts';

const CHUNK = 128 * 1024;

/** File of the cohort: path, name for messages, size, and whether it is gzip. */
export interface CohortFile {
  readonly path: string;
  readonly name: string;
  /** Size on disk (compressed, when gzip). */
  readonly bytes: number;
  readonly gzip: boolean;
}

/** Checks the file without reading it. Throws COHORT_UNREADABLE: no such file, a directory, no permission, empty. */
export async function statCohort(path: string, name: string): Promise<CohortFile> {
  try {
    // Before opening: opening a special file may block forever.
    refuseSpecial(await lookAt(path), name);
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      refuseSpecial(stat, name);
      if (stat.size === 0) throw unreadable(name, 'is empty: it needs a header line and a row per person');
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      const gzip = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
      return { path, name, bytes: stat.size, gzip };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const near = (error as NodeJS.ErrnoException).code === 'ENOENT' ? await nearestFile(path) : undefined;
    throw near === undefined
      ? readable(error, name)
      : unreadable(name, `does not exist: did you mean ${near}?`, error);
  }
}

function refuseSpecial(found: Stats, name: string): void {
  if (found.isFile()) return;
  if (found.isDirectory()) throw unreadable(name, 'is a directory: give the CSV file in it');
  throw unreadable(
    name,
    found.isFIFO()
      ? 'is a pipe, which can be read only once, and a cohort is read more often: save it as a file, or give - and pipe it in'
      : 'is not a regular file: give a CSV file, or - for standard input',
  );
}

/** Most files of a folder compared with a mistyped name. */
const MOST_FILES = 5_000;
/** Files written by this tool that are not cohorts. */
const NO_COHORT = /\.ledger\.jsonl|\.lock$|^\./;

/** File of the same folder that was probably meant, in the form of the given path; undefined: none is close. */
async function nearestFile(path: string): Promise<string | undefined> {
  const typed = basename(path);
  const files: string[] = [];
  try {
    for await (const entry of await opendir(dirname(path))) {
      if (!entry.isDirectory() && !NO_COHORT.test(entry.name)) files.push(entry.name);
      if (files.length === MOST_FILES) break;
    }
  } catch {
    return undefined;
  }
  const bare = (name: string) => name.normalize('NFC').toLowerCase();
  // Of two equally close names, the shorter one first: nothing is added to it.
  files.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const near = nearest(bare(typed), files, bare);
  return near && path.slice(0, path.length - typed.length) + near;
}

/** Bytes of the file, unpacked, in chunks of some 128 KiB; reads no further than the consumer pulls. */
export async function* bytesOf(file: CohortFile): AsyncGenerator<Buffer> {
  const source = createReadStream(file.path, { highWaterMark: CHUNK });
  const unpacked = file.gzip ? source.pipe(createGunzip({ chunkSize: CHUNK })) : source;
  // pipe() does not forward errors.
  source.on('error', (error) => unpacked.destroy(error));
  try {
    for await (const chunk of unpacked) yield chunk as Buffer;
  } catch (error) {
    throw readable(error, file.name);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

export function unreadable(name: string, what: string, cause?: unknown): OnboardError {
  return new OnboardError('COHORT_UNREADABLE', `${name} ${what}`, { cause });
}

/** System error → error with a line for the user. */
function readable(error: unknown, name: string): unknown {
  if (error instanceof OnboardError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) return error;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist: check the path',
    ENOTDIR: 'does not exist: check the path',
    EISDIR: 'is a directory: give the CSV file in it',
    EACCES: 'may not be read: check its permissions',
    EPERM: 'may not be read: check its permissions',
  };
  const damaged = code.startsWith('Z_') ? 'is damaged gzip: pack it again, or give the plain CSV' : undefined;
  return unreadable(name, known[code] ?? damaged ?? `cannot be read (${code})`, error);
}
