import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cohort, openCohort } from '../cohort/cohort.ts';
import type { GroupBook } from '../cohort/groups.ts';
import { noSender } from '../config/api.ts';
import type { CheckConfig } from '../config/other-commands.ts';
import { EXIT, type ExitCode } from '../domain/errors.ts';
import { shardText } from '../domain/shard.ts';
import type { Problem, Row } from '../domain/words.ts';
import { sweepLitter } from '../lib/atomic-file.ts';
import { workloads } from '../plan/estimate.ts';
import { OpenHours } from '../plan/open-hours.ts';
import { firstRows, roundedIdsNote, survey } from '../plan/survey.ts';
import { openResults, plainCell } from '../report/results/results.ts';
import { type Tally, TallyMaker } from '../report/summary/tally.ts';
import { namesText } from '../report/terminal/groups.ts';
import { planText, problemLine } from '../report/terminal/plan.ts';
import { forgiven } from './exit.ts';
import { formerStatus, judged } from './going-on/former-results.ts';
import { notesOnOtherLedgers } from './going-on/other-ledgers.ts';
import { ledgerBeside } from './going-on/own-files.ts';
import { givenBook, type LookUpParts, lookUpNames, type NamedCohort } from './inputs/group-names.ts';
import { assertOutput, cohortFile, inShard } from './inputs/inputs.ts';
import { type Io, isSeenOnce, systemClock, textStream, wantsColour } from './io.ts';
import { type Projection, project } from './outputs/project.ts';
import { assertNoResults, offlineEnding, writeRecord } from './outputs/publish.ts';
import { groupsOfPhones } from './phones/readers.ts';
import { estimate } from './plan.ts';
import { openSession, releasing, StoppedBefore } from './session.ts';

/** Problems shown one by one; the rest are counted. `--output` has all. */
const SHOWN = 20;
const quiet = () => undefined;
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const NO_SELECTION = { retry: [], onlyStatus: undefined };
const PLANNED = {
  recorded: () => undefined,
  selection: NO_SELECTION,
  dryRun: true,
  stop: undefined,
  limited: false,
} as const;

