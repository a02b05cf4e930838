/** Files of a run: results, and the one ledger that goes with them. */
import { existsSync, lstatSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Cohort, type CohortOptions, openCohort } from '../../cohort/cohort.ts';
import { openFormer } from '../../cohort/results-file.ts';
import type { RunConfig } from '../../config/run.ts';
import { OnboardError, unfitColumns, usage } from '../../domain/errors.ts';
import { readShardFile, type Shard, shardText } from '../../domain/shard.ts';
import { errorCode, isSameFile, placeOf } from '../../lib/files.ts';

/**
 * Configuration with the run's files as they are on disk. A results CSV goes on with its own files: it is rewritten in
 * place, with the ledger next to it, by whatever link or path it is reached.
 */
export async function withOwnFiles(config: RunConfig): Promise<RunConfig> {
  const { cohort, shard, output, named } = config;
  if (!(await isResultsCsv(config))) {
    if (isSameFile(output, cohort.path))
      throw usage(`--output ${output} is the cohort itself: give another file`);
    const beside = output === '-' ? config.ledger : ledgerBeside(output);
    return { ...config, ledger: named.ledger ?? beside };
  }
  const own = placeOf(cohort.path);
  const ledger = ledgerBeside(cohort.path);
  const marked = readShardFile(basename(own))?.shard;
  if (shard !== undefined && (marked === undefined || shardText(marked) !== shardText(shard))) {
    // Dealt to shards, merged results go on in files of their own, each with a ledger made from these results.
    if (!existsSync(ledger)) return config;
    throw usage(
      `${cohort.path} is a results CSV, and goes on whole, with its own ledger (${ledger}): run it without --shard`,
    );
  }
  if (named.ledger !== undefined && existsSync(ledger) && !isSameFile(named.ledger, ledger)) {
    throw usage(
      `${cohort.path} is a results CSV, and ${ledger} is its ledger: leave --ledger out, or name that one`,
    );
  }
  const to = named.output ?? (config.dryRun ? plannedBeside(own) : own);
  if (config.dryRun && isSameFile(to, own))
    throw usage(`--dry-run would write a plan over the results ${to}: give another --output`);
  return { ...config, output: to, ledger: named.ledger ?? ledger };
}

/** Path of a plan that does not replace results. */
function plannedBeside(results: string): string {
  return `${results.replace(/\.csv$/i, '')}.planned.csv`;
}

async function isResultsCsv({ cohort }: RunConfig): Promise<boolean> {
  if (cohort.path === '-') return false;
  // Opening the file reports its errors.
  return (await openFormer(cohort.path, cohort).catch(() => undefined)) !== undefined;
}

/** Ledger of results: next to the file, or next to the link to it if only that one exists. */
export function ledgerBeside(results: string): string {
  const beside = `${results}.ledger.jsonl`;
  const isLink = lstatSync(results, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const own = isLink ? `${placeOf(results)}.ledger.jsonl` : beside;
  if (own === beside || !existsSync(beside)) return own;
  if (!existsSync(own)) return beside;
  throw usage(
    `${results} is a link, and there are two ledgers, ${beside} and ${own}: name the right one with --ledger`,
  );
}

/**
 * Opens the results of a run, for a command that works on them.
 * @throws OnboardError COHORT_UNREADABLE, or COHORT_COLUMNS naming the wanted file: a cohort has its rows and no
 * results
 */
export async function openResultsCsv(path: string, options: CohortOptions = {}): Promise<Cohort> {
  const refuse = (cause?: unknown) => {
    const beside = resultsOf(path);
    const give =
      beside === undefined ? 'the results CSV that run wrote' : `the results CSV beside it, ${beside}`;
    return unfitColumns(
      `${basename(path)} is not a results CSV: its header does not end with the columns that run writes (row, chat_id, …, settled_at); give ${give}`,
      { cause },
    );
  };
  const cohort = await openCohort(path, options).catch((error: unknown) => {
    throw error instanceof OnboardError && error.code === 'COHORT_COLUMNS' ? refuse(error) : error;
  });
  if (!cohort.isResults) throw refuse();
  return cohort;
}

/** Default path of the results of a cohort, if the file exists. */
function resultsOf(path: string): string | undefined {
  const stem = basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.(?:csv|tsv|txt)$/i, '');
  return [`${stem}.results.csv`, `${stem}.sandbox.results.csv`]
    .map((name) => join(dirname(path), name))
    .find((name) => existsSync(name));
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
    if (shard && name === plain) throw dealtOtherwise(join(dirname(ledger), name), undefined, shard);
    const other = readShardFile(name);
    if (other?.plain === plain && other.shard.count !== shard?.count && name !== ours)
      throw dealtOtherwise(join(dirname(ledger), name), other.shard, shard);
  }
}

function dealtOtherwise(path: string, other: Shard | undefined, shard: Shard | undefined): OnboardError {
  const now = shard ? `--shard ${shardText(shard)}` : 'a run without --shard';
  const found = `${path} is of a run ${other ? `in ${other.count} shards` : 'without --shard'}, and ${now} would ask the same people again`;
  const todo = other
    ? `go on with --shard 1/${other.count} to ${other.count}/${other.count}, or merge their results, and run with the merged file, once rebuild-ledger has made its ledger`
    : 'go on without --shard, or run with the results of that run, once it has ended';
  return usage(`${found}: ${todo}`);
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
