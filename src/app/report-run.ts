import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { RunConfig } from '../config/run.ts';
import { EXIT, type ExitCode, OnboardError } from '../domain/errors.ts';
import { shardText } from '../domain/shard.ts';
import type { ChatId, Pair } from '../domain/words.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isSameFile } from '../lib/files.ts';
import { publicName } from '../lib/text.ts';
import { firstRows, type Selection } from '../plan/survey.ts';
import { type HtmlReport, htmlReport, writePage } from '../report/html/page.ts';
import { openResults } from '../report/results/results.ts';
import { type ToDoList, toDoList } from '../report/results/to-do.ts';
import type { Countries } from '../report/summary/countries.ts';
import { summaryText } from '../report/summary/summary.ts';
import { type Ending, type Tally, TallyMaker } from '../report/summary/tally.ts';
import { safeWriter } from '../report/terminal/log.ts';
import type { LimiterSnapshot } from '../send/rate-limit/limiter.ts';
import type { StopReason } from '../send/run-control.ts';
import { exitCodeOf, forgiven, nextStep, shellWords, typedCommand } from './exit.ts';
import { formerStatus, settleCorrected } from './going-on/former-results.ts';
import type { Inputs } from './inputs/inputs.ts';
import { isSeenOnce, wantsColour } from './io.ts';
import { ownColumnsOf, type Projection, project, type Recorded, reportRow } from './outputs/project.ts';
import { forLog, notify, publish, writeRecord } from './outputs/publish.ts';
import type { Plan } from './plan.ts';
import type { Sent } from './send.ts';
import { type Session, timesOf } from './session.ts';

interface End {
  readonly tally: Tally;
  readonly exit: ExitCode;
  readonly stop: StopReason | undefined;
  readonly countries: Countries;
  /** undefined: nothing was asked. */
  readonly limiter: LimiterSnapshot | undefined;
  /** Files that are in place. */
  readonly reported: { readonly report: boolean; readonly toDo: boolean };
}

/** Writes the results, however the asking ended; then the HTML report, the summary and the files for CI. */
export async function reportRun(
  config: RunConfig,
  session: Session,
  inputs: Inputs,
  { plan, selection }: Plan,
  sent: Sent,
): Promise<ExitCode> {
  const { control, live, progress } = session;
  const { phones, failure } = sent;
  const changed = await inputs.changed(plan.rows);
  if (changed !== undefined) session.log.warn({}, changed);
  if (changed !== undefined && isSameFile(config.output, config.cohort.path) && existsSync(config.output))
    throw failure ?? notReplaced(config.output);
  const stop =
    control.reason ??
    phones?.stopped() ??
    (changed === undefined
      ? undefined
      : ({ exit: EXIT.again, code: 'cohort_changed', message: changed } as const));
  const { cohort } = inputs;
  const about = (chatId: ChatId) => live.groupAbout(chatId);
  const { report: pagePath, toDo: listPath } = config.reports;
  const page = pagePath ? htmlReport(ownColumnsOf(cohort), about) : undefined;
  const phoneAt = cohort.columns.indexOf(cohort.phoneColumn);
  const toDo = listPath ? toDoList(listPath, about, phoneAt, config.excel) : undefined;
  const outputs = { page, toDo };
  const tally = await writeResults(config, session, inputs, selection, sent, outputs).catch(
    (error: unknown) => {
      throw failure ?? error;
    },
  );
  const exit = exitCodeOf(tally.counts, stop);
  progress.stop();
  const asZero = forgiven(exit, config.okCodes);
  if (asZero) session.log.info({ exit_code: exit }, asZero);
  const limiter = phones?.limiter.snapshot;
  // An error here is thrown after the summary has been shown.
  const unreported = page && (await writeReport(config, session, page, stop, limiter));
  const unlisted = await toDo?.commit();
  const reported = { report: unreported === undefined, toDo: unlisted === undefined };
  await writeSummary(config, session, { tally, exit, stop, countries: plan.countries, limiter, reported });
  if (failure !== undefined) throw failure;
  if (unreported !== undefined) throw unreported;
  if (unlisted !== undefined) throw unlisted;
  return exit;
}

/** Error that protects edits saved into the results while a run used them as its cohort. */
function notReplaced(path: string): OnboardError {
  return new OnboardError(
    'RESULTS_FAILED',
    `${path} has changed since the run began, and is not replaced; the ledger has everything: run the same command again, which asks nobody twice`,
  );
}

/** Writes the HTML report of a run. Returns the failure; undefined: none. */
async function writeReport(
  config: RunConfig,
  { clock, live }: Session,
  page: HtmlReport,
  stop: StopReason | undefined,
  limiter: LimiterSnapshot | undefined,
): Promise<unknown> {
  const path = config.reports.report;
  if (path === undefined) return undefined;
  const { limit, windowMs } = limiter ?? {};
  const allowance = limit === undefined || windowMs === undefined ? undefined : { limit, windowMs };
  const waited = live.waits.total();
  const cohort = config.cohort.path === '-' ? 'standard input' : basename(config.cohort.path);
  const facts = {
    source: `${cohort}${config.shard ? `, shard ${shardText(config.shard)}` : ''}`,
    writtenAt: clock.now(),
    sandbox: config.target?.kind === 'sandbox',
    dryRun: config.dryRun,
    stopped: stop?.message,
    next: stop && stop.exit !== EXIT.safety ? 'run the same command again' : undefined,
    unreadable: 0,
    pace: limiter && { allowance, throttled: limiter.throttled, waited, waits: live.waits.notable },
  };
  return writePage(path, page.page(facts)).catch((error: unknown) => error);
}

