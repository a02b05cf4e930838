/**
 * The ledger's file while this run holds it: appends to it, and knows before and after each write that the file is as this
 * run left it. Whatever else writes there, by another name of the file or in spite of the lock, moves its end; and of two
 * that write at once the later finds more before its record than it knows. So an ask follows only where all that the
 * file says was known when it was decided.
 */
import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { errorCode, writeFully } from '../lib/files.ts';

/** Bytes of the last record that are compared: its checksum is in them. */
const TAIL_BYTES = 128;

export interface OwnFileOptions {
  readonly file: FileHandle;
  /** The name that the user gave: where it leads must not change. */
  readonly path: string;
  /** Bytes: where the next record goes. */
  readonly length: number;
  /** False leaves out every fsync: for measuring, and for tests that are not about it. */
  readonly durable: boolean;
  /** Makes the error for a file that is not as this run left it. */
  readonly lost: (why: string) => Error;
}

export class OwnFile {
  readonly #options: OwnFileOptions;
  readonly #ino: bigint;
  readonly #dev: bigint;
  #length: number;
  /** The last bytes. */
  #tail: Buffer;

  private constructor(options: OwnFileOptions, { ino, dev }: { ino: bigint; dev: bigint }, tail: Buffer) {
    this.#options = options;
    this.#ino = ino;
    this.#dev = dev;
    this.#length = options.length;
    this.#tail = tail;
  }

  static async of(options: OwnFileOptions): Promise<OwnFile> {
    const { file, length } = options;
    const found = await file.stat({ bigint: true });
    const own = new OwnFile(options, found, await bytesBefore(file, length, Math.min(TAIL_BYTES, length)));
    await own.check();
    return own;
  }

  /** Rejects when the file is not as this run left it. */
  async check(): Promise<void> {
    const { file, path, lost } = this.#options;
    const [held, named, tail] = await Promise.all([
      file.stat({ bigint: true }),
      stat(path, { bigint: true }).catch((error: unknown) => {
        throw errorCode(error) === 'ENOENT' ? lost('the file was removed') : error;
      }),
      bytesBefore(file, this.#length, this.#tail.length),
    ]);
    if (named.ino !== this.#ino || named.dev !== this.#dev) throw lost('another file has taken its place');
    if (held.nlink === 0n) throw lost('the file was removed');
    if (held.nlink > 1n) throw lost('it has a second name (a hard link)');
    if (held.size < this.#length) throw lost('another program has cut the file');
    if (held.size > this.#length) throw lost('another process has written to it');
    if (!tail.equals(this.#tail)) throw lost('another program has changed it');
  }

  /**
   * Resolves when the bytes are durable, at the end of a file that holds nothing else new. After a failure the file ends where
   * it ended: nothing that the bytes say is done, and nobody counts as asked who was not.
   * @param confirm called when they are durable; rejects when they may not take effect after all
   */
  async append(bytes: Buffer, confirm: () => Promise<void> = async () => undefined): Promise<void> {
    const { file, durable } = this.#options;
    await this.check();
    const before = this.#length;
    try {
      await writeFully(file, bytes);
      if (durable) await file.datasync();
      this.#length += bytes.length;
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
      await this.check();
      await confirm();
    } catch (error) {
      await this.#takeBack(bytes, before);
      throw error;
    }
  }

  /**
   * Cuts off what is certainly ours: the bytes, or the first of them, where they began; or all of them behind another
   * process's. What cannot be undone stays: whoever it names is in doubt then, and not asked again.
   */
  async #takeBack(bytes: Buffer, before: number): Promise<void> {
    const { file, durable } = this.#options;
    try {
      // No turn of the event loop lies between the look and the cut.
      const { size } = fstatSync(file.fd);
      const rest = Buffer.alloc(Math.max(0, size - before));
      readSync(file.fd, rest, 0, rest.length, before);
      if (rest.length === 0) return;
      if (bytes.subarray(0, rest.length).equals(rest)) ftruncateSync(file.fd, before);
      else if (rest.subarray(-bytes.length).equals(bytes)) ftruncateSync(file.fd, size - bytes.length);
      else return;
      if (durable) await file.datasync();
    } catch {
      // The failure that led here is the one to tell.
    }
  }
}

/** The `count` bytes that end at `end`; fewer where the file ends before that. */
async function bytesBefore(file: FileHandle, end: number, count: number): Promise<Buffer> {
  if (count <= 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, end - count);
  return buffer.subarray(0, bytesRead);
}
