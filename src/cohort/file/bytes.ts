import { createReadStream, type Stats } from 'node:fs';
import { stat as lookAt, open, opendir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { OnboardError } from '../../domain/errors.ts';
import { errorCode } from '../../lib/files.ts';
import { nearest } from '../../lib/text.ts';

const CHUNK = 128 * 1024;

export interface CohortFile {
  readonly path: string;
  readonly name: string;
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
      return { path, name, gzip };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const near = errorCode(error) === 'ENOENT' ? await nearestFile(path) : undefined;
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
  const code = errorCode(error);
  if (code === '') return error;
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

const SIGNATURES: readonly (readonly [bytes: string, what: string])[] = [
  ['PK\x03\x04', 'is an Excel workbook or a zip archive, not CSV: save it as “CSV UTF-8”'],
  ['\xd0\xcf\x11\xe0', 'is an old Excel workbook, not CSV: save it as “CSV UTF-8”'],
  ['%PDF', 'is a PDF, not CSV: export the table as CSV'],
  ['7z\xbc\xaf', 'is a 7z archive, not CSV: unpack it'],
  ['Rar!', 'is a RAR archive, not CSV: unpack it'],
  ['\xfd7zXZ', 'is xz, not CSV: unpack it'],
  ['\x28\xb5\x2f\xfd', 'is zstd, not CSV: unpack it'],
  ['BZh9', 'is bzip2, not CSV: unpack it'],
];

/** Other kinds of text, by their beginning: none of these begins a real header. */
const TEXTS: readonly (readonly [start: RegExp, what: string])[] = [
  [/^\{\\rtf/, 'is an RTF document, not CSV: save the table as CSV'],
  [/^BEGIN:VCARD\b/i, 'is a vCard file, not CSV: export the contacts as CSV'],
  [/^BEGIN:VCALENDAR\b/i, 'is a calendar, not CSV: give the list of people as CSV'],
  [
    /^(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->)[\s\S])*-->\s*)*<(?:!doctype\s+html|(?:html|head|body|table|meta|script|style)[\s>])/i,
    'is an HTML page, not CSV: open it in a browser to see what it says, and export the table as CSV',
  ],
  [
    /^<(?:\?xml\b|!--|!doctype\b|!\[CDATA\[|[a-z_][\w:.-]*(?:\s[^<>]*)?>(?:\s*[\r\n]\s*)?<)/i,
    'is XML, not CSV: export the table as CSV',
  ],
  [
    /^(?:\{\s*(?:"(?:[^"\\\r\n]|\\.)*"\s*:|\})|\[\s*(?:[[{"\]]|-?\d|true\b|false\b|null\b))/,
    'is JSON, not CSV: export the table as CSV',
  ],
  [/^(?:MIME-Version:|From: <Saved by)/i, 'is a saved web page (MHTML), not CSV: export the table as CSV'],
];

/** Refuses a file with a known binary signature. Throws COHORT_UNREADABLE. */
export function refuseKnownBinary(head: Buffer, name: string): void {
  if (head.length === 0) throw unreadable(name, 'is empty: it needs a header line and a row per person');
  const start = head.subarray(0, 8).toString('latin1');
  for (const [bytes, what] of SIGNATURES) if (start.startsWith(bytes)) throw unreadable(name, what);
}

/**
 * Refuses a file with many control characters, which text does not have; NULs may pad up to a third of it. Throws
 * COHORT_UNREADABLE.
 */
export function refuseBinary(head: Buffer, name: string): void {
  let controls = 0;
  let zeros = 0;
  let length = head.length;
  // DOS ends a text with ^Z, or fills its last block with it.
  while (length > 0 && [0x1a, 0x0a, 0x0d].includes(head[length - 1] as number)) length--;
  for (const byte of head.subarray(0, length)) {
    if (byte === 0) zeros++;
    else if ((byte < 0x20 && (byte < 9 || byte > 13) && byte !== 0x1b) || byte === 0x7f) controls++;
  }
  if (controls > length * 0.02 || zeros > length / 3) {
    throw unreadable(name, 'is binary, not text: give a CSV file');
  }
}

/** Refuses text of another kind, whatever the file's name. Throws COHORT_UNREADABLE. */
export function refuseOtherText(head: string, name: string): void {
  const start = head.slice(0, 4096).trimStart();
  for (const [pattern, what] of TEXTS) if (pattern.test(start)) throw unreadable(name, what);
}
