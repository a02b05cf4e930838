import { isUtf8 } from 'node:buffer';
import { OnboardError } from '../errors.ts';
import { bytesOf, type CohortFile, unreadable } from './bytes.ts';

/** How the file's bytes become text, and what is worth saying about it. */
export interface Encoding {
  /** A label of the Encoding Standard, as TextDecoder takes it. */
  readonly label: string;
  readonly note: string | undefined;
}

const HEAD = 64 * 1024;

/**
 * Finds the encoding. A byte order mark decides; then the zero bytes of UTF-16; then whether the whole file is
 * UTF-8: all of it is looked at (a gigabyte a second), so that one decision holds from the first row to the last.
 * What is neither is Windows-1252, the encoding of Western spreadsheets, unless it is no text at all.
 * Throws COHORT_UNREADABLE for binary files, CONFIG for an unknown `--encoding`.
 */
export async function findEncoding(file: CohortFile, asked?: string): Promise<Encoding> {
  if (asked !== undefined) return { label: knownLabel(asked), note: undefined };
  const head = await headOf(file);
  refuseKnownBinary(head, file.name);
  const label = byMark(head) ?? byZeros(head);
  if (label !== undefined && label !== 'utf-8') return { label, note: `read as ${label.toUpperCase()}` };
  if (label === undefined) refuseBinary(head, file.name);
  const odd = await firstOddByte(file);
  if (odd === undefined) return { label: 'utf-8', note: undefined };
  if (label === 'utf-8') {
    return {
      label,
      note: `read as UTF-8, as its first bytes say, but line ${odd} is not: what cannot be read is “\ufffd”; save it as UTF-8 again, or give --encoding`,
    };
  }
  return {
    label: 'windows-1252',
    note: `read as Windows-1252, as it is not UTF-8 (line ${odd}); if names look wrong, give --encoding`,
  };
}

/** Bytes → text, without a byte order mark and without NULs (padding that some exports leave). */
export async function* textOf(file: CohortFile, label: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(label);
  for await (const chunk of bytesOf(file)) {
    const text = decoder.decode(chunk, { stream: true });
    yield text.includes('\0') ? text.replaceAll('\0', '') : text;
  }
  yield decoder.decode();
}

function knownLabel(asked: string): string {
  try {
    return new TextDecoder(asked.trim()).encoding;
  } catch {
    throw new OnboardError(
      'CONFIG',
      `--encoding ${asked}: no such encoding; use utf-8, utf-16le, windows-1252 or another label of the Encoding Standard`,
    );
  }
}

async function headOf(file: CohortFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytesOf(file)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= HEAD) break;
  }
  return Buffer.concat(chunks).subarray(0, HEAD);
}

function byMark(head: Buffer): string | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** UTF-16 without a mark: the header's ASCII letters leave every second byte zero. */
function byZeros(head: Buffer): string | undefined {
  const sample = head.subarray(0, 512);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1;
  const [even = 0, odd = 0] = zeros;
  const half = sample.length / 2;
  if (odd > half * 0.6 && even < half * 0.1) return 'utf-16le';
  if (even > half * 0.6 && odd < half * 0.1) return 'utf-16be';
  return undefined;
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

function refuseKnownBinary(head: Buffer, name: string): void {
  if (head.length === 0) throw unreadable(name, 'is empty: it needs a header line and a row per person');
  const start = head.subarray(0, 8).toString('latin1');
  for (const [bytes, what] of SIGNATURES) if (start.startsWith(bytes)) throw unreadable(name, what);
}

/** Text holds next to no control characters; NULs may pad it, up to a third. */
function refuseBinary(head: Buffer, name: string): void {
  let controls = 0;
  let zeros = 0;
  for (const byte of head) {
    if (byte === 0) zeros++;
    else if ((byte < 0x20 && (byte < 9 || byte > 13) && byte !== 0x1b) || byte === 0x7f) controls++;
  }
  if (controls > head.length * 0.02 || zeros > head.length / 3) {
    throw unreadable(name, 'is binary, not text: give a CSV file');
  }
}

/** The line of the first byte that is not UTF-8; undefined when all of it is (a character cut off at the end is). */
async function firstOddByte(file: CohortFile): Promise<number | undefined> {
  let carry = Buffer.alloc(0);
  let line = 1;
  for await (const chunk of bytesOf(file)) {
    const bytes = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
    const whole = bytes.length - unfinished(bytes);
    const done = bytes.subarray(0, whole);
    if (!isUtf8(done)) return line + lineOfOddByte(done);
    for (let at = done.indexOf(10); at >= 0; at = done.indexOf(10, at + 1)) line++;
    carry = Buffer.from(bytes.subarray(whole));
  }
  return undefined;
}

function lineOfOddByte(bytes: Buffer): number {
  let line = 0;
  let from = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
    if (!isUtf8(bytes.subarray(from, at))) return line;
    line++;
    from = at + 1;
  }
  return line;
}

/** How many bytes at the end begin a character that is not complete yet. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? back : 0;
    }
  }
  return 0;
}
