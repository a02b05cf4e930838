import { open, stat } from 'node:fs/promises';
import { type FormerRow, formerPair, openFormer } from '../../cohort/former-row.ts';
import { tellsOfAsk } from '../../cohort/results-file.ts';
import { OnboardError } from '../../domain/errors.ts';
import { parseChatId } from '../../domain/ids.ts';
import { type Shard, shardOfGroup } from '../../domain/shard.ts';
import { type Pair, type Place, rowText } from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { errorCode } from '../../lib/files.ts';
import { PairIndex } from '../../lib/pair-index.ts';
import { count } from '../../lib/text.ts';
import { shellWords } from '../exit.ts';

/** Former asks, from a ledger. */
export type Known = Pick<Ledger, 'state' | 'size'>;

export const NOTHING_KNOWN: Known = { state: () => undefined, size: 0 };

/** Whether the ledger has an ask of this pair that was done, or may have been. */
export function isAsked(ledger: Known, pair: Pair): boolean {
  const state = ledger.state(pair);
  return state !== undefined && state.attempts > 0 && state.status !== 'not_done';
}

/** Whether the ledger knows all asks in the results. An older copy knows fewer. */
export function knowsAsksOf(ledger: Known, pair: Pair, { attempts }: FormerRow['fields']): boolean {
  const told = /^\d{1,6}$/.test(attempts) ? Number(attempts) : 0;
  return isAsked(ledger, pair) && (ledger.state(pair)?.attempts ?? 0) >= told;
}

/** Rows of results with asks that the ledger does not know. */
export class LostAsks {
  count = 0;
  #first: Place = { line: 0 };

  add(row: Place): void {
    if (this.count++ === 0) this.#first = { line: row.line, number: row.number };
  }

  /**
   * @param how flags for the ledger's place and origin
   * @throws OnboardError CONFIG when there is such a row
   */
  refuse(results: string, ledger: string, isThere: boolean, how: readonly string[]): void {
    if (this.count === 0) return;
    const which = `${this.count === 1 ? '' : 'the first in '}${rowText(this.#first)}`;
    const but = isThere
      ? `the ledger knows nothing of it, or less (${ledger}): it was emptied, cut, or is an older copy`
      : `the ledger that keeps them from being asked again is missing (${ledger})`;
    throw new OnboardError(
      'CONFIG',
      `${results} says that ${count(this.count, 'person', 'people')} ${this.count === 1 ? 'was' : 'were'} asked (${which}), but ${but}; nobody is asked now: restore the ledger, or have it made again from the results`,
      { command: shellWords(['rebuild-ledger', results, ...how]) },
    );
  }
}

/**
 * Finds asks in the results that the ledger does not know: it was lost, was cut, or is an older copy. Only the ledger
 * keeps a run from asking people again.
 * @param shard whose groups count; undefined: all do
 */
export async function lostAsksIn(results: string, ledger: Known, shard?: Shard): Promise<LostAsks> {
  const lost = new LostAsks();
  const known = new PairIndex();
  /** Rows that a spreadsheet has damaged: each is about a person whom the ledger has to know, and no other row names. */
  const nameless: Place[] = [];
  for await (const { row, fields } of formerRowsOf(results)) {
    const wasAsked = tellsOfAsk(fields);
    const pair = formerPair(fields);
    const chatId = pair?.chatId ?? parseChatId(fields.chat_id);
    if (shard !== undefined && (chatId === undefined || !isInShard({ chatId }, shard))) continue;
    if (pair === undefined) {
      if (wasAsked || fields.settled_at !== '') nameless.push({ line: row.line, number: row.number });
    } else if (wasAsked && !knowsAsksOf(ledger, pair, fields)) lost.add(row);
    else if (ledger.state(pair) !== undefined) known.add(pair);
  }
  for (const row of nameless.slice(0, Math.max(0, nameless.length - (ledger.size - known.size))))
    lost.add(row);
  return lost;
}

/** Whether the pair's group belongs to this shard; always true without one. */
export function isInShard({ chatId }: Pick<Pair, 'chatId'>, shard: Shard | undefined): boolean {
  return shard === undefined || shardOfGroup(chatId, shard.count) === shard.index;
}

/** Rows of a results CSV; empty when the file is missing, has no row, or is not a results CSV. */
export async function* formerRowsOf(path: string): AsyncGenerator<FormerRow> {
  const former = await openFormer(path).catch((error: unknown) => {
    if (error instanceof OnboardError && error.code === 'COHORT_UNREADABLE') return undefined;
    throw error;
  });
  if (former === undefined) return;
  for await (const batch of former.rows()) yield* batch;
}

/** Bytes read from a ledger's beginning to find out whether anybody was asked. */
const BEGINNING = 64 * 1024;

/** Whether the ledger at `path` has an ask; an unreadable one counts as having one. */
export async function tellsOfAsks(path: string): Promise<boolean> {
  try {
    // Checked before it is opened, because a pipe would block. Errors of opening are the ledger's own.
    if (!(await stat(path)).isFile()) return false;
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
      return bytesRead === BEGINNING || buffer.includes('"is":"asked"');
    } finally {
      await file.close();
    }
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(errorCode(error));
  }
}