/** Reports the end of the run: to people on stderr, to machines in the files that they asked for, and to CI. */
async function writeSummary(config: RunConfig, session: Session, end: End): Promise<void> {
  const { io, live } = session;
  const { tally, exit, stop } = end;
  const next = (terminal: boolean) => {
    const { words, withheld } = typedCommand(io.command, terminal);
    return nextStep(exit, tally.counts, shellWords(words), withheld);
  };
  const ending: Ending = {
    command: 'run',
    cohort: config.cohort.path,
    results: config.output === '-' ? undefined : config.output,
    ledger: config.ledger,
    sandbox: config.target?.kind === 'sandbox',
    dryRun: config.dryRun,
    shard: config.shard && shardText(config.shard),
    tally,
    countries: end.countries,
    groupName: (id) => live.groupName(id),
    exit,
    stopped: stop && { code: stop.code, message: stop.message },
    next: next(false),
    asks: live.asks,
    throttled: end.limiter?.throttled ?? 0,
    waitedMs: live.waits.total(),
    ...timesOf(session),
  };
  if (!config.log.quiet && !config.log.records) {
    const terminal = Boolean(io.stderr.isTTY);
    const text = summaryText(
      {
        ...ending,
        ...(!isSeenOnce(io, io.stderr) && { groupName: (id) => publicName(live.groupName(id)) }),
        ledger: config.ledger,
        names: isSeenOnce(io, io.stderr),
        report: end.reported.report ? config.reports.report : undefined,
        toDo: end.reported.toDo ? config.reports.toDo : undefined,
        stopped: stop?.message,
        next: next(terminal),
      },
      wantsColour(io),
      terminal ? Math.max(io.stderr.columns || 80, 40) : Number.POSITIVE_INFINITY,
    );
    safeWriter(io.stderr)(forLog(text, ending, io.env));
  }
  try {
    await publish(ending, config.reports, io.env);
  } finally {
    await notify(ending, config.notify, session.log);
    writeRecord(ending, { json: false, log: config.log }, io);
  }
}

interface Outputs {
  readonly page: HtmlReport | undefined;
  readonly toDo: ToDoList | undefined;
}

/** Reads the cohort once more, joins every row with the known facts, and puts the results in place as a whole. */
async function writeResults(
  config: RunConfig,
  { control, io }: Session,
  { cohort, ledger, former }: Inputs,
  selection: Selection,
  { phones, limited, throttled }: Sent,
  { page, toDo }: Outputs,
): Promise<Tally> {
  const firstRow = firstRows();
  const tally = new TallyMaker();
  const projection: Projection = {
    firstRow: (pair, number) => former?.rowOf(pair) ?? firstRow(pair, number),
    recorded: (pair) => recordedIn(ledger, pair),
    previous: (reading) => formerStatus(reading, cohort, selection) && cohort.previous(reading.row),
    former: (row) => cohort.former(row),
    selection,
    dryRun: config.dryRun,
    stop: control.reason,
    ...(phones && { stopOf: (sender) => phones.stopOf(sender) }),
    limited,
    throttled,
  };
  // Former results are computed again, not copied.
  const own = cohort.columns.slice(0, cohort.ownWidth);
  const writer = await openResults(config.output === '-' ? io.stdout : config.output, own, {
    excel: config.excel || (cohort.isResults && cohort.marked),
    ledger: config.ledger,
  });
  try {
    if (former && !config.dryRun) await settleCorrected(former.corrected, ledger).catch(() => undefined);
    for await (const batch of cohort.readings()) {
      const rows = batch.map((reading) => project(reading, projection));
      const shown = rows.map((row) => reportRow(row, cohort.nameOf(row.row)));
      for (const row of shown) {
        tally.add(row.chatId, row.status, row.reasonCode, () => row);
        page?.add(row);
      }
      await writer.write(rows);
      await toDo?.add(shown);
    }
    await writer.commit();
  } catch (error) {
    await writer.abort();
    await toDo?.abort();
    throw error instanceof OnboardError && error.code === 'COHORT_UNREADABLE' ? unread(error, config) : error;
  }
  return tally;
}

/**
 * Error for a cohort that can not be read any more. People may have been asked by now, so it is not a mistake in the
 * command.
 */
function unread(cause: OnboardError, { ledger }: RunConfig): OnboardError {
  const message = `${cause.message}; the results could not be written, and nothing is lost: ${ledger} has all that was done; put that right and run the same command again, which asks nobody twice`;
  return new OnboardError('RESULTS_FAILED', message, { cause });
}

function recordedIn(ledger: Ledger, pair: Pair): Recorded | undefined {
  const outcome = ledger.outcome(pair);
  if (outcome !== undefined) return outcome;
  const state = ledger.state(pair);
  return state && { ...NO_WORDS, ...state, askedAt: ledger.askedAt(pair) };
}

/** Cells of a row in doubt, or not done: only the ask and its time are known. */
const NO_WORDS = {
  message: '',
  httpStatus: undefined,
  traceId: '',
  settledAt: undefined,
} as const;
