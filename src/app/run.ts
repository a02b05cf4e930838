import { setMaxListeners } from 'node:events';
import { type Cohort, openCohort } from '../cohort/cohort.ts';
import { noSender } from '../config/api.ts';
import type { RunConfig } from '../config/run.ts';
import { wholeCohortInPod } from '../config/shard.ts';
import { EXIT, type ExitCode, OnboardError } from '../domain/errors.ts';
import { maskSender } from '../domain/sender.ts';
import type { ChatId, Pair } from '../domain/words.ts';
import { openLedger } from '../ledger/ledger.ts';
import { sweepAll } from '../lib/atomic-file.ts';
import { alreadyDone } from '../plan/already-done.ts';
import type { Selection } from '../plan/decide.ts';
import { roundedIdsNote } from '../plan/rounded-ids.ts';
import { type Knowledge, type Survey, survey, workloads } from '../plan/survey.ts';
import { HtmlReport } from '../report/html/report.ts';
import { assertWritable } from '../report/results/results.ts';
import { plainCell } from '../report/results/safe-cell.ts';
import { RunControl } from '../send/run-control.ts';
import { agreed, logCountries } from './asking/agreed.ts';
import { askAll } from './asking/ask-all.ts';
import { Live } from './asking/live.ts';
import { assertLedgerNotLost } from './asking/lost-ledger.ts';
import { assertOneSharding } from './asking/one-sharding.ts';
import { inShard } from './asking/shard-cohort.ts';
import { openSharing } from './asking/share.ts';
import { Interrupted, spool } from './asking/spool.ts';
import { untilStopped } from './asking/until-stopped.ts';
import { withoutSecrets } from './defect.ts';
import { exitCodeOf } from './exit-code.ts';
import { type Io, type StopSignal, systemClock } from './io.ts';
import { openOutput } from './outputs/output.ts';
import { assertPublishable } from './outputs/publish.ts';
import { assertReplaceable } from './outputs/replaceable.ts';
import { assertReportable } from './outputs/report-file.ts';
import { ownColumnsOf } from './outputs/report-rows.ts';
import { writeReport } from './outputs/write-report.ts';
import { writeResults } from './outputs/write-results.ts';
import { writeSummary } from './outputs/write-summary.ts';
import { endpoint, SANDBOX_SENDER } from './phones/connect.ts';
import { connectPhones, type Phones } from './phones/senders.ts';
import { Releases } from './releases.ts';

/** Requests in flight when a signal comes may take so long to end; then they are abandoned, and are in doubt. */
const DRAIN_MS = 10_000;
/** Sending phones that the log counts one by one. */
const MOST_SENDERS = 20;
/** What a Node timer can wait: longer deadlines are three weeks and more, and no run takes that long. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The composition root: wires the stages of one run, and owns its start and its end. */
export async function run(config: RunConfig, io: Io): Promise<ExitCode> {
  const releases = new Releases();
  const control = new RunControl();
  try {
    return await wired(config, io, control, releases);
  } catch (error) {
    if (error instanceof Interrupted && control.reason) {
      const { exit, message } = control.reason;
      io.stderr.write(`group-onboard: ${message} before the cohort had been read: nothing was sent\n`);
      return exit;
    }
    throw withoutSecrets(
      error,
      config.target?.kind === 'api' ? config.target.apiKey : undefined,
      config.redis?.password,
    );
  } finally {
    await releases.all();
  }
}

