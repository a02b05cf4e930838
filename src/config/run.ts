import type { CountryCode } from '../cohort/normalizer.ts';
import type { ExitCode } from '../domain/errors.ts';
import type { Shard } from '../domain/shard.ts';
import type { ChatId, Sender, Status } from '../domain/words.ts';
import { isSameFile } from '../lib/same-file.ts';
import type { Tolerance } from '../lib/units.ts';
import type { RedisTarget } from '../send/rate-limit/redis/redis-url.ts';
import { type Env, parseBaseUrl, redisTarget, sender, type Target, target, usage } from './api.ts';
import type { CheckFlags, CohortFlags, ReportFlags, RunFlags } from './flags.ts';
import { type NotifyTarget, notifyTarget } from './notify.ts';
import { type PaceConfig, paceConfig } from './pace.ts';
import { fileNames, shardConfig } from './shard.ts';

/** How the cohort is read. */
export interface CohortConfig {
  readonly path: string;
  readonly chatId: ChatId | undefined;
  readonly chatColumn: string | undefined;
  readonly phoneColumn: string | undefined;
  readonly senderColumn: string | undefined;
  readonly countryColumn: string | undefined;
  /** ISO country; that libphonenumber knows it is checked where the cohort is opened. */
  readonly defaultCountry: CountryCode | undefined;
  readonly delimiter: string | undefined;
  readonly encoding: string | undefined;
}

export type LimitPer = 'key' | 'phone';

export interface LogConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'text' | 'json';
  /** JSON was asked for: then the summary is a record, too, and nothing is drawn. Unasked, only the log's own lines are JSON. */
  readonly records: boolean;
  readonly progress: 'auto' | 'on' | 'off';
  /** Errors only; neither progress nor summary. */
  readonly quiet: boolean;
}

/** Files that a user may ask for, beside the results. But for the HTML page and the to-do list none of them holds a phone number. */
export interface ReportFiles {
  /** The HTML page for people, which holds phone numbers. */
  readonly report: string | undefined;
  /** The CSV of those who need something from somebody, which holds phone numbers, too. */
  readonly toDo: string | undefined;
  readonly summaryJson: string | undefined;
  readonly junit: string | undefined;
  readonly metricsFile: string | undefined;
}

export interface RunConfig extends PaceConfig {
  readonly cohort: CohortConfig;
  /** undefined: the whole cohort. */
  readonly shard: Shard | undefined;
  /** A path, or '-' for stdout. */
  readonly output: string;
  readonly ledger: string;
  /** These as the user has named them; undefined: not at all. A results CSV as the cohort goes on with its own. */
  readonly named: Named;
  /** Results with a byte order mark, CRLF, and what Excel would turn into other numbers protected. */
  readonly excel: boolean;
  readonly reports: ReportFiles;
  /** Where the summary is posted; undefined: nowhere. */
  readonly notify: NotifyTarget | undefined;
  /** What the ledger is bound to: the API's origin, or `sandbox`. */
  readonly origin: string;
  /** undefined in a dry run without a key: then nothing is read from the API either. */
  readonly target: Target | undefined;
  /** The `x-phone` header of rows that name no sender: digits, or `phone-…`. */
  readonly sender: Sender | undefined;
  readonly requestTimeoutMs: number;
  readonly precheck: boolean;
  readonly forceAdd: boolean;
  /** Where the allowance is shared with other processes; undefined: it is not. */
  readonly redis: RedisTarget | undefined;
  /** What the server's rate limit counts by, where several phones send. */
  readonly limitPer: LimitPer;
  /** Waits over the daily cap. */
  readonly untilDone: boolean;
  readonly batchSize: number;
  readonly concurrency: number;
  readonly coolDownMs: number;
  readonly dryRun: boolean;
  /** Do not ask before sending, even on a terminal. */
  readonly yes: boolean;
  readonly limit: number | undefined;
  readonly retry: readonly Status[];
  readonly onlyStatus: readonly Status[] | undefined;
  /** Also whom another ledger near has as asked. */
  readonly askAgain: boolean;
  readonly maxErrors: Tolerance | undefined;
  readonly deadlineMs: number | undefined;
  /** Exit codes that end as 0. */
  readonly okCodes: readonly ExitCode[];
  readonly log: LogConfig;
}

