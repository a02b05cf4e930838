/** Opening: reads a ledger's file from its first byte to its last, in bounded memory, and judges what it finds. */
import type { FileHandle } from 'node:fs/promises';
import { OnboardError } from '../domain/errors.ts';
import {
  asHeader,
  asLine,
  decodeLine,
  FORMAT_VERSION,
  type Header,
  type LedgerLine,
  type LedgerRecord,
  MAGIC,
  MAX_LINE_BYTES,
  MOST_WRITE_BYTES,
  type OutcomeEntry,
} from './format.ts';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
/** Longest header: an origin is a host's name and a port. */
const MAX_HEADER_BYTES = 1024;
/** Most zeros that a power loss leaves at the end: as long as one write. */
const MAX_ZEROS = MOST_WRITE_BYTES;
/** Bytes that a disk writes all or none of. */
const SECTOR_BYTES = 512;

export interface ScanOptions {
  /** The last run did not let its lock go. */
  readonly crashed: boolean;
  readonly onHeader: (header: Header) => void;
  readonly onRecord: (record: LedgerRecord, offset: number) => void;
}

export interface Scan {
  /** Undefined when there is no complete header: a new file, or one that was cut within its first line. */
  readonly header: Header | undefined;
  /** Complete lines, the header included. The next record gets `lines + 1`. */
  readonly lines: number;
  /** Bytes of the complete lines: what stays. */
  readonly sound: number;
  /** Bytes after these: a torn tail. */
  readonly torn: number;
  /** The last of the complete lines has all but its newline, which `sound` does not count. */
  readonly unended: boolean;
}

/**
 * Hands every record, in order, to `onRecord` with the byte offset of its line; of an outcome that is as another's, with
 * that of the line that has it written out.
 *
 * The one damage that a crash can do to an append-only file is an incomplete last write: the beginning of a record after
 * the last newline, and zeros, which a power loss leaves where data was still to come. That is reported as `torn`, unless
 * it is a whole record, which counts: an editor may have taken the newline. Anything else was not done by a crash, and what
 * it hides is not known: LEDGER_DAMAGED. So are zeros that no crash can have left: they lie over records that were durable.
 */
export async function scan(
  file: FileHandle,
  path: string,
  { crashed, onHeader, onRecord }: ScanOptions,
): Promise<Scan> {
  let header: Header | undefined;
  let lines = 0;
  /** The bytes read and not yet judged begin at this offset of the file. */
  let offset = 0;
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0;
  const written = new WrittenOut();

  for (;;) {
    if (filled === buffer.length) {
      if (buffer.length >= MAX_LINE_BYTES) throw damaged(path, lines + 1);
      buffer = Buffer.concat([buffer], buffer.length * 2);
    }
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
    if (bytesRead === 0) break;
    const searchFrom = filled;
    filled += bytesRead;

    let start = 0;
    let end = newlineIn(buffer, searchFrom, filled);
    for (; end !== -1; end = newlineIn(buffer, start, filled)) {
      const line = buffer.subarray(start, end);
      lines++;
      if (header === undefined) {
        header = readHeader(line, path);
        onHeader(header);
      } else {
        const record = written.read(line, lines, offset + start);
        if (record === undefined) throw damaged(path, lines);
        onRecord(record, written.offset);
      }
      start = end + 1;
    }
    buffer.copyWithin(0, start, filled);
    filled -= start;
    offset += start;
  }

  const rest = buffer.subarray(0, filled);
  const text = withoutZeros(rest);
  const zeros = filled - text.length;
  const from = offset + text.length;
  // Whatever file the user has named by mistake must not be cut: only what can be the beginning of a header is.
  if (header === undefined) {
    if (!canBeTornHeader(text)) throw rest.includes(MAGIC) ? damaged(path, 1) : notALedger(path);
    if (filled > MAX_HEADER_BYTES || (zeros > 0 && !crashed)) throw damaged(path, 1);
    return { header, lines, sound: 0, torn: filled, unended: false };
  }
  const last = written.read(text, lines + 1, offset);
  if (zeros > 0 && !(crashed && canBeTornZeros({ from, zeros, after: last ?? text })))
    throw damaged(path, lines + 1);
  if (last === undefined) {
    if (!canBeTornRecord(text, lines + 1)) throw damaged(path, lines + 1);
    return { header, lines, sound: offset, torn: filled, unended: false };
  }
  onRecord(last, written.offset);
  return { header, lines: lines + 1, sound: offset + text.length, torn: zeros, unended: true };
}

