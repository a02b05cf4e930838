/** Ways out for the summary (files, the job page of CI, one JSON record, a post to a chat), and what may be replaced. */

import { constants, existsSync } from 'node:fs';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { basename } from 'node:path';
import type { Logger } from 'pino';
import { tellsOfAsk } from '../../cohort/results-file.ts';
import type { NotifyTarget, ReportFiles } from '../../config/outputs.ts';
import type { LogConfig } from '../../config/run.ts';
import { OnboardError, usage } from '../../domain/errors.ts';
import { RESULT_COLUMNS, rowText } from '../../domain/words.ts';
import { probeAtomicFile, replaceFile } from '../../lib/atomic-file.ts';
import { beginningOf, describeFailure } from '../../lib/files.ts';
import { REPORT_MARK } from '../../report/html/page.ts';
import { TO_DO_BEGINS } from '../../report/results/to-do.ts';
import {
  annotations,
  folded,
  JUNIT_BEGINS,
  junitXml,
  MOST_BYTES,
  section,
  stepSummary,
} from '../../report/summary/ci.ts';
import { METRICS_BEGIN, metricsText } from '../../report/summary/metrics.ts';
import { chatBody } from '../../report/summary/summary.ts';
import {
  SUMMARY_BEGINS,
  summaryJson,
  summaryLine,
  summaryRecord,
} from '../../report/summary/summary-json.ts';
import type { Ending } from '../../report/summary/tally.ts';
import { safeWriter } from '../../report/terminal/log.ts';
import { tunnelAgents } from '../../send/api/connections.ts';
import { formerRowsOf } from '../going-on/former-results.ts';
import { type Io, systemClock } from '../io.ts';

/** File mode readable by others: by CI, and by node-exporter. */
const PUBLIC = 0o644;
const TITLE = 'group-onboard: summary';

/** Files without phone numbers. The page for people and the to-do list are written from the rows, with the results. */
type PublicFiles = Omit<ReportFiles, 'report' | 'toDo'>;

/**
 * Beginnings of our files: nothing else is replaced, because a mistyped flag must not cost a spreadsheet or a ledger.
 */
const KINDS: readonly (Kind & { readonly file: keyof ReportFiles })[] = [
  { file: 'summaryJson', flag: '--summary-json', what: 'summary', begins: SUMMARY_BEGINS },
  { file: 'junit', flag: '--junit', what: 'JUnit report', begins: JUNIT_BEGINS },
  { file: 'metricsFile', flag: '--metrics-file', what: 'metrics file', begins: METRICS_BEGIN },
  { file: 'report', flag: '--report', what: 'report', begins: REPORT_MARK },
  { file: 'toDo', flag: '--to-do', what: 'to-do list', begins: TO_DO_BEGINS },
];

/** @throws OnboardError NOT_WRITABLE when one of the files could not be written, or is something else. */
export async function assertPublishable(files: Partial<ReportFiles>): Promise<void> {
  for (const { file, ...kind } of KINDS) {
    const path = files[file];
    if (path !== undefined) await assertOurs(path, kind);
  }
}

/** Closing text, formatted for its place: folded in a CI log, unchanged elsewhere. */
export function forLog(text: string, ending: Ending, env: Io['env']): string {
  if (env['GITHUB_ACTIONS'] === 'true') {
    // No annotations in a follow-up, because the run has made them already.
    return folded(TITLE, text) + (ending.command === 'run' ? annotations(ending) : '');
  }
  if (env['GITLAB_CI'] === 'true') return section('group_onboard_summary', TITLE, text, ending.endedAt);
  return text;
}

/**
 * Writes every file that was asked for, and the job page where there is one. A failed file does not prevent the others.
 * @throws OnboardError RESULTS_FAILED, naming the first file that could not be written
 */
export async function publish(ending: Ending, files: PublicFiles, env: Io['env']): Promise<void> {
  const cohort = ending.cohort === '-' ? 'stdin' : basename(ending.cohort);
  const jobs: [path: string | undefined, text: (path: string) => string | Promise<string>][] = [
    [files.summaryJson, () => summaryJson(ending)],
    [files.junit, () => junitXml(ending)],
    [files.metricsFile, async (path) => metricsText(ending, cohort, await textAt(path))],
  ];
  let failure: OnboardError | undefined;
  for (const [path, text] of jobs) {
    if (path === undefined) continue;
    try {
      await replaceFile(path, await text(path), PUBLIC);
    } catch (error) {
      failure ??= notWritten(path, error);
    }
  }
  await jobPage(ending, env['GITHUB_STEP_SUMMARY']);
  if (failure) throw failure;
}

async function textAt(path: string): Promise<string> {
  return (await stat(path).catch(() => undefined))?.isFile() ? readFile(path, 'utf8') : '';
}

/** Does not wait for a pipe's reader. */
const APPENDING = constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_WRONLY;

/**
 * Appends to the job page, because other steps may have written to it. A failure is ignored: it does not affect the
 * run.
 */
