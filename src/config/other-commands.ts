/** Configurations of `follow-up`, `groups`, `merge` and `rebuild-ledger`; `run.ts` has those of `run`, `check`, `report`. */
import { type ExitCode, OnboardError } from '../domain/errors.ts';
import type { Shard } from '../domain/shard.ts';
import type { Sender } from '../domain/words.ts';
import { isSameFile } from '../lib/files.ts';
import { type Env, noSender, parseBaseUrl, type ReachConfig, reachConfig, sender, usage } from './api.ts';
import { filePaths, type ReportFiles, reportFiles } from './files.ts';
import type { FollowUpFlags, GroupsFlags, MergeFlags, RebuildFlags } from './flags.ts';
import { type NotifyTarget, notifyTarget } from './notify.ts';
import { type CohortConfig, cohortConfig, jsonOnStdout, type LogConfig, logConfig } from './run.ts';
import { fileNames, shardConfig } from './shard.ts';

/** Configuration of `follow-up`: results, their ledger, and access to the API. */
export interface FollowUpConfig extends ReachConfig {
  /** Results CSV that `run` wrote. */
  readonly results: string;
  /** A path (the same file by default), or '-' for stdout. */
  readonly output: string;
  /** Ledger of those results; it may be missing unless the user named it. */
  readonly ledger: { readonly path: string; readonly named: boolean };
  readonly reports: ReportFiles;
  /** Destination of the summary; undefined: not posted. */
  readonly notify: NotifyTarget | undefined;
  readonly origin: string;
  /** Names the rows of all people who are still out. */
  readonly list: boolean;
  /** Names the rows of invites older than this. */
  readonly olderThanMs: number | undefined;
  readonly okCodes: readonly ExitCode[];
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
  readonly log: LogConfig;
}

/** argv + env → one frozen Config, or an OnboardError with exit code 2. */
export function followUpConfig(
  results: string,
  flags: FollowUpFlags,
  env: Env,
  stderrIsTerminal: boolean,
): FollowUpConfig {
  if (results === '-') {
    throw new OnboardError('CONFIG', 'follow-up reads the results twice, and writes them again: give a file');
  }
  const output = flags.output ?? results;
  const named = flags.ledger;
  const ledger = { path: named ?? `${results}.ledger.jsonl`, named: named !== undefined };
  if (isSameFile(ledger.path, results) || isSameFile(ledger.path, output)) {
    throw new OnboardError('CONFIG', `--ledger ${ledger.path} is used already: give another file`);
  }
  const reach = reachConfig(flags, env);
  return Object.freeze({
    ...reach,
    results,
    output,
    ledger,
    reports: reportFiles(results, flags, { output, ledger: ledger.path }),
    notify: notifyTarget(flags, env),
    origin: reach.target.kind === 'sandbox' ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin,
    list: flags.list === true,
    olderThanMs: flags.olderThan,
    okCodes: flags.okCodes ?? [],
    json: jsonOnStdout(flags, output),
    log: logConfig({ ...flags, progress: 'off' }, stderrIsTerminal),
  });
}

/** Configuration of `groups`: the list's form, and access to the API. */
export interface GroupsConfig extends ReachConfig {
  /** Path of the CSV; '-' is stdout, undefined: a table is shown instead. */
  readonly output: string | undefined;
  readonly excel: boolean;
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
  readonly log: LogConfig;
}

export function groupsConfig(flags: GroupsFlags, env: Env, stderrIsTerminal: boolean): GroupsConfig {
  const reach = reachConfig(flags, env);
  if (reach.target.kind === 'api' && reach.sender === undefined) throw noSender('groups');
  return Object.freeze({
    ...reach,
    output: flags.output,
    excel: flags.excel === true,
    json: jsonOnStdout(flags, flags.output),
    log: logConfig({ ...flags, progress: 'off' }, stderrIsTerminal),
  });
}

/** Configuration of `merge`: results of the shards, and the merged file. */
export interface MergeConfig {
  readonly results: readonly string[];
  /** Cohort of these results: tells which rows have no result. */
  readonly cohort: CohortConfig | undefined;
  /** A path, or '-' for stdout. */
  readonly output: string;
  /** Exit codes that end as 0. */
  readonly okCodes: readonly ExitCode[];
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
}

export function mergeConfig(results: readonly string[], flags: Partial<MergeFlags>): MergeConfig {
  const output = flags.output;
  const cohort = flags.cohort;
  if (output === undefined) throw usage('merge needs a place for what it makes: give -o FILE');
  for (const path of [...results, ...(cohort === undefined ? [] : [cohort])]) {
    if (path === '-') throw usage('merge reads files: give their names, not standard input');
    if (isSameFile(path, output)) throw usage(`--output ${output} is read by this merge: give another file`);
  }
  return Object.freeze({
    results,
    cohort: cohort === undefined ? undefined : cohortConfig(cohort, flags),
    output,
    okCodes: flags.okCodes ?? [],
    json: jsonOnStdout(flags, output),
  });
}

/** Configuration of `rebuild-ledger`: the results, and the phone and API that they belong to. */
export interface RebuildConfig {
  readonly results: string;
  /** Shard whose groups are rebuilt; undefined: all groups. */
  readonly shard: Shard | undefined;
  /** Path; undefined: next to the results, or the shard's own name. */
  readonly ledger: string | undefined;
  /** Origin that the ledger is bound to: the API's, or `sandbox`. */
  readonly origin: string;
  /** Phone that asked for rows without a sender. */
  readonly sender: Sender | undefined;
}

export function rebuildConfig(results: string, flags: RebuildFlags, env: Env): RebuildConfig {
  if (results === '-') throw usage('rebuild-ledger reads a results CSV from a file: give its name');
  const shard = shardConfig(flags, env);
  const named = fileNames(shard);
  // The same name as in `run`.
  const dealt = shard && named(filePaths(results, { sandbox: flags.sandbox === true }, named).ledger);
  return Object.freeze({
    results,
    shard,
    ledger: flags.ledger === undefined ? dealt : named(flags.ledger),
    origin: flags.sandbox ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin,
    sender: sender(flags),
  });
}