/** Gives outcomes that are as another's their words again. */
class WrittenOut {
  /** Of the line that has the words of the last record. */
  offset = 0;
  /** The outcome that the next line may be like. */
  #outcome: OutcomeEntry | undefined;

  /** The record in line `n`; undefined when there is none, or it is as no outcome before it. */
  read(bytes: Buffer, n: number, offset: number): LedgerRecord | undefined {
    const line = asLine(decodeLine(bytes), n);
    return line && this.#record(line, offset);
  }

  #record(line: LedgerLine, offset: number): LedgerRecord | undefined {
    if ('as' in line) {
      const { as, n, who } = line;
      return this.#outcome?.n === as ? { ...this.#outcome, n, who } : undefined;
    }
    this.#outcome = line.is === 'outcome' ? line : undefined;
    this.offset = offset;
    return line;
  }
}

function newlineIn(buffer: Buffer, from: number, to: number): number {
  const at = buffer.indexOf(NEWLINE, from);
  return at < to ? at : -1;
}

function readHeader(line: Buffer, path: string): Header {
  if (!line.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) throw notALedger(path);
  const header = asHeader(decodeLine(line));
  if (header === undefined) throw damaged(path, 1);
  if (header.version > FORMAT_VERSION) {
    throw new OnboardError(
      'LEDGER_DAMAGED',
      `${path}: this ledger was written by a newer version of group-onboard (format ${header.version}); run that version`,
    );
  }
  return header;
}

/** Whether this is how a header begins. */
function canBeTornHeader(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  if (text.length < MAGIC.length) return MAGIC.startsWith(text);
  // Beyond its brace there is more than a header: a ledger without its newlines.
  return text.startsWith(MAGIC) && !/\}./s.test(text);
}

/** Whether this is how record `n` begins, and no more than that: one that was whole has lost its newline to no crash. */
function canBeTornRecord(bytes: Buffer, n: number): boolean {
  const begins = `{"n":${n},"is":"`;
  const text = bytes.toString('latin1');
  if (text.length < begins.length) return begins.startsWith(text);
  return text.startsWith(begins) && !/,"crc":"[0-9a-f]{8}"\}/.test(text);
}

/**
 * Whether a power loss can have left these zeros in the place of one write, which begins where the durable records end: where
 * that is, or where a sector of the disk begins. Zeros over durable records begin anywhere, and those of a run that ended in
 * good order are damage wherever they begin.
 * @param after the last line that has no newline, or the record in it
 */
function canBeTornZeros(tail: {
  readonly from: number;
  readonly zeros: number;
  readonly after: Buffer | LedgerRecord;
}): boolean {
  const { from, zeros, after } = tail;
  if (zeros > MAX_ZEROS) return false;
  if (from % SECTOR_BYTES === 0) return true;
  // Of a whole record only its newline was still to come.
  return Buffer.isBuffer(after) ? after.length === 0 : zeros === 1;
}

function withoutZeros(bytes: Buffer): Buffer {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return bytes.subarray(0, length);
}

function damaged(path: string, line: number): OnboardError {
  return new OnboardError(
    'LEDGER_DAMAGED',
    `${path}, line ${line}: the ledger is damaged, so who was asked is not certain; nobody is asked until it ` +
      'reads again: restore it from a backup, or have it made again from its results',
    { command: 'rebuild-ledger RESULTS' },
  );
}

function notALedger(path: string): OnboardError {
  return new OnboardError(
    'LEDGER_DAMAGED',
    `${path}, line 1: this file is not a ledger of group-onboard, and was left as it is: put back the ledger that was here, or name the right one with --ledger`,
  );
}