/** Files that the user has named. */
export interface Named {
  readonly output: string | undefined;
  readonly ledger: string | undefined;
}

/** What `check` needs: no key, no ledger. */
export interface CheckConfig extends Omit<PaceConfig, 'breaker'> {
  readonly cohort: CohortConfig;
  readonly shard: Shard | undefined;
  /** Where the plan is written, row by row; undefined: nowhere. */
  readonly output: string | undefined;
  readonly excel: boolean;
  readonly limitPer: LimitPer;
  readonly batchSize: number;
  readonly okCodes: readonly ExitCode[];
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
  readonly log: LogConfig;
}

/** What `report` needs: a results CSV, and where its page and its to-do list go. */
export interface ReportConfig {
  readonly results: string;
  readonly report: string;
  readonly toDo: string | undefined;
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
}

/** Whether the summary goes to standard output as JSON, where nothing else may be. */
export function jsonOnStdout(
  flags: { readonly json?: boolean | undefined },
  output: string | undefined,
): boolean {
  if (flags.json === true && output === '-')
    throw usage('--json and --output - both write to standard output: give --output a file');
  return flags.json === true;
}

/** The default ceiling on asks in flight: above what 100 asks per second at 500 ms latency need. */
export const DEFAULT_CONCURRENCY = 100;

export function cohortConfig(path: string, flags: Partial<CohortFlags>): CohortConfig {
  return Object.freeze({
    path,
    chatId: flags.chatId,
    chatColumn: flags.chatColumn,
    phoneColumn: flags.phoneColumn,
    senderColumn: flags.senderColumn,
    countryColumn: flags.countryColumn,
    defaultCountry: flags.defaultCountry,
    delimiter: flags.delimiter,
    encoding: flags.encoding,
  });
}

/** No timer of Node's is longer than 2^31 − 1 ms; one that is set to more goes off at once. */
const LONGEST_TIMEOUT_MS = 86_400_000;

export function requestTimeout(flags: Pick<RunFlags, 'requestTimeout'>): number {
  const ms = flags.requestTimeout;
  if (ms > LONGEST_TIMEOUT_MS)
    throw usage('--request-timeout is longer than a day: no answer takes that long; give 30s or so');
  return ms;
}

export function logConfig(
  flags: Pick<RunFlags, 'quiet' | 'logLevel' | 'logFormat' | 'progress'>,
  stderrIsTerminal: boolean,
): LogConfig {
  const quiet = flags.quiet === true;
  return Object.freeze({
    level: quiet ? 'error' : flags.logLevel,
    format: flags.logFormat ?? (stderrIsTerminal ? 'text' : 'json'),
    records: flags.logFormat === 'json',
    progress: quiet ? 'off' : flags.progress,
    quiet,
  });
}

/**
 * The results path and the ledger path of a run, refused where they could destroy the cohort or be nowhere. A trial in the
 * sandbox has files of its own, so that its ledger does not stand in the way of the real run.
 * @param named how this shard calls a file
 */
export function filePaths(
  cohort: string,
  flags: Partial<Pick<RunFlags, 'output' | 'ledger' | 'sandbox'>>,
  named: (path: string) => string = (path) => path,
): { output: string; ledger: string; named: Named } {
  const given = flags.output;
  if (cohort === '-' && given === undefined) {
    throw usage('the cohort comes from standard input, so its results have no name: give --output FILE');
  }
  const stem = cohort.replace(/\.gz$/i, '').replace(/\.(?:csv|tsv|txt)$/i, '');
  const byItself = `${stem}${flags.sandbox ? '.sandbox' : ''}.results.csv`;
  const output = named(given ?? byItself);
  const base = output === '-' ? (cohort === '-' ? undefined : named(byItself)) : output;
  const own = flags.ledger;
  const ledger = own === undefined ? base && `${base}.ledger.jsonl` : named(own);
  if (ledger === undefined) {
    throw usage(
      'the cohort comes from standard input and the results go to standard output: give --ledger FILE',
    );
  }
  if (isSameFile(ledger, cohort) || isSameFile(ledger, output))
    throw usage(`--ledger ${ledger} is used already: give another file`);
  return {
    output,
    ledger,
    named: { output: given && output, ledger: own && ledger },
  };
}

