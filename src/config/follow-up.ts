import { type ExitCode, OnboardError } from '../domain/errors.ts';
import type { Sender } from '../domain/words.ts';
import { isSameFile } from '../lib/same-file.ts';
import type { RedisTarget } from '../send/rate-limit/redis/redis-url.ts';
import { type Env, parseBaseUrl, redisTarget, sender, type Target, target } from './api.ts';
import { type ReportFiles, reportFiles } from './files.ts';
import type { FollowUpFlags } from './flags.ts';
import { type NotifyTarget, notifyTarget } from './notify.ts';
import {
  DEFAULT_CONCURRENCY,
  jsonOnStdout,
  type LimitPer,
  type LogConfig,
  logConfig,
  requestTimeout,
} from './run.ts';

export interface FollowUpConfig {
  /** The results CSV that `run` wrote. */
  readonly results: string;
  /** A path (the same one, unless the user named another), or '-' for stdout. */
  readonly output: string;
  /** The ledger of those results; when the user has not named it, it may be missing. */
  readonly ledger: { readonly path: string; readonly named: boolean };
  readonly reports: ReportFiles;
  /** Where the summary is posted; undefined: nowhere. */
  readonly notify: NotifyTarget | undefined;
  readonly origin: string;
  readonly target: Target;
  readonly sender: Sender | undefined;
  readonly requestTimeoutMs: number;
  readonly concurrency: number;
  /** Where the allowance is shared with other processes; undefined: it is not. */
  readonly redis: RedisTarget | undefined;
  readonly limitPer: LimitPer;
  readonly maxRate: undefined;
  readonly gap: undefined;
  /** Names the rows of everybody who is still out. */
  readonly list: boolean;
  /** Names the rows of invites that are older than this. */
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
  const to = target(flags, env, false) as Target;
  return Object.freeze({
    results,
    output,
    ledger,
    reports: reportFiles(results, flags, { output, ledger: ledger.path }),
    notify: notifyTarget(flags, env),
    origin: to.kind === 'sandbox' ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin,
    target: to,
    sender: sender(flags),
    requestTimeoutMs: requestTimeout(flags),
    redis: redisTarget(flags, env),
    concurrency: DEFAULT_CONCURRENCY,
    limitPer: flags.limitPer,
    maxRate: undefined,
    gap: undefined,
    list: flags.list === true,
    olderThanMs: flags.olderThan,
    okCodes: flags.okCodes ?? [],
    json: jsonOnStdout(flags, output),
    log: logConfig({ ...flags, progress: 'off' }, stderrIsTerminal),
  });
}
