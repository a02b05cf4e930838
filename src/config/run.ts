import { usage } from '../domain/errors.ts';
import { parseShard, type Shard, shardFile, shardText } from '../domain/shard.ts';
import type { HoursConfig } from '../plan/open-hours.ts';
import {
  DEFAULT_CONCURRENCY,
  type Env,
  originOf,
  redisTarget,
  requestTimeout,
  sender,
  target,
} from './api.ts';
import type { CohortFlags, RunFlags } from './flags.ts';
import { filePaths, notifyTarget, reportFiles } from './outputs.ts';

export type LogConfig = ReturnType<typeof logConfig>;
export type RunConfig = ReturnType<typeof runConfig>;

export function cohortConfig(path: string, flags: Partial<CohortFlags>) {
  if (flags.groups !== undefined && flags.chatId !== undefined)
    throw usage('--groups and --chat-id exclude each other: with --chat-id every row goes to one group');
  return Object.freeze({
    path,
    groupsFile: flags.groups,
    chatId: flags.chatId,
    chatColumn: flags.chatColumn,
    phoneColumn: flags.phoneColumn,
    senderColumn: flags.senderColumn,
    countryColumn: flags.countryColumn,
    /** ISO country; checked against libphonenumber when the cohort is opened. */
    defaultCountry: flags.defaultCountry,
    delimiter: flags.delimiter,
    encoding: flags.encoding,
  });
}

type LogFlags = Pick<RunFlags, 'quiet' | 'logLevel' | 'logFormat'> & Partial<Pick<RunFlags, 'progress'>>;

export function logConfig(flags: LogFlags, stderrIsTerminal: boolean) {
  const quiet = flags.quiet === true;
  return Object.freeze({
    level: quiet ? 'error' : flags.logLevel,
    format: flags.logFormat ?? (stderrIsTerminal ? 'text' : 'json'),
    /**
     * JSON was asked for: the summary is a record, too, and no bar is drawn. Otherwise only the log's own lines are
     * JSON.
     */
    records: flags.logFormat === 'json',
    progress: quiet ? 'off' : (flags.progress ?? 'off'),
    /** Errors only; neither progress nor summary. */
    quiet,
  });
}

/** argv + env → one frozen Config, or an OnboardError with exit code 2. Touches no file. */
export function runConfig(cohort: string, flags: RunFlags, env: Env, stderrIsTerminal: boolean) {
  const dryRun = flags.dryRun === true;
  /** undefined in a dry run without a key: then nothing is read from the API either. */
  const to = target(flags, env, dryRun);
  const shard = shardConfig(flags, env);
  const named = fileNames(shard);
  const paths = filePaths(cohort, flags, named);
  return Object.freeze({
    cohort: cohortConfig(cohort, flags),
    shard,
    ...paths,
    /** Writes results with a byte order mark and CRLF, and protects values that Excel would turn into other numbers. */
    excel: flags.excel === true,
    reports: reportFiles(cohort, flags, paths, named),
    notify: notifyTarget(flags, env),
    origin: originOf(flags),
    target: to,
    /** The `x-phone` header of rows that name no sender: digits, or `phone-…`. */
    sender: sender(flags),
    requestTimeoutMs: requestTimeout(flags),
    precheck: flags.precheck,
    forceAdd: flags.forceAdd === true,
    redis: redisTarget(flags, env),
    /** Unit of the server's rate limit, where several phones send. */
    limitPer: flags.limitPer,
    ...paceConfig(flags),
    untilDone: flags.untilDone === true,
    batchSize: flags.batchSize,
    concurrency: flags.concurrency ?? DEFAULT_CONCURRENCY,
    coolDownMs: flags.coolDown,
    dryRun,
    /** Sends without a prompt, even on a terminal. */
    yes: flags.yes === true,
    limit: flags.limit,
    retry: flags.retry ?? [],
    onlyStatus: flags.onlyStatus,
    /** Includes people whom another ledger nearby has as asked. */
    askAgain: flags.askAgainInNewLedger === true,
    maxErrors: flags.maxErrors,
    deadlineMs: flags.deadline,
    okCodes: flags.okCodes ?? [],
    log: logConfig(flags, stderrIsTerminal),
  });
}

/**
 * Values of `--careful`. The vendor advises 15–20 people per group per day, with the adds spread over hours: 20 of each
 * sending phone are never more of one group. Phones have lasted for 100 adds and more at 10 s; the pause is well above
 * that.
 * Source: Periskope’s advice on adding people to groups, as README.md quotes it under “Not too fast”.
 */
