import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { type Cohort, openCohort } from '../../cohort/cohort.ts';
import { noSender } from '../../config/api.ts';
import { DEFAULT_BASE_URL } from '../../config/options.ts';
import { type RunConfig, wholeCohortInPod } from '../../config/run.ts';
import { OnboardError, usage } from '../../domain/errors.ts';
import { rowsOf, type Shard, shardText } from '../../domain/shard.ts';
import type { ChatId, Reading } from '../../domain/words.ts';
import { type Ledger, openLedger } from '../../ledger/ledger.ts';
import { sweepLitter } from '../../lib/atomic-file.ts';
import { isSameFile, keepToOwner } from '../../lib/files.ts';
import { assertWritable, plainCell } from '../../report/results/results.ts';
import { shellWords } from '../exit.ts';
import { type Known, lostAsksIn, NOTHING_KNOWN, readFormerResults } from '../going-on/former-results.ts';
import { assertOneSharding, tellsOfAsks } from '../going-on/own-files.ts';
import { asksFirst } from '../io.ts';
import { assertPublishable, assertReplaceable } from '../outputs/publish.ts';
import { SANDBOX_SENDER } from '../phones/connect.ts';
import { groupsOfPhones } from '../phones/readers.ts';
import type { Session } from '../session.ts';
import { givenBook, logNames, lookUpNames } from './group-names.ts';
import { keepCohort, spool } from './kept-cohort.ts';

export type Inputs = Awaited<ReturnType<typeof openInputs>>;

/**
 * Opens the cohort and the ledger of a run, and checks that its results can be written.
 * Every error of the input is thrown here, before anything is touched or sent.
 */
export async function openInputs(config: RunConfig, session: Session) {
  const { io, control, log, releases } = session;
  const { path, name } = await cohortFile(config.cohort.path, config.ledger, session);
  const isApi = config.target?.kind === 'api';
  let book = await givenBook(config.cohort);
  const openAs = async (file: string) => {
    const whole = await openCohort(file, {
      ...config.cohort,
      plainCell,
      name: name ?? basename(path),
      ownFirst: true,
      groups: book,
      asksNobody: config.dryRun,
      defaultSender: config.sender ?? (config.target?.kind === 'sandbox' ? SANDBOX_SENDER : undefined),
      senderRequired: isApi,
    });
    return inShard(whole, config.shard);
  };
  let cohort = await openAs(path);
  for (const note of cohort.notes) log.info({}, note);
  if (isApi && config.sender === undefined && cohort.senderColumn === undefined) throw noSender();
  if (config.onlyStatus !== undefined && !cohort.isResults) {
    const message = `--only-status goes by the results of an earlier run, and ${name ?? path} has none: give the results CSV in its place`;
    throw usage(message);
  }
  const named = await lookUpNames(
    {
      config: config.cohort,
      name: name ?? path,
      cohort,
      asksNobody: config.dryRun,
      list: config.target && ((senders) => groupsOfPhones(config, session, senders)),
      heard: ({ chatId, ...about }) =>
        session.live.groupRead(chatId as ChatId, about.name, { ...about, memberCount: about.members }),
      log,
      signal: control.signal,
    },
    book,
  );
  if (named.book !== book) {
    book = named.book;
    cohort = await openAs(path);
  }
  const names = named.mapping;
  if (names !== undefined && !asksFirst(config, io)) logNames(names, log);
  const wholeInPod = wholeCohortInPod(config.shard, io.env);
  if (wholeInPod) log.warn({}, wholeInPod);
  const asking = (await tellsOfAsks(config.ledger)) ? config.ledger : undefined;
  await assertOutput(config.output, asking, cohort.isResults ? config.cohort.path : undefined);
  await assertPublishable(config.reports);
  // A results CSV that goes on whole is refused by the people missing in its ledger.
  if (!cohort.isResults || config.shard) await assertOneSharding(config.ledger, config.shard);
  const ledger = await openOwnLedger(config, session, cohort.isResults ? path : undefined);
  // The ledger is locked: no other run keeps a cohort next to it.
  if (!config.dryRun) await sweepLitter([config.ledger, config.output, ...Object.values(config.reports)]);
  if (ledger.repaired) log.warn({}, ledger.repaired);
  const readable = config.dryRun ? undefined : await keepToOwner(config.ledger);
  if (readable) log.warn({}, readable);
  // A dry run asks nobody, and standard input is a copy already.
  const isCopied = !config.dryRun && config.cohort.path !== '-';
  const { signal } = control;
  const kept = isCopied
    ? await keepCohort(path, { beside: config.ledger, signal, releases, open: openAs })
    : { path, changed: async (_rows: number) => undefined };
  // A run that held the ledger until now may have written it.
  const own = await openAs(kept.path);
  const former = own.isResults
    ? await readFormerResults(own, {
        ...{ ledger, ledgerPath: config.ledger, path: config.cohort.path },
        selection: config,
      })
    : undefined;
  former?.lost.refuse(config.cohort.path, config.ledger, true, rebuildFlags(config));
  return {
    cohort: former?.cohort ?? own,
    ledger,
    /** Results that the cohort itself holds; undefined: the cohort is not a results CSV. */
    former,
    /** Groups taken for the names in the cohort's column; undefined: it holds ids. */
    names,
    /** One line on changes of the cohort's file since the run began; undefined: unchanged. @param rows rows read then */
    changed: kept.changed,
  };
}

