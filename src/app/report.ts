import { basename } from 'node:path';
import type { ReportConfig } from '../config/other-commands.ts';
import { EXIT, type ExitCode } from '../domain/errors.ts';
import { sweepLitter } from '../lib/atomic-file.ts';
import { count } from '../lib/text.ts';
import { htmlReport, writePage } from '../report/html/page.ts';
import { toDoList } from '../report/results/to-do.ts';
import { summaryOfResults } from '../report/summary/summary.ts';
import { openResultsCsv } from './going-on/own-files.ts';
import { type Io, isSeenOnce, systemClock, textStream } from './io.ts';
import { ownColumnsOf, writtenRow } from './outputs/project.ts';
import { assertPublishable, offlineEnding, writeRecord } from './outputs/publish.ts';

/** Makes the summary and the HTML report of existing results. Asks nobody, and leaves the results unchanged. */
export async function report(
  config: ReportConfig,
  io: Pick<Io, 'env' | 'stdout' | 'stderr'>,
): Promise<ExitCode> {
  const startedAt = systemClock.now();
  const cohort = await openResultsCsv(config.results);
  await assertPublishable({ report: config.report, toDo: config.toDo });
  await sweepLitter([config.report, config.toDo]);
  const columns = ownColumnsOf(cohort);
  const made = htmlReport(columns, () => undefined);
  const toDo =
    config.toDo === undefined ? undefined : toDoList(config.toDo, () => undefined, columns.phoneAt);
  let unreadable = 0;
  for await (const batch of cohort.readings()) {
    for (const { row } of batch) {
      const found = writtenRow(cohort, row);
      if (found) {
        made.add(found);
        await toDo?.add([found]);
      } else unreadable++;
    }
  }
  const { tally } = made;
  await writePage(
    config.report,
    made.page({
      source: basename(config.results),
      writtenAt: systemClock.now(),
      sandbox: false,
      dryRun: tally.counts.planned > 0,
      stopped: undefined,
      next: undefined,
      unreadable,
      pace: undefined,
    }),
  );
  const unlisted = await toDo?.commit();
  if (unlisted !== undefined) throw unlisted;
  const say = textStream(io, { json: config.json });
  const written = { report: config.report, toDo: config.toDo, names: isSeenOnce(io, say) };
  say.write(summaryOfResults(tally, config.results, written));
  if (unreadable > 0) {
    say.write(`note     ${count(unreadable, 'row')} without a status, not counted: the file was edited\n`);
  }
  const facts = {
    command: 'report',
    cohort: config.results,
    results: config.results,
    exit: EXIT.ok,
  } as const;
  writeRecord(offlineEnding({ ...facts, tally }, startedAt), config, io);
  return EXIT.ok;
}
