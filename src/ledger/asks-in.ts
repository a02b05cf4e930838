/** Counts certain pairs in a ledger other than this run's own. */
import { open } from 'node:fs/promises';
import { OnboardError } from '../domain/errors.ts';
import type { Pair } from '../domain/words.ts';
import { PairIndex } from '../lib/pair-index.ts';
import { isLeftLocked } from './lock.ts';
import { scan } from './scan.ts';

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
