import { existsSync } from 'node:fs';
import pLimit from 'p-limit';
import type { Cohort } from '../cohort/cohort.ts';
import { noSender } from '../config/api.ts';
import type { FollowUpConfig } from '../config/other-commands.ts';
import { EXIT, type ExitCode, OnboardError, usage } from '../domain/errors.ts';
import { type ChatId, rowText, type Sender } from '../domain/words.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { sweepLitter } from '../lib/atomic-file.ts';
import { keepToOwner } from '../lib/files.ts';
import { publicName } from '../lib/text.ts';
import { assertWritable, openRecords } from '../report/results/results.ts';
import { toDoList } from '../report/results/to-do.ts';
import { type FollowUpFacts, followUpText, totalOf } from '../report/summary/follow-up-text.ts';
import type { Ending } from '../report/summary/tally.ts';
import { safeWriter } from '../report/terminal/log.ts';
import type { History } from '../send/groups/notifications.ts';
import { forgiven } from './exit.ts';
import { openResultsCsv } from './going-on/own-files.ts';
import { type Io, isSeenOnce, systemClock, textStream } from './io.ts';
import { ownColumnsOf } from './outputs/project.ts';
import {
  assertPublishable,
  assertReplaceable,
  forLog,
  notify,
  publish,
  writeRecord,
} from './outputs/publish.ts';
import { MAY_HAVE_NEWS, rewriteResults } from './outputs/rewrite-results.ts';
import { SANDBOX_SENDER } from './phones/connect.ts';
import { connectReaders, openReading } from './phones/readers.ts';
import { openSession, type Releases, releasing, type Session, timesOf } from './session.ts';

/** Groups read at once; the limiter decides when each read starts. */
const READS_IN_FLIGHT = 8;

/**
 * Updates results by reading the groups: `invited` to `joined`, `unknown` to the status that the group shows, members
 * who went to `left`. Asks nobody and sends nothing.
 */
export function followUp(config: FollowUpConfig, io: Io): Promise<ExitCode> {
  return releasing(async (releases) => {
    const session = openSession(config, io, releases);
    const inputs = await openInputs(config, session);
    const learnt = await readGroups(config, session, inputs);
    const now = session.clock.now();
    const rewritten = await rewrite(config, session, inputs, learnt, now);
    return tell(config, session, inputs, learnt, rewritten, now);
  });
}

type Inputs = Awaited<ReturnType<typeof openInputs>>;

async function openInputs(config: FollowUpConfig, { log, releases }: Session) {
  const isApi = config.target.kind === 'api';
  const cohort = await openResultsCsv(config.results, {
    defaultSender: config.sender ?? (isApi ? undefined : SANDBOX_SENDER),
  });
  if (isApi && config.sender === undefined && cohort.senderColumn === undefined) throw noSender();
  const toRead = await groupsOf(cohort, config.results);
  if (config.output !== config.results) await assertReplaceable(config.output);
  if (config.output !== '-') await assertWritable(config.output);
  await assertPublishable(config.reports);
  const ledger = await ledgerOf(config, releases);
  const open = ledger && (await keepToOwner(config.ledger.path));
  if (open) log.warn({}, open);
  await sweepLitter([config.output, ...Object.values(config.reports)]);
  if (ledger?.repaired) log.warn({}, ledger.repaired);
  return { ...toRead, cohort, ledger };
}

type Learnt = Awaited<ReturnType<typeof readGroups>>;

async function readGroups(config: FollowUpConfig, session: Session, inputs: Inputs) {
  const { control } = session;
  const { chatIds, open, inDoubt } = inputs;
  /** Groups whose members are known. */
  const read = new Set<ChatId>();
  const histories = new Map<ChatId, History>();
  const parts = chatIds.size === 0 ? undefined : await openReading(config, session);
  const readers = parts && connectReaders(parts, chatIds);
  if (readers === undefined) return { readers, read, histories };
  const slots = pLimit(READS_IN_FLIGHT);
  await Promise.all(
    [...chatIds.keys()].map((chatId) =>
      slots(async () => {
        const isOpen = open.has(chatId);
        if (isOpen && !control.stopped && (await readers.read(chatId)) === 'read') read.add(chatId);
        if (control.stopped) return;
        const history = await readers.history(chatId, inDoubt.has(chatId) ? 'all' : 'first');
        if (history === undefined) return;
        histories.set(chatId, history);
        // For people who are in the group, only the notifications need a check.
        if (!isOpen && history.someoneWent && !control.stopped) await readers.read(chatId);
      }),
    ),
  );
  return { readers, read, histories };
}

