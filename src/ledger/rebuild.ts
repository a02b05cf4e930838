/** Rebuilds a ledger from its readable records and from results. */
import { constants, createReadStream, existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { OnboardError } from '../domain/errors.ts';
import type { Clock, Outcome, Pair } from '../domain/words.ts';
import { type AtomicFile, openAtomicFile } from '../lib/atomic-file.ts';
import { canonicalPath } from '../lib/files.ts';
import {
  asHeader,
  asLine,
  decodeLine,
  encode,
  FORMAT_VERSION,
  type LedgerRecord,
  MAX_LINE_BYTES,
  WrittenOut,
} from './format.ts';
import { requireOrigin } from './ledger.ts';
import { acquireLock } from './lock.ts';
import { LedgerState } from './state.ts';

/** One row of results, as a fact about a pair. */
export interface Told extends Outcome {
  readonly pair: Pair;
  /** The phone that asked. */
  readonly from: string;
  /** Epoch ms; undefined: settled without an ask. */
  readonly askedAt: number | undefined;
  readonly settledAt: number;
  readonly attempts: number;
}

/**
 * Adds the facts of result rows to the ledger at `path`. Its readable records all stay, with damage around them or not.
 * @throws OnboardError LOCKED, LEDGER_ORIGIN, LEDGER_DAMAGED (the file is something else); system errors
 */
export async function rebuildLedger(
  path: string,
  told: AsyncIterable<Told>,
  { origin, clock }: { readonly origin: string; readonly clock: Clock },
) {
  const place = canonicalPath(path);
  const lock = await acquireLock(place, { clock, onLost: () => undefined });
  try {
    const now = new Date(clock.now());
    const file = await openAtomicFile(place);
    const writer = new Rewriter(file);
    try {
      const header = {
        ledger: 'group-onboard',
        version: FORMAT_VERSION,
        origin,
        created: now.toISOString(),
      } as const;
      await file.write(encode(header));
      const isThere = existsSync(place);
      const found = isThere
        ? await salvage(path, place, origin, writer)
        : { hasHeader: false, unreadable: 0 };
      let added = 0;
      for await (const one of told) if (await writer.tell(one)) added++;
      const { unreadable } = found;
      const aside =
        isThere && unreadable > 0 ? `${place}.damaged-${now.toISOString().replaceAll(':', '')}` : undefined;
      if (added > 0 || unreadable > 0 || !found.hasHeader) {
        if (aside !== undefined) await copyFile(place, aside, constants.COPYFILE_EXCL);
        await file.commit();
      }
      return {
        /** Number of pairs that were new to the ledger, or had fewer asks there. */
        added,
        size: writer.state.size,
        /** Number of unreadable lines in the former ledger; when there are any, `aside` is a copy of it. */
        unreadable,
        aside,
      };
    } finally {
      await file.abort();
    }
  } finally {
    await lock.release();
  }
}

/** Writes records under new numbers. */
class Rewriter {
  readonly state = new LedgerState();
  readonly #file: AtomicFile;
  #lines = 1;
  /** Numbers of asks in the former ledger → here. */
  readonly #asks = new Map<number, number>();

  constructor(file: AtomicFile) {
    this.#file = file;
  }

  /** Writes a record of the former ledger. An outcome whose ask was unreadable is written without `ask`. */
  async keep(record: LedgerRecord): Promise<void> {
    const n = this.#lines + 1;
    if (record.is === 'asked') {
      this.#asks.set(record.n, n);
      return this.#write({ ...record, n });
    }
    const ask = record.ask === undefined ? undefined : this.#asks.get(record.ask);
    if (record.is === 'outcome') return this.#write({ ...record, n, ask });
    // Without its ask, a `not_done` names nobody: these pairs stay in doubt.
    if (ask !== undefined) await this.#write({ ...record, n, ask });
  }

  /** Adds the fact of a result row unless it is known. Resolves to true if it was added. */
  async tell(told: Told): Promise<boolean> {
    const { pair, askedAt } = told;
    const known = this.state.get(pair);
    const attempts = known?.attempts ?? 0;
    const isKnown = known !== undefined && known.status !== 'not_done';
    const isAskKnown = isKnown && attempts > 0 && attempts >= told.attempts;
    // The results may have the outcome of an ask that is in doubt here.
    if (isKnown && (askedAt === undefined || (isAskKnown && known.status !== 'in_doubt'))) return false;
    let ask: number | undefined;
    if (askedAt !== undefined && !isAskKnown) {
      const at = new Date(askedAt).toISOString();
      const asked = { is: 'asked', at, from: told.from, chat: pair.chatId, who: [pair.participant] } as const;
      // Former asks count as attempts, but not for a daily cap, because their times are unknown.
      for (let more = Math.min(told.attempts, MOST_ATTEMPTS) - attempts - 1; more > 0; more--) {
        await this.#write({ n: this.#lines + 1, ...asked });
        await this.#write({ n: this.#lines + 1, is: 'not_done', at, ask: this.#lines });
      }
      ask = this.#lines + 1;
      await this.#write({ n: ask, ...asked });
    }
    await this.#write({
      n: this.#lines + 1,
      is: 'outcome',
      at: new Date(told.settledAt).toISOString(),
      ask,
      asked: askedAt === undefined ? undefined : new Date(askedAt).toISOString(),
      chat: pair.chatId,
      who: pair.participant,
      status: told.status,
      reason: told.reasonCode,
      http: told.httpStatus,
      trace: told.traceId,
      message: told.message,
    });
    return true;
  }

  async #write(record: LedgerRecord): Promise<void> {
    this.state.apply(record, 0);
    this.#lines++;
    await this.#file.write(encode(record));
  }
}

/** Most attempts believed: a cell with more was edited. */
const MOST_ATTEMPTS = 1_000;

/** Copies every readable record of the former ledger to `to`. */
async function salvage(
  path: string,
  place: string,
  origin: string,
  to: Rewriter,
): Promise<{ hasHeader: boolean; unreadable: number }> {
  let hasHeader = false;
  let records = 0;
  let unreadable = 0;
  let strange = false;
  const written = new WrittenOut();
  for await (const bytes of linesOf(place)) {
    const value = decodeLine(bytes);
    const header = records === 0 ? asHeader(value) : undefined;
    if (header !== undefined) {
      requireOrigin(path, header.origin, origin);
      hasHeader = true;
      continue;
    }
    const line = asLine(value, (value as { readonly n?: unknown } | undefined)?.n as number);
    const record = written.record(line, 0);
    if (record === undefined) {
      unreadable++;
      strange ||= bytes.some((byte) => byte !== 0);
      continue;
    }
    records++;
    await to.keep(record);
  }
  if (!hasHeader && records === 0 && strange) {
    throw new OnboardError(
      'LEDGER_DAMAGED',
      `${path}: nothing in this file reads as a ledger of group-onboard, and it was left as it is: move it away, then run this again`,
    );
  }
  return { hasHeader, unreadable };
}

/** Non-empty lines of a file, without newlines. A line over MAX_LINE_BYTES is cut to its first 1024 bytes. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    let bytes = Buffer.concat([rest, chunk as Buffer]);
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a)) {
      if (end > 0 && !isTooLong) yield bytes.subarray(0, end);
      isTooLong = false;
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > MAX_LINE_BYTES) {
      if (!isTooLong) yield bytes.subarray(0, 1024);
      isTooLong = true;
      bytes = Buffer.alloc(0);
    }
    rest = bytes;
  }
  if (rest.length > 0 && !isTooLong) yield rest;
}
