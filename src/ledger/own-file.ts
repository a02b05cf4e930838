/**
 * The ledger's file while this run holds it: appends to it, and reads outcomes back. Each append checks before and after
 * the write that the file is as this run left it: any other writer (by another name of the file, or despite the lock)
 * moves its end, and the later of two concurrent writers finds unknown bytes before its record. So an ask follows only
 * if the file held nothing unknown.
 */
import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import type { Outcome } from '../domain/words.ts';
import { errorCode, writeFully } from '../lib/files.ts';
import { asLine, decodeLine, knownReason } from './format.ts';

/** Bytes at the end of the file that are compared: they include the last record's checksum. */
const TAIL_BYTES = 128;

interface OwnFileOptions {
  readonly file: FileHandle;
  /** Path as the user gave it; its target must not change. */
  readonly path: string;
  /** Offset of the next record, in bytes. */
  readonly length: number;
  /** Returns the error for a file that is not as this run left it. */
  readonly lost: (why: string) => Error;
}

/** @throws an error of `lost` when the file is not as this run left it */
export async function openOwnFile({ file, path, length, lost }: OwnFileOptions) {
  const { ino, dev } = await file.stat({ bigint: true });
  let end = length;
  let tail = await bytesBefore(file, end, Math.min(TAIL_BYTES, end));

  async function check(): Promise<void> {
    const [held, named, found] = await Promise.all([
      file.stat({ bigint: true }),
      stat(path, { bigint: true }).catch((error: unknown) => {
        throw errorCode(error) === 'ENOENT' ? lost('the file was removed') : error;
      }),
      bytesBefore(file, end, tail.length),
    ]);
    if (named.ino !== ino || named.dev !== dev) throw lost('another file has taken its place');
    if (held.nlink === 0n) throw lost('the file was removed');
    if (held.nlink > 1n) throw lost('it has a second name (a hard link)');
    if (held.size < end) throw lost('another program has cut the file');
    if (held.size > end) throw lost('another process has written to it');
    if (!found.equals(tail)) throw lost('another program has changed it');
  }

  await check();
  return {
    /**
     * Resolves when the bytes are durable, at the end of a file that holds nothing else new. After a failure, the file is
     * cut to its former end, so that nobody counts as asked who was not.
     * @param confirm called when the bytes are durable; rejects when they may not take effect after all
     */
    async append(bytes: Buffer, confirm: () => Promise<void> = async () => undefined): Promise<void> {
      await check();
      const before = end;
      try {
        await writeFully(file, bytes);
        await file.datasync();
        end += bytes.length;
        tail = Buffer.concat([tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
        await check();
        await confirm();
      } catch (error) {
        await takeBack(file, bytes, before);
        throw error;
      }
    },
  };
}

/**
 * Cuts off bytes that are certainly ours: all or the first of them at their start, or all of them after another
 * process's bytes. Other bytes stay: the people they name are then in doubt, and are not asked again.
 */
async function takeBack(file: FileHandle, bytes: Buffer, before: number): Promise<void> {
  try {
    // Synchronous, so that no turn of the event loop lies between the read and the cut.
    const { size } = fstatSync(file.fd);
    const rest = Buffer.alloc(Math.max(0, size - before));
    readSync(file.fd, rest, 0, rest.length, before);
    if (rest.length === 0) return;
    if (bytes.subarray(0, rest.length).equals(rest)) ftruncateSync(file.fd, before);
    else if (rest.subarray(-bytes.length).equals(bytes)) ftruncateSync(file.fd, size - bytes.length);
    else return;
    await file.datasync();
  } catch {
    // The caller throws the first failure.
  }
}

/** The `count` bytes that end at `end`; fewer if the file ends earlier. */
async function bytesBefore(file: FileHandle, end: number, count: number): Promise<Buffer> {
  if (count <= 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, end - count);
  return buffer.subarray(0, bytesRead);
}

/**
 * Bytes read at once. A row of the results needs one line of a few hundred bytes, and neighbouring rows mostly have
 * neighbouring lines; with asks of several people, these lines lie up to 10,000 rows apart.
 */
const BLOCK_BYTES = 16 * 1024;
/** Blocks kept: 8 MiB in all, about three times the lines of 10,000 rows. */
const BLOCKS = 512;
const NEWLINE = 0x0a;

/** Reads single lines of the ledger by offset, because outcomes are kept in the file, not in memory. */
export class LineReader {
  readonly #fd: number;
  /** By block number, in order of last use. */
  readonly #blocks = new Map<number, Buffer>();

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * The line that begins at `offset`, without its newline; valid until the next call. The file is append-only, so a
   * whole line never changes; a block that was short when it was read is read again on demand.
   * @throws Error when the file ends within the line
   */
  lineAt(offset: number): Buffer {
    const pieces: Buffer[] = [];
    for (let at = offset; ; at += BLOCK_BYTES - (at % BLOCK_BYTES)) {
      const [number, from] = [Math.floor(at / BLOCK_BYTES), at % BLOCK_BYTES];
      let block = this.#block(number);
      let end = block.indexOf(NEWLINE, from);
      if (end === -1 && block.length < BLOCK_BYTES) {
        block = this.#read(number);
        end = block.indexOf(NEWLINE, from);
      }
      if (end !== -1) {
        const last = block.subarray(from, end);
        return pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
      }
      if (block.length < BLOCK_BYTES) throw new Error(`the ledger ends within the line at byte ${offset}`);
      pieces.push(block.subarray(from));
    }
  }

  #block(number: number): Buffer {
    const kept = this.#blocks.get(number);
    if (kept === undefined) return this.#read(number);
    this.#blocks.delete(number);
    this.#blocks.set(number, kept);
    return kept;
  }

  #read(number: number): Buffer {
    const room = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const block = room.subarray(0, readSync(this.#fd, room, 0, BLOCK_BYTES, number * BLOCK_BYTES));
    this.#blocks.delete(number);
    this.#blocks.set(number, block);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    return block;
  }
}

export interface OutcomeWords extends Outcome {
  /** Time of the last ask, as written in the file (ISO 8601). */
  readonly asked: string | undefined;
  /** Epoch ms. */
  readonly askedAt: number | undefined;
  /** Epoch ms. */
  readonly settledAt: number | undefined;
}

/** Full outcome in a line of the ledger. @throws Error when the line has none any more */
export function outcomeIn(bytes: Buffer): OutcomeWords {
  const value = decodeLine(bytes) as { readonly n: number } | undefined;
  const line = value && asLine(value, value.n);
  if (line?.is !== 'outcome' || 'as' in line) throw new Error('the ledger has not this outcome any more');
  return {
    status: line.status,
    reasonCode: knownReason(line.reason),
    message: line.message,
    httpStatus: line.http,
    traceId: line.trace,
    asked: line.asked,
    askedAt: line.asked === undefined ? undefined : Date.parse(line.asked),
    settledAt: Date.parse(line.at),
  };
}
