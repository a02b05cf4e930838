import type { Cohort } from '../../cohort/cohort.ts';
import { rowsOf, type Shard } from '../../domain/shard.ts';
import type { Reading } from '../../domain/words.ts';

/** The cohort as a shard sees it: its own rows and no others, with the line numbers that they have in the file. */
export function inShard(cohort: Cohort, shard: Shard | undefined): Cohort {
  if (shard === undefined) return cohort;
  return { ...cohort, readings: (signal) => ours(cohort.readings(signal), shard) };
}

async function* ours(
  batches: AsyncIterable<readonly Reading[]>,
  shard: Shard,
): AsyncGenerator<readonly Reading[]> {
  const isOurs = rowsOf(shard);
  for await (const batch of batches) {
    const kept = batch.filter(isOurs);
    // An empty batch is passed on: whoever pulls has its turn, and can stop.
    yield kept;
  }
}
