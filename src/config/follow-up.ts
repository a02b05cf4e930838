import { type ExitCode, OnboardError } from '../domain/errors.ts';
import { isSameFile } from '../lib/files.ts';
import { type Env, parseBaseUrl } from './api.ts';
import { type ReportFiles, reportFiles } from './files.ts';
import type { FollowUpFlags } from './flags.ts';
import { type NotifyTarget, notifyTarget } from './notify.ts';
import { type ReachConfig, reachConfig } from './reach.ts';
import { jsonOnStdout, type LogConfig, logConfig } from './run.ts';

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
