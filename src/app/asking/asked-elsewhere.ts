import { access, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OnboardError } from '../../domain/errors.ts';
import { readShardFile, type Shard, shardText } from '../../domain/shard.ts';
import { type Place, rowText } from '../../domain/words.ts';
import { formerRowsOf } from '../going-on/lost-asks.ts';

/**
 * Refuses to replace results by a plan: results are the only trace of a lost ledger, and people read them.
 * @throws OnboardError CONFIG when the file there says that somebody was asked
 */
export async function assertNoResults(path: string): Promise<void> {
  if (path === '-' || !(await isThere(path))) return;
  const row = await firstAsked(path);
  if (row === undefined) return;
  throw new OnboardError(
    'CONFIG',
    `${path}, ${rowText(row)}, says that people were asked: give --output another file for the plan`,
  );
}

/** First row of results that records an ask. A file that can not be read as results has none. */
async function firstAsked(path: string): Promise<Place | undefined> {
  for await (const { row, fields } of formerRowsOf(path)) if (fields.asked_at !== '') return row;
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Refuses a second ledger of the same cohort that was dealt otherwise (in another number of shards, or not at all): it
 * knows people whom this one does not, and only a run's own ledger keeps its people from a second ask.
 * @throws OnboardError CONFIG when there is one next to this run's ledger
 */
export async function assertOneSharding(ledger: string, shard: Shard | undefined): Promise<void> {
  const ours = basename(ledger);
  const plain = (shard && readShardFile(ours)?.plain) ?? ours;
  // A directory that cannot be read is reported where the ledger is opened.
  const names = await readdir(dirname(ledger)).catch(() => []);
  for (const name of names.sort()) {
    if (shard && name === plain) throw refused(join(dirname(ledger), name), undefined, shard);
    const other = readShardFile(name);
    if (other?.plain === plain && other.shard.count !== shard?.count && name !== ours)
      throw refused(join(dirname(ledger), name), other.shard, shard);
  }
}

function refused(path: string, other: Shard | undefined, shard: Shard | undefined): OnboardError {
  const now = shard ? `--shard ${shardText(shard)}` : 'a run without --shard';
  const found = `${path} is of a run ${other ? `in ${other.count} shards` : 'without --shard'}, and ${now} would ask the same people again`;
  const todo = other
    ? `go on with --shard 1/${other.count} to ${other.count}/${other.count}, or merge their results, and run with the merged file, once rebuild-ledger has made its ledger`
    : 'go on without --shard, or run with the results of that run, once it has ended';
  return new OnboardError('CONFIG', `${found}: ${todo}`);
}
