/** Configurations of the commands other than `run`. */
import type { ExitCode } from '../domain/errors.ts';
import type { Shard } from '../domain/shard.ts';
import type { Sender } from '../domain/words.ts';
import { isSameFile } from '../lib/files.ts';
import {
  type Env,
  type LimitPer,
  noSender,
  parseBaseUrl,
  type ReachConfig,
  reachConfig,
  sender,
  usage,
} from './api.ts';
import type {
  CheckFlags,
  FollowUpFlags,
  GroupsFlags,
  MergeFlags,
  RebuildFlags,
  ReportFlags,
} from './flags.ts';
import { filePaths, type NotifyTarget, notifyTarget, type ReportFiles, reportFiles } from './outputs.ts';
import {
  type CohortConfig,
  cohortConfig,
  fileNames,
  type LogConfig,
  logConfig,
  type PaceConfig,
  paceConfig,
  shardConfig,
} from './run.ts';

/** Configuration of `check`: no key, and no ledger of its own. */
export interface CheckConfig extends Omit<PaceConfig, 'breaker'> {
  readonly cohort: CohortConfig;
  readonly shard: Shard | undefined;
  /** Path of the plan, row by row; undefined: not written. */
  readonly output: string | undefined;
  /** Ledger that `run` would use by default; undefined: unknown. */
  readonly ledger: string | undefined;
  readonly excel: boolean;
  readonly limitPer: LimitPer;
  readonly batchSize: number;
  readonly okCodes: readonly ExitCode[];
  /** Access for looking up group names; undefined: offline. */
  readonly online: ReachConfig | undefined;
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
  readonly log: LogConfig;
}

export function checkConfig(
  cohort: string,
  flags: CheckFlags,
  env: Env,
  stderrIsTerminal: boolean,
): CheckConfig {
  const shard = shardConfig(flags, env);
  const given = flags.output;
  const named = fileNames(shard);
  const output = given === undefined ? undefined : named(given);
  if (output !== undefined && isSameFile(output, cohort)) {
    throw usage(`--output ${output} is the cohort itself: give another file`);
  }
  return Object.freeze({
    cohort: cohortConfig(cohort, flags),
    online: flags.online === true || flags.sandbox === true ? reachConfig(flags, env) : undefined,
    shard,
    output,
    ledger: cohort === '-' ? undefined : filePaths(cohort, {}, named).ledger,
    excel: flags.excel === true,
    limitPer: flags.limitPer,
    ...paceConfig(flags),
    batchSize: flags.batchSize,
    okCodes: flags.okCodes ?? [],
    json: jsonOnStdout(flags, output),
    log: logConfig(flags, stderrIsTerminal),
  });
}

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
    throw usage('follow-up reads the results twice, and writes them again: give a file');
  }
  const output = flags.output ?? results;
  const named = flags.ledger;
  const ledger = { path: named ?? `${results}.ledger.jsonl`, named: named !== undefined };
  if (isSameFile(ledger.path, results) || isSameFile(ledger.path, output)) {
    throw usage(`--ledger ${ledger.path} is used already: give another file`);
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
    log: logConfig(flags, stderrIsTerminal),
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
    log: logConfig(flags, stderrIsTerminal),
  });
}

/** Configuration of `report`: a results CSV, and the paths of its page and its to-do list. */
export interface ReportConfig {
  readonly results: string;
  readonly report: string;
  readonly toDo: string | undefined;
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
}

export function reportConfig(results: string, flags: ReportFlags): ReportConfig {
  if (results === '-') throw usage('report reads a results CSV from a file: give its name');
  const report = flags.report ?? `${results.replace(/\.csv$/i, '')}.html`;
  const { toDo } = reportFiles(results, { ...flags, report }, { output: results, ledger: undefined });
  return Object.freeze({ results, report, toDo, json: flags.json === true });
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

/** Whether the summary goes to standard output as JSON, where nothing else may be. */
function jsonOnStdout(flags: { readonly json?: boolean | undefined }, output: string | undefined): boolean {
  if (flags.json === true && output === '-')
    throw usage('--json and --output - both write to standard output: give --output a file');
  return flags.json === true;
}
