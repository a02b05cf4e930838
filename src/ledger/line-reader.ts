/** Reads single lines of the ledger by their offset: outcomes are kept in the file, not in memory. */
import { readSync } from 'node:fs';

/**
 * A row of the results needs one line of a few hundred bytes; neighbouring rows mostly have neighbouring lines. Asks of
 * several people are gathered from up to 10,000 rows, so that the lines of neighbours lie as far apart.
 */
const BLOCK_BYTES = 16 * 1024;
/** Blocks kept: 8 MiB in all, about three times the lines of so many rows. */
const BLOCKS = 512;
const NEWLINE = 0x0a;

export class LineReader {
  readonly #fd: number;
  /** By block number, in order of last use. */
  readonly #blocks = new Map<number, Buffer>();

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * The line that begins at `offset`, without its newline; good until the next call. The file is append-only, so a whole line never changes; a
   * last block that was short when it was read is read again when more of it is wanted.
   */
  lineAt(offset: number): Buffer {
    const pieces: Buffer[] = [];
    for (let at = offset; ; ) {
      const from = at % BLOCK_BYTES;
      const block = this.#block((at - from) / BLOCK_BYTES);
      const end = block.indexOf(NEWLINE, from);
      if (end !== -1) {
        const last = block.subarray(from, end);
        return pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
      }
      if (block.length < BLOCK_BYTES) {
        const fresh = this.#read((at - from) / BLOCK_BYTES);
        if (fresh.length <= block.length)
          throw new Error(`the ledger ends within the line at byte ${offset}`);
        continue;
      }
      pieces.push(Buffer.from(block.subarray(from)));
      at += BLOCK_BYTES - from;
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
    this.#blocks.delete(number);
    const reused = this.#blocks.size < BLOCKS ? undefined : this.#oldest();
    const room = reused ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const length = readSync(this.#fd, room, 0, BLOCK_BYTES, number * BLOCK_BYTES);
    const block = length === BLOCK_BYTES ? room : Buffer.from(room.subarray(0, length));
    this.#blocks.set(number, block);
    return block;
  }

  #oldest(): Buffer | undefined {
    const [oldest] = this.#blocks;
    this.#blocks.delete(oldest?.[0] ?? -1);
    return oldest?.[1].length === BLOCK_BYTES ? oldest[1] : undefined;
  }
}