export const CAREFUL = Object.freeze({
  gap: Object.freeze({ minMs: 30_000, maxMs: 60_000 }),
  dailyCap: 20,
  breaker: 3,
});

/** Default circuit breaker: consecutive asks without a clear answer after which a run stops. */
const BREAKER = 5;

type PaceFlags = Partial<
  Pick<RunFlags, 'careful' | 'maxRate' | 'gap' | 'dailyCap' | 'breaker' | 'hours' | 'timeZone'>
>;

/** Pace that the flags give: an explicit flag wins over `--careful`. */
export function paceConfig(flags: PaceFlags) {
  const careful = flags.careful === true;
  const advised = careful ? CAREFUL : undefined;
  return {
    careful,
    maxRate: flags.maxRate,
    gap: flags.gap ?? advised?.gap,
    dailyCap: flags.dailyCap ?? advised?.dailyCap,
    breaker: flags.breaker ?? advised?.breaker ?? BREAKER,
    hours: hoursOf(flags),
  };
}

/** @throws OnboardError CONFIG for a zone without hours */
function hoursOf({ hours, timeZone }: PaceFlags): HoursConfig | undefined {
  if (hours === undefined) {
    if (timeZone !== undefined) throw usage('--time-zone is for --hours: give --hours 09:00-18:00, too');
    return undefined;
  }
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { hours, timeZone: timeZone ?? own, timeZoneGiven: timeZone !== undefined };
}

/** Shard of a command: from `--shard`, or from a Kubernetes Indexed Job. */

/** Variable that Kubernetes sets in the pods of an Indexed Job; counted from 0. */
const JOB_INDEX = 'JOB_COMPLETION_INDEX';
const SHARDS = 'GROUP_ONBOARD_SHARDS';

/**
 * Shard of this command; undefined: the whole cohort. `--shard` (or GROUP_ONBOARD_SHARD) wins. Without it,
 * GROUP_ONBOARD_SHARDS gives the number of shards, and JOB_COMPLETION_INDEX the index of this one.
 * @throws OnboardError CONFIG where the shard is ambiguous
 */
export function shardConfig(flags: Partial<Pick<RunFlags, 'shard'>>, env: Env): Shard | undefined {
  const given = flags.shard;
  const shards = env[SHARDS]?.trim() || undefined;
  if (given !== undefined) {
    // A flag wins over the environment; two variables that disagree are a mistake.
    const both = shards !== undefined && env['GROUP_ONBOARD_SHARD'] === shardText(given);
    if (both && Number(shards) !== given.count)
      throw usage(`GROUP_ONBOARD_SHARD=${shardText(given)} and ${SHARDS}=${shards} disagree: unset one`);
    return given;
  }
  if (shards === undefined) return undefined;
  const index = env[JOB_INDEX]?.trim() || undefined;
  if (index === undefined) {
    throw usage(
      `${SHARDS}=${shards}, and no ${JOB_INDEX} says which of them this is: give --shard, like 1/4`,
    );
  }
  if (!/^\d+$/.test(shards) || Number(shards) < 1) {
    throw usage(`${SHARDS}=${shards} is not a number of shards: write a whole number, like 4`);
  }
  if (!/^\d+$/.test(index)) throw usage(`${JOB_INDEX}=${index} is not a number: it counts pods from 0`);
  if (Number(index) >= Number(shards)) {
    throw usage(
      `${JOB_INDEX}=${index} is beyond ${SHARDS}=${shards}: pods count from 0, so the Job needs completions: ${shards}`,
    );
  }
  try {
    return parseShard(`${Number(index) + 1}/${Number(shards)}`);
  } catch (error) {
    throw usage(`${SHARDS}: ${(error as Error).message}`);
  }
}

/** Warning for a pod of an Indexed Job that takes the whole cohort: every other pod does the same work. */
export function wholeCohortInPod(shard: Shard | undefined, env: Env): string | undefined {
  if (shard !== undefined || !env[JOB_INDEX]?.trim()) return undefined;
  return `${JOB_INDEX} is set and ${SHARDS} is not: this pod takes the whole cohort, as every pod of the Job does`;
}

/** Function from a path to the command's file name: the path itself, or its shard's. */
export function fileNames(shard: Shard | undefined): (path: string) => string {
  if (shard === undefined) return (path) => path;
  return (path) => {
    try {
      return shardFile(path, shard);
    } catch (error) {
      throw usage(`${(error as Error).message}, and this is ${shardText(shard)}: give another file`);
    }
  };
}
