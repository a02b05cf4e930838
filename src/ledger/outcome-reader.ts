/** Reads the words of outcomes back from the ledger's file. */
import type { Outcome } from '../domain/words.ts';
import { asLine, decodeLine, knownReason } from './format.ts';
import { LineReader } from './line-reader.ts';

export interface OutcomeWords extends Outcome {
  /** As the file has it. */
  readonly asked: string | undefined;
  /** Epoch ms. */
  readonly askedAt: number | undefined;
  /** Epoch ms. */
  readonly settledAt: number;
}

/** Outcomes kept, as people of a batch have theirs in common: those of the 10,000 rows that batches are gathered from. */
const KEPT = 4_096;
/** Longest message kept, in UTF-16 units: all that are kept may be as long, and are 8 MB then. */
const KEPT_MESSAGE = 1_000;

export class OutcomeReader {
  readonly #lines: LineReader;
  /** By place: an outcome is where its offset leads to, until another comes there. */
  readonly #kept: ({ readonly offset: number; readonly words: OutcomeWords } | undefined)[] = new Array(KEPT);

  constructor(fd: number) {
    this.#lines = new LineReader(fd);
  }

  /** @param offset of the line that has the outcome written out, in bytes. @throws when there is no such line any more */
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
