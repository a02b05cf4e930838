/** Refusals before a file is replaced: of foreign files, of results that tell of asks; and of a cohort's second ledger. */
import { access, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { tellsOfAsk } from '../../cohort/results-file.ts';
import { OnboardError } from '../../domain/errors.ts';
import { readShardFile, type Shard, shardText } from '../../domain/shard.ts';
import { type Place, RESULT_COLUMNS, rowText } from '../../domain/words.ts';
import { openAtomicFile, probeAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/files.ts';
import { formerRowsOf } from '../going-on/lost-asks.ts';

/** Longest header that is looked at, bytes. */
const HEADER_BYTES = 65_536;
const OURS = RESULT_COLUMNS.join(',');

/**
 * Refuses results over a file that is not an older results CSV of ours, because a mistyped `--output` must not cost a
 * spreadsheet.
 * @param ledger of this output, where it knows of asks
 * @throws OnboardError NOT_WRITABLE when the file there is something else.
 */
export async function assertReplaceable(path: string, ledger?: string): Promise<void> {
  if (path === '-') return;
  const begins = await beginningOf(path, HEADER_BYTES);
  const [header = ''] = begins.toString('utf8').split(/\r?\n/, 1);
  const isOurs = header.endsWith(OURS) || begins.includes(`${OURS}\n`) || begins.includes(`${OURS}\r\n`);
  if (begins.length === 0 || isOurs) return;
  const todo =
    ledger === undefined
      ? 'give --output another file'
      : `it was changed, or is something else: move it away, and run the same command again, which goes on with ${ledger}`;
  throw new OnboardError('NOT_WRITABLE', `${path} exists but is not a group-onboard results CSV: ${todo}`);
}

/** Kind of a file that a flag asks for: its name in messages, and the beginning of every such file of ours. */
export interface Kind {
  readonly flag: string;
  readonly what: string;
  readonly begins: string;
}

/** Length of the byte order mark at the start of files for Excel. */
const MARK_BYTES = 3;

/** @throws OnboardError NOT_WRITABLE when the file there is not of this kind, or could not be written. */
export async function assertOurs(path: string, { flag, what, begins }: Kind): Promise<void> {
  const found = await beginningOf(path, MARK_BYTES + begins.length);
  if (
    found.length > 0 &&
    !found
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .startsWith(begins)
  ) {
    throw new OnboardError(
      'NOT_WRITABLE',
      `${path} exists and is no ${what} of ours: give ${flag} another file`,
    );
  }
  await probeAtomicFile(path).catch((error: unknown) => {
    throw new OnboardError(
      'NOT_WRITABLE',
      `${path}: the ${what} cannot be written there: ${describeFailure(error)}; put that right, or give another ${flag}`,
      { cause: error },
    );
  });
}

/**
 * First bytes of a file; empty when it is absent, unreadable or a device: another check covers whether these can be
 * written.
 */
async function beginningOf(path: string, bytes: number): Promise<Buffer> {
  // Checked before it is opened, because opening a pipe may block forever.
  if (!(await stat(path).catch(() => undefined))?.isFile()) return Buffer.alloc(0);
  const file = await open(path, 'r').catch(() => undefined);
  try {
    const read = await file?.read(Buffer.alloc(bytes), 0, bytes, 0);
    return read?.buffer.subarray(0, read.bytesRead) ?? Buffer.alloc(0);
  } finally {
    await file?.close();
  }
}

/**
 * Writes the page as a whole, readable by its owner only.
 * @throws OnboardError RESULTS_FAILED; the results CSV is in place by then, and the report can be made from it.
 */
export async function writePage(path: string, page: Iterable<string>): Promise<void> {
  try {
    const file = await openAtomicFile(path);
    try {
      for (const piece of page) await file.write(piece);
      await file.commit();
    } finally {
      await file.abort();
    }
  } catch (error) {
    throw new OnboardError(
      'RESULTS_FAILED',
      `${path}: the report could not be written: ${describeFailure(error)}; nothing is lost: put that right and make it with group-onboard report`,
      { cause: error },
    );
  }
}

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
  for await (const { row, fields } of formerRowsOf(path)) if (tellsOfAsk(fields)) return row;
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