async function wired(config: RunConfig, io: Io, control: RunControl, releases: Releases): Promise<ExitCode> {
  const clock = systemClock;
  const startedAt = clock.monotonic();
  const closing = new RunControl();
  const abandon = new AbortController();
  setMaxListeners(0, abandon.signal); // every request in flight listens to it
  const live = new Live(clock);
  const out = openOutput(config, io, live);
  releases.add(() => out.stop());
  const { log } = out;
  releases.add(
    io.onSignal((signal) => {
      log.warn({}, `${signal}: no new asks; those in flight may end (once more: leave at once)`);
      interrupted(signal, [control, closing], abandon);
    }),
  );

  if (config.deadlineMs !== undefined) {
    const timer = setTimeout(
      () => control.stop({ exit: EXIT.again, code: 'deadline', message: 'the run reached its --deadline' }),
      Math.min(config.deadlineMs, LONGEST_TIMER_MS),
    );
    releases.add(() => clearTimeout(timer));
  }

  // Whatever is wrong with the input is said before anything is touched or sent.
  const isApi = config.target?.kind === 'api';
  const cohort = inShard(await openTheCohort(config, io, control.signal, releases), config.shard);
  for (const note of cohort.notes) log.info({}, note);
  if (isApi && config.sender === undefined && cohort.senderColumn === undefined) throw noSender();
  if (config.onlyStatus !== undefined && !cohort.isResults) throw notResults(config.cohort.path);
  const wholeInPod = wholeCohortInPod(config.shard, io.env);
  if (wholeInPod) log.warn({}, wholeInPod);
  await assertReplaceable(config.output);
  if (config.output !== '-') await assertWritable(config.output);
  await assertPublishable(config.reports);
  if (config.reports.report) await assertReportable(config.reports.report);
  await assertOneSharding(config.ledger, config.shard);
  await assertLedgerNotLost(config.ledger, config.output, config.cohort.path);
  const ledger = await openLedger(config.ledger, { origin: config.origin, clock, readOnly: config.dryRun });
  releases.add(() => ledger.close());
  // Nobody else keeps a cohort beside the ledger: it is locked.
  if (!config.dryRun)
    await sweepAll([config.ledger, config.output, ...Object.values(config.reports)], clock.now());
  if (ledger.repaired) log.warn({}, ledger.repaired);

  const selection: Selection = { retry: config.retry, onlyStatus: config.onlyStatus };
  const knowledge: Knowledge = {
    ledger: (pair) => ledger.state(pair)?.status,
    previous: ({ row }) => cohort.previous(row)?.status,
  };
  const readings = untilStopped(cohort.readings(control.signal), control.signal);
  log.info({}, cohort.mapping);
  const plan = await survey(readings, knowledge, selection);
  for (const note of cohort.seen()) log.info({}, note);
  const rounded = config.cohort.chatId === undefined ? roundedIdsNote(plan.groups.keys()) : undefined;
  if (rounded !== undefined) log.warn({}, rounded);
  log.info(
    {
      rows: plan.rows,
      to_ask: plan.toAsk,
      known: plan.known,
      duplicates: plan.duplicates,
      invalid: plan.invalid,
      ...(cohort.senderColumn !== undefined && { senders: sendersOf(plan) }),
    },
    'cohort read',
  );
  logCountries({ config, io, plan, log });

  const to = await endpoint(config, releases);
  const { dailyCap } = config;
  const [sender = to?.sender, ...others] = workloads(plan, 1).keys();
  // Of several phones each has its own cap: what is left of it is no one number.
  const capped = others.length > 0 ? undefined : sender;
  const done = alreadyDone(plan, ledger, { dailyCap, sender: capped }, clock.now());
  if (done) log.info(done.facts, done.message);
  let phones: Phones | undefined;
  let limited = false;
  const throttled = new Set<string>();
  let failure: unknown;
  const sharing = to && (await openSharing({ redis: config.redis, to, control, clock, log, releases }));
  // A Redis that is out of reach has stopped the run: without it nothing may be sent.
  if (to && !(config.redis && sharing === undefined)) {
    phones = connectPhones({
      config,
      plan,
      to,
      ledger,
      control,
      closing,
      clock,
      events: live,
      waits: live.waits,
      log,
      throttled: (pair) => throttled.add(pairName(pair)),
      abandon: abandon.signal,
      releases,
      sharing,
    });
    const { limiter, calls } = phones;
    live.waiting = () => limiter.snapshot;
    const ready = async (troubles: ReadonlyMap<ChatId, string>) => {
      if (!(await agreed({ config, io, plan, sender: to.sender, live, control, log, troubles, calls })))
        return false;
      live.start(Math.min(plan.toAsk, config.limit ?? plan.toAsk));
      out.start();
      return true;
    };
    const { batchSize, limit, precheck, dryRun } = config;
    const asking = { batchSize, limit, precheck, dryRun, selection, knowledge };
    try {
      limited = await askAll({
        ...asking,
        phones,
        ledger,
        plan,
        ready,
        control,
        closing,
        events: live,
        log,
      });
    } catch (error) {
      failure = error ?? new Error('nothing was thrown');
      control.stop({ exit: EXIT.defect, code: 'interrupted', message: 'stopped by an error' });
    }
  }

  // The results are a projection of the cohort and the ledger, made whatever ended the asking.
  const stop = control.reason ?? phones?.stopped();
  const report = config.reports.report
    ? new HtmlReport(ownColumnsOf(cohort), (chatId) => live.groupAbout(chatId))
    : undefined;
  const { stdout } = io;
  const writing = writeResults({
    ...{ config, cohort, ledger, selection, stdout, limited, report },
    stop: control.reason,
    throttled: (pair) => throttled.has(pairName(pair)),
    stopOf: phones && ((sender) => phones?.stopOf(sender)),
  });
  const tally = await writing.catch((error: unknown) => {
    throw failure ?? error;
  });
  const exit = exitCodeOf(tally.counts, stop);
  out.stop();
  const limiter = phones?.limiter.snapshot;
  const unreported = await writeReport({ config, report, clock, stop, limiter, waits: live.waits });
  await writeSummary({
    config,
    io,
    tally,
    exit,
    stop,
    live,
    countries: plan.countries,
    throttled: limiter?.throttled ?? 0,
    asks: live.asks,
    waitedMs: live.waits.total(),
    endedAt: clock.now(),
    elapsedMs: clock.monotonic() - startedAt,
    reported: unreported === undefined,
  });
  if (failure !== undefined) throw failure;
  if (unreported !== undefined) throw unreported;
  return exit;
}

