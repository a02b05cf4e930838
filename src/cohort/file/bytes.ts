import { createReadStream, type Stats } from 'node:fs';
import { stat as lookAt, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { OnboardError } from '../../domain/errors.ts';

const CHUNK = 128 * 1024;

/** The cohort's file: where it lies, how to name it, and whether it is gzip. */
export interface CohortFile {
  readonly path: string;
  readonly name: string;
  /** Size on the disk (compressed, when it is gzip). */
  readonly bytes: number;
  readonly gzip: boolean;
}

/** Looks at the file without reading it. Throws COHORT_UNREADABLE: no such file, a directory, no permission, empty. */
export async function statCohort(path: string, name: string): Promise<CohortFile> {
  try {
    // Before it is opened: that may wait for ever.
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
    throw readable(error, name);
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

/** The file's bytes, unpacked, in chunks of some 128 KiB; reads no further than the consumer pulls. */
export async function* bytesOf(file: CohortFile): AsyncGenerator<Buffer> {
  const source = createReadStream(file.path, { highWaterMark: CHUNK });
  const unpacked = file.gzip ? source.pipe(createGunzip({ chunkSize: CHUNK })) : source;
  // pipe() does not hand errors on.
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

/** A system's error → a line for the user. */
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
