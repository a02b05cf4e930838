import type { Pair } from '../domain/words.ts';
import { PairIndex } from '../lib/pair-index.ts';

/** Remembers on which line each pair came first; gives that line back for every later row of the same pair. */
export function firstLines(): (pair: Pair, line: number) => number {
  const index = new PairIndex();
  return (pair, line) => {
    const before = index.size;
    const entry = index.insert(pair);
    if (entry === before) index.setAt(entry, line);
    return index.valueAt(entry);
  };
}
