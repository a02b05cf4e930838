/** Reads outcomes back from the ledger's file. */

import { readSync } from 'node:fs';
import type { Outcome } from '../domain/words.ts';
import { asLine, decodeLine, knownReason } from './format.ts';

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

export interface OutcomeWords extends Outcome {
  /** Time of the last ask, as written in the file (ISO 8601). */
  readonly asked: string | undefined;
  /** Epoch ms. */
  readonly askedAt: number | undefined;
  /** Epoch ms. */
  readonly settledAt: number | undefined;
}

/**
 * Number of outcomes kept, because people of a batch share theirs: enough for the 10,000 rows a batch is gathered from.
 */
const KEPT = 4_096;
/** Longest message kept, in UTF-16 units: 8 MB if all kept outcomes have one. */
const KEPT_MESSAGE = 1_000;

export class OutcomeReader {
  readonly #lines: LineReader;
  /** Direct-mapped cache: an outcome's offset gives its place, and the newest outcome at a place stays. */
  readonly #kept: ({ readonly offset: number; readonly words: OutcomeWords } | undefined)[] = new Array(KEPT);

  constructor(fd: number) {
    this.#lines = new LineReader(fd);
  }

  /** @param offset of the line with the full outcome, in bytes. @throws Error when that line no longer exists */
  at(offset: number): OutcomeWords {
    // Lines of ours are longer than 64 bytes.
    const place = Math.floor(offset / 64) % KEPT;
    const kept = this.#kept[place];
    if (kept?.offset === offset) return kept.words;
    const words = this.#read(offset);
    if (words.message.length <= KEPT_MESSAGE) this.#kept[place] = { offset, words };
    return words;
  }

  #read(offset: number): OutcomeWords {
    const value = decodeLine(this.#lines.lineAt(offset)) as { readonly n: number } | undefined;
    const line = value && asLine(value, value.n);
    if (line?.is !== 'outcome' || 'as' in line)
      throw new Error(`the ledger has no outcome at byte ${offset} any more`);
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
}
