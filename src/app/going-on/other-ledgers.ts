import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RunConfig } from '../../config/run.ts';
import { OnboardError } from '../../domain/errors.ts';
import { readShardFile } from '../../domain/shard.ts';
import type { Pair } from '../../domain/words.ts';
import { asksIn } from '../../ledger/asks-in.ts';
import { MAGIC } from '../../ledger/format.ts';
import { isSameFile, placeOf } from '../../lib/same-file.ts';
import { count, plain } from '../../lib/text.ts';
import { decide } from '../../plan/decide.ts';
import type { Inputs } from '../inputs.ts';
import type { Plan } from '../plan.ts';
import type { Session } from '../session.ts';
import { isAsked } from './lost-asks.ts';

/** Most that is read to find out whether other ledgers know these people: some seconds. Bytes. */
const MOST_BYTES = 512 * 1024 * 1024;

/**
 * Only a run's own ledger keeps its people from a second ask. Where another one near, of the same API, has asks of people who
 * are about to be asked, it was that one that should go on.
 * @throws OnboardError CONFIG, naming it, unless the user insists
 */
export async function assertNotAskedElsewhere(
  config: RunConfig,
  { log, control }: Session,
  { ledger }: Inputs,
  { plan, selection }: Plan,
): Promise<void> {
  if (plan.toAsk === 0 || control.stopped) return;
  const isWanted = (pair: Pair) => {
    const listed = plan.list.find(pair);
    if (listed === undefined || isAsked(ledger, pair)) return false;
    return decide({ ledger: ledger.state(pair)?.status, previous: listed.previous }, selection) === 'ask';
  };
  const near = [config.cohort.path, config.output, config.ledger].filter((path) => path !== '-');
  const { known, unread } = await askedElsewhere(config.ledger, near, config.origin, isWanted);
  if (unread.length > 0) {
    const which = unread.map((path) => plain(path)).join(', ');
    log.warn({}, `other ledgers were not read to their end, and may know people of this cohort: ${which}`);
  }
  if (known === undefined) return;
  const message = `${known.path} has ${count(known.people, 'person', 'people')} of the ${plan.toAsk} to be asked as asked already, and ${config.ledger} does not know it`;
  if (config.dryRun || config.askAgain) {
    log.warn({}, plain(message, 2_000));
    return;
  }
  throw new OnboardError(
    'CONFIG',
    `${message}; nobody is asked: go on with that ledger (give the --output that it is beside, or --ledger ${known.path}), or, to have them asked again, give --ask-again-in-new-ledger`,
  );
}

interface Elsewhere {
  /** The other ledger that knows most of these pairs; undefined: none knows any. */
  readonly known: { readonly path: string; readonly people: number } | undefined;
  /** Ledgers that were not read to their end: damaged ones, and those that were too much to read. */
  readonly unread: readonly string[];
}

/**
 * Looks for pairs in the other ledgers of the same API that lie near: each is read once, in bounded memory.
 * @param isWanted whether this pair is about to be asked, and our own ledger knows no ask of it
 */
async function askedElsewhere(
  own: string,
  near: readonly string[],
  origin: string,
  isWanted: (pair: Pair) => boolean,
): Promise<Elsewhere> {
  let left = MOST_BYTES;
  let known: Elsewhere['known'];
  const unread: string[] = [];
  for (const { path, size } of await ledgersNear(own, near)) {
    left -= size;
    const found = left < 0 ? undefined : await asksIn(path, { origin, isWanted }).catch(() => undefined);
    if (found === undefined || found.damaged) unread.push(path);
    const people = found?.people ?? 0;
    if (people > (known?.people ?? 0)) known = { path, people };
  }
  return { known, unread };
}

/** Other ledgers in the folders of these files, the newest first. */
async function ledgersNear(own: string, near: readonly string[]) {
  const dirs = new Set(near.flatMap((file) => [dirname(file), dirname(placeOf(file))].map(placeOf)));
  const shard = readShardFile(basename(own));
  const ledgers: { readonly path: string; readonly size: number; readonly at: number }[] = [];
  for (const dir of dirs) {
    // A folder that cannot be read is reported where something is written into it.
    for (const name of await readdir(dir).catch(() => [])) {
      const path = join(dir, name);
      if (!name.endsWith('.jsonl') || isSameFile(path, own)) continue;
      // The other shards have other groups.
      const other = shard && readShardFile(name);
      if (other && other.plain === shard.plain && other.shard.count === shard.shard.count) continue;
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() && (await mayBeLedger(path)))
        ledgers.push({ path, size: found.size, at: found.mtimeMs });
    }
  }
  return ledgers.sort((a, b) => b.at - a.at);
}

/** True for a file with a ledger's name or a ledger's first bytes. */
async function mayBeLedger(path: string): Promise<boolean> {
  if (path.endsWith('.ledger.jsonl')) return true;
  const file = await open(path, 'r').catch(() => undefined);
  try {
    const read = await file?.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return read?.buffer.toString() === MAGIC;
  } catch {
    return false;
  } finally {
    await file?.close();
  }
}
