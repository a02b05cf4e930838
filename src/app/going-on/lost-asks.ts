import { open, stat } from 'node:fs/promises';
import { type FormerRow, formerPair, openFormer } from '../../cohort/former-row.ts';
import { OnboardError } from '../../domain/errors.ts';
import { type Shard, shardOfGroup } from '../../domain/shard.ts';
import { type Pair, type Place, rowText } from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { errorCode } from '../../lib/files.ts';
import { count } from '../../lib/text.ts';
import { shellWords } from '../exit.ts';

/** Former asks, as a ledger has them. */
export type Known = Pick<Ledger, 'state'>;

/** Whether the ledger has an ask of this pair that was done, or may have been. */
export function isAsked(ledger: Known, pair: Pair): boolean {
  const state = ledger.state(pair);
  return state !== undefined && state.attempts > 0 && state.status !== 'not_done';
}

/** Whether the ledger knows of all asks that the results tell of. An older copy knows fewer. */
export function knowsAsksOf(ledger: Known, pair: Pair, { attempts }: FormerRow['fields']): boolean {
  const told = /^\d{1,6}$/.test(attempts) ? Number(attempts) : 0;
  return isAsked(ledger, pair) && (ledger.state(pair)?.attempts ?? 0) >= told;
}

/** Rows of results that say of people that they were asked, where the ledger does not know it. */
export class LostAsks {
  count = 0;
  #first: Place = { line: 0 };

  add(row: Place): void {
    if (this.count++ === 0) this.#first = { line: row.line, number: row.number };
  }

  /**
   * @param how the flags that the ledger's place and origin take
   * @throws OnboardError CONFIG when there is one
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
 * Only the ledger keeps a run from asking people again. Results that tell of asks which it does not know mean that it was
 * lost, was cut, or is an older copy.
 * @param shard whose groups count; undefined: all do
 */
export async function lostAsksIn(results: string, ledger: Known, shard?: Shard): Promise<LostAsks> {
  const lost = new LostAsks();
  for await (const { row, fields } of formerRowsOf(results)) {
    if (fields.asked_at === '') continue;
    const pair = formerPair(fields);
    if (pair === undefined || !isInShard(pair, shard)) continue;
    if (!knowsAsksOf(ledger, pair, fields)) lost.add(row);
  }
  return lost;
}

/** Whether this shard, if it is one, has the group of the pair. */
export function isInShard({ chatId }: Pair, shard: Shard | undefined): boolean {
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

/** Of a ledger, the beginning that tells whether anybody was asked. */
const BEGINNING = 64 * 1024;

/** Whether there is a ledger at `path` that has an ask; one that cannot be read may. */
export async function tellsOfAsks(path: string): Promise<boolean> {
  try {
    // Before it is opened: a pipe would wait for ever. Its opening as the ledger refuses it.
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