/** Per sending phone, masked: people to ask. `default` stands for the run's own where it has none yet (a dry run). */
function sendersOf(plan: Survey): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [sender, { people }] of [...workloads(plan, 1)].slice(0, MOST_SENDERS)) {
    const name = sender === undefined ? 'default' : maskSender(sender);
    found[name] = (found[name] ?? 0) + people;
  }
  return found;
}

async function openTheCohort(
  config: RunConfig,
  io: Io,
  signal: AbortSignal,
  releases: Releases,
): Promise<Cohort> {
  const { path, ...asked } = config.cohort;
  const { sender, target } = config;
  const options = {
    ...asked,
    plainCell,
    defaultSender: sender ?? (target?.kind === 'sandbox' ? SANDBOX_SENDER : undefined),
    senderRequired: target?.kind === 'api',
  };
  if (path !== '-') return openCohort(path, options);
  const spooled = await spool(io.stdin, config.ledger, signal);
  releases.add(spooled.remove);
  return openCohort(spooled.path, { ...options, name: 'standard input' });
}

function interrupted(signal: StopSignal, controls: readonly RunControl[], abandon: AbortController): void {
  const exit = signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm;
  for (const control of controls)
    control.stop({ exit, code: 'interrupted', message: `stopped by ${signal}` });
  setTimeout(() => abandon.abort(), DRAIN_MS).unref();
}

function notResults(path: string): OnboardError {
  const cohort = path === '-' ? 'standard input' : path;
  const message = `--only-status goes by the results of an earlier run, and ${cohort} has none: give the results CSV in its place`;
  return new OnboardError('CONFIG', message);
}

function pairName({ chatId, participant }: Pair): string {
  return `${chatId} ${participant}`;
}
