import type { Pair } from '../domain/words.ts';
import { PairIndex } from '../ledger/pair-index.ts';

/** Remembers on which line each pair came first; gives that line back for every later row of the same pair. */
export function firstLines(): (pair: Pair, line: number) => number {
  const index = new PairIndex();
  return (pair, line) => {
    const first = index.get(pair);
    if (first !== undefined) return first;
    index.set(pair, line);
    return line;
  };
}