/** Reads the cohort offline; reports every problem by line and column, and what `run` would do. */
export function check(config: CheckConfig, io: Io): Promise<ExitCode> {
  const startedAt = systemClock.now();
  return releasing(async (releases) => {
    const beside = join(tmpdir(), 'cohort');
    const { path, name = path } = await cohortFile(config.cohort.path, beside, { io, releases });
    const given = await givenBook(config.cohort);
    const openWith = (groups: GroupBook | undefined) =>
      openCohort(path, { ...config.cohort, plainCell, name, ownFirst: true, groups, asksNobody: true });
    const first = await openWith(given);
    const named = await namesOf(config, io, first, given);
    if ('stopped' in named) return named.stopped;
    const whole = named.book === given ? first : await openWith(named.book);
    // A results CSV is believed about asks, because no ledger is read.
    const cohort = inShard(
      judged(whole, () => true),
      config.shard,
    );
    if (config.output !== undefined) {
      await assertNoResults(config.output);
      await assertOutput(config.output);
      await sweepLitter([config.output]);
    }

    const stream = textStream(io, config);
    const say = (text: string) => stream.write(text);
    const seenOnce = isSeenOnce(io, stream);
    const colour = wantsColour(io, stream);
    for (const note of [cohort.mapping, ...cohort.notes]) say(`note: ${note}\n`);
    if (named.mapping) say(namesText(named.mapping, seenOnce));
    let shown = 0;
    const plan = await survey(
      cohort.readings(),
      { ledger: () => undefined, previous: (reading) => formerStatus(reading, cohort, NO_SELECTION) },
      NO_SELECTION,
      (row: Row, problem: Problem) => {
        if (shown++ < SHOWN) say(problemLine(name, row, cohort.nameOf(row), problem, seenOnce, colour));
      },
    );
    for (const note of cohort.seen()) say(`note: ${note}\n`);
    const rounded = config.cohort.chatId === undefined ? roundedIdsNote(plan.groups.keys()) : undefined;
    if (rounded !== undefined) say(`note: ${rounded}\n`);
    const ledger = cohort.isResults ? ledgerBeside(config.cohort.path) : config.ledger;
    for (const note of await notesOnOtherLedgers({ ...config, ledger }, plan)) say(`note: ${note}\n`);
    const { batchSize } = config;
    const { asks, ms } = estimate({ plan, people: plan.toAsk, batchSize }, config);
    const work = workloads(plan, batchSize);
    const hours = config.hours && new OpenHours(config.hours);
    for (const region of hours?.neverOpen(plan.countries.keys(), systemClock.now()) ?? [])
      say(`note: ${hours?.refusal(region)}\n`);
    say(
      planText({
        plan,
        asks,
        estimateMs: ms,
        senders:
          cohort.senderColumn === undefined
            ? []
            : [...work]
                .map(([sender, { people }]) => ({ sender, people }))
                .filter(({ people }) => people > 0),
        shown: Math.min(shown, SHOWN),
        shard: config.shard && shardText(config.shard),
        colour,
      }),
    );
    if (config.output !== undefined) {
      const projection: Projection = { ...PLANNED, firstRow: firstRows(), previous: () => undefined };
      const own = cohort.columns.slice(0, cohort.ownWidth);
      const writer = await openResults(config.output === '-' ? io.stdout : config.output, own, {
        excel: config.excel,
      });
      try {
        for await (const batch of cohort.readings()) {
          await writer.write(batch.map((reading) => project(reading, projection)));
        }
        await writer.commit();
      } finally {
        await writer.abort();
      }
    }
    const exit = plan.invalid > 0 ? EXIT.incomplete : EXIT.ok;
    const asZero = forgiven(exit, config.okCodes);
    if (asZero) say(`note: ${asZero}\n`);
    if (config.json || config.log.records) {
      const facts = { command: 'check', cohort: name, results: config.output, exit } as const;
      const more = {
        dryRun: true,
        shard: config.shard && shardText(config.shard),
        countries: plan.countries,
      };
      const tally = await plannedTally(cohort);
      writeRecord(offlineEnding({ ...facts, ...more, tally }, startedAt), config, io);
    }
    return exit;
  });
}

/** Group names, looked up where `--online` or `--groups` requires it. */
async function namesOf(
  { cohort: config, online, log }: CheckConfig,
  io: Io,
  cohort: Cohort,
  given: GroupBook | undefined,
): Promise<NamedCohort | { readonly stopped: ExitCode }> {
  const parts = { config, name: config.path, cohort, asksNobody: true };
  if (online === undefined) return lookUpNames({ ...parts, list: undefined, log: SILENT }, given);
  return releasing(async (releases) => {
    const session = openSession({ log, target: online.target }, io, releases);
    const list: LookUpParts['list'] = (senders) => {
      if (senders.includes(undefined) && online.target.kind === 'api' && online.sender === undefined)
        throw noSender();
      return groupsOfPhones(online, session, senders);
    };
    try {
      return await lookUpNames({ ...parts, list, log: session.log }, given);
    } catch (error) {
      const { reason } = session.control;
      if (!(error instanceof StoppedBefore) || reason === undefined) throw error;
      io.stderr.write(`group-onboard: ${reason.message} before ${error.message}\n`);
      return { stopped: reason.exit };
    }
  });
}

/** Counts by status of the results that `run` would write. */
async function plannedTally(cohort: Cohort): Promise<Tally> {
  const tally = new TallyMaker();
  const projection: Projection = {
    ...PLANNED,
    firstRow: firstRows(),
    previous: (reading) => formerStatus(reading, cohort, NO_SELECTION) && cohort.previous(reading.row),
  };
  for await (const batch of cohort.readings()) {
    for (const reading of batch) {
      const { chatId, status, reasonCode } = project(reading, projection);
      tally.add(chatId, status, reasonCode);
    }
  }
  return tally;
}