async function jobPage(ending: Ending, path: string | undefined): Promise<void> {
  if (!path) return;
  const taken = (await stat(path).catch(() => undefined))?.size ?? 0;
  const text = stepSummary(ending, MOST_BYTES - taken);
  await appendFile(path, text, { flag: APPENDING }).catch(() => undefined);
}

function notWritten(path: string, cause: unknown): OnboardError {
  const message = `${path} could not be written: ${describeFailure(cause)}; the results are complete: put that right and run the same command again, which asks nobody twice`;
  return new OnboardError('RESULTS_FAILED', message, { cause });
}

/** End of a command that only reads files, and asks nobody. */
export function offlineEnding(
  facts: Pick<Ending, 'command' | 'cohort' | 'results' | 'tally' | 'exit'> & Partial<Ending>,
  startedAt: number,
): Ending {
  const endedAt = systemClock.now();
  return {
    ledger: undefined,
    sandbox: false,
    dryRun: false,
    groupName: () => '',
    stopped: undefined,
    next: undefined,
    asks: 0,
    throttled: 0,
    waitedMs: new Map(),
    startedAt,
    endedAt,
    elapsedMs: Math.max(0, endedAt - startedAt),
    ...facts,
  };
}

/** Writes the summary as one record: to standard output by `--json`, as the log's last line by `--log-format json`. */
export function writeRecord(
  ending: Ending,
  { json, log }: { readonly json: boolean; readonly log?: LogConfig },
  io: Pick<Io, 'stdout' | 'stderr'>,
): void {
  if (json) safeWriter(io.stdout)(summaryLine(ending));
  if (log?.records && !log.quiet) safeWriter(io.stderr)(summaryRecord(ending));
}

/** Time limit for a whole post (name lookup, connection, answer), ms. */
const LONGEST_MS = 10_000;

/** Posts the summary, where that is wanted. A failure is only a warning, because it does not affect the run. */
export async function notify(
  ending: Ending,
  target: NotifyTarget | undefined,
  log: Pick<Logger, 'warn'>,
  longestMs = LONGEST_MS,
): Promise<void> {
  if (target === undefined) return;
  const trouble = await post(target, chatBody(ending), longestMs).catch(
    () => 'the request could not be made',
  );
  if (trouble) log.warn({}, `the summary was not posted (--notify): ${trouble}`);
}

/** Posts once and follows no redirect. Returns the failure, without any text of the address. */
function post({ url, proxy }: NotifyTarget, body: string, longestMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const agents = proxy && tunnelAgents(proxy, { phaseMs: longestMs });
    const tls = url.protocol === 'https:';
    const made = (tls ? tlsRequest : plainRequest)(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
      },
      ...(tls && { rejectUnauthorized: true }),
      ...(agents && { agent: agents.https }),
    });
    const end = (trouble?: string) => {
      clearTimeout(timer);
      made.destroy();
      agents?.https.destroy();
      resolve(trouble);
    };
    const timer = setTimeout(() => end(`no answer in ${longestMs / 1_000} s`), longestMs);
    made.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'the connection failed'));
    made.on('upgrade', () => end('an answer that is none'));
    made.on('response', ({ statusCode = 0 }) =>
      end(statusCode >= 200 && statusCode < 300 ? undefined : `answer ${statusCode}`),
    );
    made.end(body);
  });
}

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
  // Another check covers whether a file that cannot be read can be written.
  const begins = await beginningOf(path, HEADER_BYTES);
  if (begins === undefined || begins.length === 0) return;
  const [header = ''] = begins.toString('utf8').split(/\r?\n/, 1);
  const isOurs = header.endsWith(OURS) || begins.includes(`${OURS}\n`) || begins.includes(`${OURS}\r\n`);
  if (isOurs) return;
  const todo =
    ledger === undefined
      ? 'give --output another file'
      : `it was changed, or is something else: move it away, and run the same command again, which goes on with ${ledger}`;
  throw new OnboardError('NOT_WRITABLE', `${path} exists but is not a group-onboard results CSV: ${todo}`);
}

/** Kind of a file that a flag asks for: its name in messages, and the beginning of every such file of ours. */
interface Kind {
  readonly flag: string;
  readonly what: string;
  readonly begins: string;
}

/** Length of the byte order mark at the start of files for Excel. */
const MARK_BYTES = 3;

/** @throws OnboardError NOT_WRITABLE when the file there is not of this kind, or could not be written. */
export async function assertOurs(path: string, { flag, what, begins }: Kind): Promise<void> {
  const found = (await beginningOf(path, MARK_BYTES + begins.length))?.toString('utf8');
  if (found && !found.replace(/^\ufeff/, '').startsWith(begins)) {
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
 * Refuses to replace results by a plan: results are the only trace of a lost ledger, and people read them. A file that
 * can not be read as results says nothing.
 * @throws OnboardError CONFIG when the file there says that somebody was asked
 */
export async function assertNoResults(path: string): Promise<void> {
  if (path === '-' || !existsSync(path)) return;
  for await (const { row, fields } of formerRowsOf(path)) {
    if (!tellsOfAsk(fields)) continue;
    throw usage(
      `${path}, ${rowText(row)}, says that people were asked: give --output another file for the plan`,
    );
  }
}