/**
 * Opens the ledger if it knows the asks that the results tell of. Makes no new one where results show that it was lost.
 */
async function openOwnLedger(
  config: RunConfig,
  { clock, releases }: Session,
  cohort: string | undefined,
): Promise<Ledger> {
  const { output, ledger: path } = config;
  const results = [cohort, output].filter((one) => one !== undefined && one !== '-') as string[];
  const refuseLost = async (known: Known, isThere: boolean, files: readonly string[]) => {
    for (const file of files)
      (await lostAsksIn(file, known, config.shard)).refuse(file, path, isThere, rebuildFlags(config));
  };
  if (!existsSync(path)) await refuseLost(NOTHING_KNOWN, false, results);
  const ledger = await openLedger(path, { origin: config.origin, clock, readOnly: config.dryRun }).catch(
    (error: unknown) => {
      const file = results.find((one) => existsSync(one));
      if (!(error instanceof OnboardError) || error.command === undefined || file === undefined) throw error;
      const command = shellWords(['rebuild-ledger', file, ...rebuildFlags(config)]);
      throw new OnboardError(error.code, error.said, { cause: error, command });
    },
  );
  releases.add(() => ledger.close());
  // The cohort itself is checked row by row, together with its own columns.
  const others = results.filter((file) => cohort === undefined || !isSameFile(file, cohort));
  await refuseLost(ledger, true, others);
  return ledger;
}

/** Flags of `rebuild-ledger` for this ledger and its asks. */
function rebuildFlags({ named, ledger, origin, shard }: RunConfig): readonly string[] {
  const base = origin === new URL(DEFAULT_BASE_URL).origin ? [] : ['--base-url', origin];
  const file = named.ledger ? ['--ledger', ledger] : [];
  return [
    ...file,
    ...(shard ? ['--shard', shardText(shard)] : []),
    ...(origin === 'sandbox' ? ['--sandbox'] : base),
  ];
}

/**
 * Path to read a cohort from. Standard input is kept in a file, which the releases remove; only this file has another
 * name.
 */
export async function cohortFile(
  path: string,
  beside: string,
  { io, releases, control }: Pick<Session, 'io' | 'releases'> & Partial<Pick<Session, 'control'>>,
) {
  if (path !== '-') return { path, name: undefined };
  const spooled = await spool(io.stdin, beside, control);
  releases.add(spooled.remove);
  return { path: spooled.path, name: 'standard input' };
}

/**
 * Refuses an output that can not be written.
 * @param ledger one that knows of asks: then no other place is offered, because a new ledger there would know nobody
 * @param results a results CSV that is the cohort
 * @throws OnboardError NOT_WRITABLE when results cannot be written there, or would take the place of another file
 */
export async function assertOutput(path: string, ledger?: string, results?: string): Promise<void> {
  // Results that are the cohort have been read as such, even if a spreadsheet has changed their commas.
  if (results === undefined || !isSameFile(path, results)) await assertReplaceable(path, ledger);
  if (path !== '-') await assertWritable(path, ledger);
}

/** Cohort as a shard sees it: only its own rows, with their line numbers in the file. */
export function inShard(cohort: Cohort, shard: Shard | undefined): Cohort {
  if (shard === undefined) return cohort;
  return { ...cohort, readings: (signal) => ours(cohort.readings(signal), shard) };
}

async function* ours(
  batches: AsyncIterable<readonly Reading[]>,
  shard: Shard,
): AsyncGenerator<readonly Reading[]> {
  const isOurs = rowsOf(shard);
  for await (const batch of batches) {
    const kept = batch.filter(isOurs);
    // An empty batch is passed on, so that the consumer gets a turn and can stop.
    yield kept;
  }
}