/** Reports the end: in words, in the files that were asked for, and in the exit code. */
async function tell(
  config: FollowUpConfig,
  session: Session,
  { ledger }: Inputs,
  { readers }: Learnt,
  { tally, counts, rows, written, unlisted }: Written,
  now: number,
): Promise<ExitCode> {
  const { io, live, control } = session;
  const { out, waiting, unread, inDoubt: unknown } = totalOf(counts);
  const stop = control.reason;
  const unfinished = out + waiting + unread + unknown + tally.counts.left;
  const exit = stop?.exit ?? (unfinished > 0 ? EXIT.incomplete : EXIT.ok);
  const asZero = forgiven(exit, config.okCodes);
  if (asZero) session.log.info({ exit_code: exit }, asZero);
  const sandbox = config.target.kind === 'sandbox';
  const ending: Ending = {
    command: 'follow-up',
    cohort: config.results,
    results: config.output === '-' ? undefined : config.output,
    ledger: ledger && config.ledger.path,
    sandbox,
    dryRun: false,
    tally,
    groupName: (id) => live.groupName(id),
    exit,
    stopped: stop && { code: stop.code, message: stop.message },
    next: undefined,
    asks: 0,
    throttled: readers?.limiter.snapshot.throttled ?? 0,
    waitedMs: live.waits.total(),
    ...timesOf(session),
  };
  const stream = textStream(io, config);
  const facts: FollowUpFacts = {
    file: config.results,
    groups: counts,
    groupName: isSeenOnce(io, stream) ? ending.groupName : (id) => publicName(live.groupName(id)),
    rows,
    names: isSeenOnce(io, stream),
    olderThanMs: config.olderThanMs,
    now,
    sandbox,
    written,
    toDo: unlisted === undefined ? config.reports.toDo : undefined,
    stopped: stop?.message,
  };
  if (!config.log.quiet && !(config.log.records && stream === io.stderr))
    safeWriter(stream)(forLog(followUpText(facts), ending, io.env));
  await publish(ending, config.reports, io.env);
  await notify(ending, config.notify, session.log);
  writeRecord(ending, config, io);
  if (unlisted !== undefined) throw unlisted;
  return exit;
}

/**
 * Groups of the results that may have news. Throws at a row that can not be read, because it could not be written again
 * unchanged.
 */
async function groupsOf(cohort: Cohort, file: string) {
  /** Each with the phones that its people were asked through. */
  const chatIds = new Map<ChatId, Set<Sender | undefined>>();
  /** Groups where somebody may have come in since: with an open invite, or in doubt. */
  const open = new Set<ChatId>();
  const inDoubt = new Set<ChatId>();
  for await (const batch of cohort.readings()) {
    for (const reading of batch) {
      const { problem } = reading.row;
      if (problem) {
        throw new OnboardError(
          'COHORT_UNREADABLE',
          `${file} ${rowText(reading.row)}: ${problem.message}; nothing was changed`,
        );
      }
      const status = cohort.previous(reading.row)?.status;
      if (reading.kind === 'pair' && status !== undefined && MAY_HAVE_NEWS.includes(status)) {
        const { chatId } = reading.pair;
        const senders = chatIds.get(chatId) ?? new Set();
        chatIds.set(chatId, senders.add(reading.sender));
        if (status === 'invited' || status === 'unknown') open.add(chatId);
        if (status === 'unknown') inDoubt.add(chatId);
      }
    }
  }
  return { chatIds, open, inDoubt };
}

async function ledgerOf(config: FollowUpConfig, releases: Releases): Promise<Ledger | undefined> {
  const { path, named } = config.ledger;
  if (!existsSync(path)) {
    if (named) throw usage(`--ledger ${path}: no such file`);
    return undefined;
  }
  const ledger = await openLedger(path, { origin: config.origin, clock: systemClock });
  releases.add(() => ledger.close());
  return ledger;
}

type Written = Awaited<ReturnType<typeof rewrite>>;

async function rewrite(
  config: FollowUpConfig,
  { io, clock, live }: Session,
  { cohort, ledger }: Inputs,
  { readers, read, histories }: Learnt,
  now: number,
) {
  const { output, results, olderThanMs } = config;
  const named = (askedAt: number | undefined) =>
    olderThanMs === undefined ? config.list : askedAt !== undefined && now - askedAt > olderThanMs;
  const target = output === '-' ? io.stdout : output;
  // A byte order mark is of `--excel`, which also wrote CRLF: both are kept.
  const excel = cohort.marked;
  const { toDo: list } = config.reports;
  const { phoneAt } = ownColumnsOf(cohort);
  const toDo = list === undefined ? undefined : toDoList(list, (id) => live.groupAbout(id), phoneAt, excel);
  const writer = await openRecords(target, { excel });
  try {
    const rewritten = await rewriteResults({
      ...{ cohort, ledger, read, histories, writer, toDo, clock, named },
      groups: readers?.groups,
    });
    // Results without news are not rewritten, which keeps time and bytes.
    const changed = output !== results || rewritten.changed > 0;
    if (changed) await writer.commit();
    else await writer.abort();
    const unlisted = await toDo?.commit();
    return {
      ...rewritten,
      /** Error that kept the to-do list from being written. */
      unlisted,
      written: changed ? (output === '-' ? 'standard output' : output) : undefined,
    };
  } catch (error) {
    await writer.abort();
    await toDo?.abort();
    throw error;
  }
}
