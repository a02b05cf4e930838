/** Configurations of the commands other than `run`. */
import { usage } from '../domain/errors.ts';
import { isSameFile } from '../lib/files.ts';
import { type Env, noSender, originOf, reachConfig, sender } from './api.ts';
import type {
  CheckFlags,
  FollowUpFlags,
  GroupsFlags,
  MergeFlags,
  RebuildFlags,
  ReportFlags,
} from './flags.ts';
import { filePaths, notifyTarget, reportFiles } from './outputs.ts';
import { cohortConfig, fileNames, logConfig, paceConfig, shardConfig } from './run.ts';

export type CheckConfig = ReturnType<typeof checkConfig>;
export type FollowUpConfig = ReturnType<typeof followUpConfig>;
export type GroupsConfig = ReturnType<typeof groupsConfig>;
export type ReportConfig = ReturnType<typeof reportConfig>;
export type MergeConfig = ReturnType<typeof mergeConfig>;
export type RebuildConfig = ReturnType<typeof rebuildConfig>;

export function checkConfig(cohort: string, flags: CheckFlags, env: Env, stderrIsTerminal: boolean) {
  const shard = shardConfig(flags, env);
  const given = flags.output;
  const named = fileNames(shard);
  const output = given === undefined ? undefined : named(given);
  if (output !== undefined && isSameFile(output, cohort)) {
    throw usage(`--output ${output} is the cohort itself: give another file`);
  }
  return Object.freeze({
    cohort: cohortConfig(cohort, flags),
    /** Access for looking up group names; undefined: offline. */
    online: flags.online === true || flags.sandbox === true ? reachConfig(flags, env) : undefined,
    shard,
    /** Path of the plan, row by row; undefined: not written. */
    output,
    /** Ledger that `run` would use by default; undefined: unknown. */
    ledger: cohort === '-' ? undefined : filePaths(cohort, {}, named).ledger,
    excel: flags.excel === true,
    limitPer: flags.limitPer,
    ...paceConfig(flags),
    batchSize: flags.batchSize,
    ...endConfig(flags, output),
    log: logConfig(flags, stderrIsTerminal),
  });
}

export function followUpConfig(results: string, flags: FollowUpFlags, env: Env, stderrIsTerminal: boolean) {
  if (results === '-') {
    throw usage('follow-up reads the results twice, and writes them again: give a file');
  }
  /** The same file by default; '-' is stdout. */
  const output = flags.output ?? results;
  const named = flags.ledger;
  /** It may be missing unless the user named it. */
  const ledger = { path: named ?? `${results}.ledger.jsonl`, named: named !== undefined };
  if (isSameFile(ledger.path, results) || isSameFile(ledger.path, output)) {
    throw usage(`--ledger ${ledger.path} is used already: give another file`);
  }
  return Object.freeze({
    ...reachConfig(flags, env),
    ...{ results, output, ledger },
    reports: reportFiles(results, flags, { output, ledger: ledger.path }),
    notify: notifyTarget(flags, env),
    origin: originOf(flags),
    list: flags.list === true,
    olderThanMs: flags.olderThan,
    ...endConfig(flags, output),
    log: logConfig(flags, stderrIsTerminal),
  });
}

export function groupsConfig(flags: GroupsFlags, env: Env, stderrIsTerminal: boolean) {
  const reach = reachConfig(flags, env);
  if (reach.target.kind === 'api' && reach.sender === undefined) throw noSender('groups');
  const { output } = flags;
  return Object.freeze({
    ...reach,
    /** Path of the CSV; '-' is stdout, undefined: a table is shown instead. */
    output,
    excel: flags.excel === true,
    ...endConfig(flags, output),
    log: logConfig(flags, stderrIsTerminal),
  });
}

export function reportConfig(results: string, flags: ReportFlags) {
  if (results === '-') throw usage('report reads a results CSV from a file: give its name');
  const report = flags.report ?? `${results.replace(/\.csv$/i, '')}.html`;
  const { toDo } = reportFiles(results, { ...flags, report }, { output: results, ledger: undefined });
  return Object.freeze({ results, report, toDo, json: flags.json === true });
}

export function mergeConfig(results: readonly string[], flags: Partial<MergeFlags>) {
  const { output, cohort } = flags;
  if (output === undefined) throw usage('merge needs a place for what it makes: give -o FILE');
  for (const path of [...results, ...(cohort === undefined ? [] : [cohort])]) {
    if (path === '-') throw usage('merge reads files: give their names, not standard input');
    if (isSameFile(path, output)) throw usage(`--output ${output} is read by this merge: give another file`);
  }
  return Object.freeze({
    results,
    cohort: cohort === undefined ? undefined : cohortConfig(cohort, flags),
    output,
    ...endConfig(flags, output),
  });
}

export function rebuildConfig(results: string, flags: RebuildFlags, env: Env) {
  if (results === '-') throw usage('rebuild-ledger reads a results CSV from a file: give its name');
  const shard = shardConfig(flags, env);
  const named = fileNames(shard);
  // The same name as in `run`.
  const dealt = shard && named(filePaths(results, { sandbox: flags.sandbox === true }, named).ledger);
  return Object.freeze({
    results,
    shard,
    /** Path; undefined: next to the results, or the shard's own name. */
    ledger: flags.ledger === undefined ? dealt : named(flags.ledger),
    origin: originOf(flags),
    /** Phone that asked for rows without a sender. */
    sender: sender(flags),
  });
}

/** Ways to tell the end: exit codes that end as 0, and whether standard output is the summary as JSON, alone. */
function endConfig(
  { okCodes = [], json = false }: Partial<Pick<CheckFlags, 'okCodes' | 'json'>>,
  output: string | undefined,
) {
  if (json && output === '-')
    throw usage('--json and --output - both write to standard output: give --output a file');
  return { okCodes, json };
}
