/** Reads and checks a ledger's whole file, in bounded memory: this run's own, or another one's. */
import { type FileHandle, open } from 'node:fs/promises';
import { OnboardError } from '../domain/errors.ts';
import type { Pair } from '../domain/words.ts';
import { PairIndex } from '../lib/pair-index.ts';
import {
  asHeader,
  asLine,
  decodeLine,
  FORMAT_VERSION,
  type Header,
  type LedgerRecord,
  MAGIC,
  MAX_LINE_BYTES,
  MOST_WRITE_BYTES,
  WrittenOut,
} from './format.ts';
import { isLeftLocked } from './lock.ts';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
/** Longest header: an origin is a host's name and a port. */
const MAX_HEADER_BYTES = 1024;
/** Most zeros that a power loss leaves at the end: the length of one write. */
const MAX_ZEROS = MOST_WRITE_BYTES;
/** Bytes that a disk writes atomically. */
const SECTOR_BYTES = 512;

interface ScanOptions {
  /** Whether the last run ended without releasing its lock. */
  readonly crashed: boolean;
  readonly onHeader: (header: Header) => void;
  readonly onRecord: (record: LedgerRecord, offset: number) => void;
}

interface Scan {
  /** Undefined without a complete header: a new file, or one cut within its first line. */
  readonly header: Header | undefined;
  /** Number of complete lines, with the header. The next record gets `lines + 1`. */
  readonly lines: number;
  /** Bytes of the complete lines, which stay. */
  readonly sound: number;
  /** Bytes after these: a torn tail. */
  readonly torn: number;
  /** Whether the last complete line lacks its newline, which `sound` then does not count. */
  readonly unended: boolean;
}

/**
 * Passes every record, in order, to `onRecord` with the byte offset of its line, or of the full outcome for a line with
 * `as`.
 *
 * A crash can damage an append-only file only by an incomplete last write: the beginning of a record after the last
 * newline, and zeros, which a power loss leaves in place of missing data. This is reported as `torn`, except a whole
 * record, which counts because an editor may have removed its newline. Any other damage may hide records, and so may
 * zeros that a crash cannot have left, because they replace durable records.
 * @throws OnboardError LEDGER_DAMAGED; system errors
 */
export async function scan(
  file: FileHandle,
  path: string,
  { crashed, onHeader, onRecord }: ScanOptions,
): Promise<Scan> {
  let header: Header | undefined;
  let lines = 0;
  /** Offset in the file of the first byte in `buffer`. */
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
        const record = written.record(asLine(decodeLine(line), lines), offset + start);
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
  // Only the possible beginning of a header may be cut, never a file that the user named by mistake.
  if (header === undefined) {
    if (!canBeTornHeader(text)) throw rest.includes(MAGIC) ? damaged(path, 1) : notALedger(path);
    if (filled > MAX_HEADER_BYTES || (zeros > 0 && !crashed)) throw damaged(path, 1);
    return { header, lines, sound: 0, torn: filled, unended: false };
  }
  const last = written.record(asLine(decodeLine(text), lines + 1), offset);
  if (zeros > 0 && !(crashed && canBeTornZeros({ from, zeros, after: last ?? text })))
    throw damaged(path, lines + 1);
  if (last === undefined) {
    if (!canBeTornRecord(text, lines + 1)) throw damaged(path, lines + 1);
    return { header, lines, sound: offset, torn: filled, unended: false };
  }
  onRecord(last, written.offset);
  return { header, lines: lines + 1, sound: offset + text.length, torn: zeros, unended: true };
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

function canBeTornHeader(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  if (text.length < MAGIC.length) return MAGIC.startsWith(text);
  // Text after the brace is more than a header: a ledger without its newlines.
  return text.startsWith(MAGIC) && !/\}./s.test(text);
}

/** Whether the bytes can be an incomplete record `n`; a complete one cannot lose its newline in a crash. */
function canBeTornRecord(bytes: Buffer, n: number): boolean {
  const begins = `{"n":${n},"is":"`;
  const text = bytes.toString('latin1');
  if (text.length < begins.length) return begins.startsWith(text);
  return text.startsWith(begins) && !/,"crc":"[0-9a-f]{8}"\}/.test(text);
}

/**
 * Whether a power loss can have left these zeros in place of one write: they begin at the end of the durable records,
 * or at a sector of the disk. Zeros over durable records begin anywhere; zeros after an orderly end are always damage.
 * @param tail `after`: the last line without its newline, or the record in it
 */
function canBeTornZeros(tail: {
  readonly from: number;
  readonly zeros: number;
  readonly after: Buffer | LedgerRecord;
}): boolean {
  const { from, zeros, after } = tail;
  if (zeros > MAX_ZEROS) return false;
  if (from % SECTOR_BYTES === 0) return true;
  // After a whole record, only its newline can be missing.
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

export interface AsksOf {
  /** False for a ledger of another API, or of the sandbox: it is not counted. */
  isOurs(origin: string): boolean;
  isWanted(pair: Pair): boolean;
}

/** Ends the scan of a ledger of another API. */
class Foreign extends Error {}

/**
 * Number of wanted pairs with an ask in the ledger at `path`; asks that were not done do not count. Memory grows with
 * the pairs found. A damaged ledger is read up to the damage.
 * @throws system errors
 */
export async function asksIn(
  path: string,
  { isOurs, isWanted }: AsksOf,
): Promise<{ readonly people: number; readonly damaged: boolean }> {
  /** Pairs found → number of asks that may have been done. */
  const found = new PairIndex();
  let people = 0;
  const open_ = new Map<number, readonly Pair[]>();
  const change = (pair: Pair, by: number) => {
    const before = found.get(pair) ?? 0;
    found.set(pair, before + by);
    if (before === 0) people++;
    else if (before + by === 0) people--;
  };
  const file = await open(path, 'r');
  try {
    await scan(file, path, {
      crashed: await isLeftLocked(path),
      onHeader: (header) => {
        if (!isOurs(header.origin)) throw new Foreign();
      },
      onRecord: (record) => {
        if (record.is === 'asked') {
          const { chat: chatId } = record;
          const pairs = record.who.map((participant) => ({ chatId, participant })).filter(isWanted);
          for (const pair of pairs) change(pair, 1);
          if (pairs.length > 0) open_.set(record.n, pairs);
        } else if (record.is === 'not_done') {
          for (const pair of open_.get(record.ask) ?? []) change(pair, -1);
          open_.delete(record.ask);
        } else if (record.ask !== undefined) open_.delete(record.ask);
      },
    });
    return { people, damaged: false };
  } catch (error) {
    if (error instanceof Foreign) return { people: 0, damaged: false };
    if (error instanceof OnboardError) return { people, damaged: true };
    throw error;
  } finally {
    await file.close();
  }
}