/** The summaries for machines, each in a file that nothing else is in. */
export function reportFiles(
  cohort: string,
  flags: Partial<ReportFiles>,
  paths: { readonly output: string; readonly ledger: string | undefined },
  named: (path: string) => string = (path) => path,
): ReportFiles {
  const file = (name: keyof ReportFiles) => {
    const path = flags[name];
    return path === undefined ? undefined : named(path);
  };
  const files = {
    report: file('report'),
    toDo: file('toDo'),
    summaryJson: file('summaryJson'),
    junit: file('junit'),
    metricsFile: file('metricsFile'),
  };
  const taken = [cohort, paths.output, ...(paths.ledger === undefined ? [] : [paths.ledger])];
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (path === '-') throw usage(`${flag} needs a file: standard output carries the results only`);
    if (taken.some((other) => isSameFile(path, other)))
      throw usage(`${flag} ${path} is used already: give another file`);
    taken.push(path);
  }
  return Object.freeze(files);
}

export function checkConfig(
  cohort: string,
  flags: CheckFlags,
  env: Env,
  stderrIsTerminal: boolean,
): CheckConfig {
  const shard = shardConfig(flags, env);
  const given = flags.output;
  const output = given === undefined ? undefined : fileNames(shard)(given);
  if (output !== undefined && isSameFile(output, cohort)) {
    throw usage(`--output ${output} is the cohort itself: give another file`);
  }
  return Object.freeze({
    cohort: cohortConfig(cohort, flags),
    shard,
    output,
    excel: flags.excel === true,
    limitPer: flags.limitPer,
    ...paceConfig(flags),
    batchSize: flags.batchSize,
    okCodes: flags.okCodes ?? [],
    json: jsonOnStdout(flags, output),
    log: logConfig({ ...flags, progress: 'off' }, stderrIsTerminal),
  });
}

export function reportConfig(results: string, flags: ReportFlags): ReportConfig {
  if (results === '-') throw usage('report reads a results CSV from a file: give its name');
  const report = flags.report ?? `${results.replace(/\.csv$/i, '')}.html`;
  const { toDo } = reportFiles(results, { ...flags, report }, { output: results, ledger: undefined });
  return Object.freeze({ results, report, toDo, json: flags.json === true });
}

/** argv + env → one frozen Config, or an OnboardError with exit code 2. Nothing has been touched yet. */
export function runConfig(cohort: string, flags: RunFlags, env: Env, stderrIsTerminal: boolean): RunConfig {
  const dryRun = flags.dryRun === true;
  const to = target(flags, env, dryRun);
  const shard = shardConfig(flags, env);
  const named = fileNames(shard);
  const paths = filePaths(cohort, flags, named);
  return Object.freeze({
    cohort: cohortConfig(cohort, flags),
    shard,
    ...paths,
    excel: flags.excel === true,
    reports: reportFiles(cohort, flags, paths, named),
    notify: notifyTarget(flags, env),
    origin: flags.sandbox ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin,
    target: to,
    sender: sender(flags),
    requestTimeoutMs: requestTimeout(flags),
    redis: redisTarget(flags, env),
    precheck: flags.precheck,
    forceAdd: flags.forceAdd === true,
    limitPer: flags.limitPer,
    ...paceConfig(flags),
    untilDone: flags.untilDone === true,
    batchSize: flags.batchSize,
    concurrency: flags.concurrency ?? DEFAULT_CONCURRENCY,
    coolDownMs: flags.coolDown,
    dryRun,
    yes: flags.yes === true,
    limit: flags.limit,
    retry: flags.retry ?? [],
    onlyStatus: flags.onlyStatus,
    askAgain: flags.askAgainInNewLedger === true,
    maxErrors: flags.maxErrors,
    deadlineMs: flags.deadline,
    okCodes: flags.okCodes ?? [],
    log: logConfig(flags, stderrIsTerminal),
  });
}
