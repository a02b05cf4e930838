import { basename } from 'node:path';
import { type Cohort, openCohort } from '../../cohort/cohort.ts';
import { openResultsFile, type ResultsFile } from '../../cohort/results-file.ts';
import type { MergeConfig } from '../../config/other-commands.ts';
import { EXIT, type ExitCode, unfitColumns } from '../../domain/errors.ts';
import { readShardFile } from '../../domain/shard.ts';
import { sweepLitter } from '../../lib/atomic-file.ts';
import { count, plain } from '../../lib/text.ts';
import { headerCells, openRecords, plainCell } from '../../report/results/results.ts';
import { summaryOfResults } from '../../report/summary/summary.ts';
import { type Tally, TallyMaker } from '../../report/summary/tally.ts';
import { exitCodeOf, forgiven } from '../exit.ts';
import { givenBook } from '../inputs/group-names.ts';
import { assertOutput } from '../inputs/inputs.ts';
import { type Io, systemClock, textStream } from '../io.ts';
import { offlineEnding, writeRecord } from '../outputs/publish.ts';
import { releasing } from '../session.ts';
import { alone, byRow, type Parts, Ranges, unseenAsks, withCohort } from './merged-rows.ts';

const BATCH = 500;

/** Merges the results of the shards of a cohort, in the order of the cohort. Asks nobody. */
export function merge(config: MergeConfig, io: Pick<Io, 'stdout' | 'stderr'>): Promise<ExitCode> {
  const startedAt = systemClock.now();
  return releasing(async (releases) => {
    const files: ResultsFile[] = [];
    for (const path of config.results) files.push(await openResultsFile(path));
    assertAlike(files);
    const groups = config.cohort && (await givenBook(config.cohort));
    const cohort =
      config.cohort && (await openCohort(config.cohort.path, { ...config.cohort, plainCell, groups }));
    const [first] = files as [ResultsFile];
    const excel = files.some((file) => file.excel);
    if (cohort) assertOf(cohort, first, config.cohort?.path ?? '');

    await assertOutput(config.output);
    await sweepLitter([config.output]);
    const unseen = unseenAsks(config.results);
    releases.add(() => unseen.close());
    const missing = new Ranges();
    const parts: Parts = { records: byRow(files), unseen, missing, excel };
    releases.add(() => parts.records.return());
    const tally = new TallyMaker();
    const writer = await openRecords(config.output === '-' ? io.stdout : config.output, { excel });
    try {
      let batch = [first.columns];
      for await (const row of cohort ? withCohort(cohort, config.cohort?.path ?? '', parts) : alone(parts)) {
        tally.add(row.chatId, row.status, row.reasonCode, () => ({ number: row.number, name: '' }));
        if (batch.push(row.cells) < BATCH) continue;
        await writer.write(batch);
        batch = [];
      }
      await writer.write(batch);
      await writer.commit();
    } finally {
      await writer.abort();
    }
    const say = textStream(io, config);
    say.write(mergedText(config, tally, missing));
    const exit = missing.rows > 0 ? EXIT.again : exitCodeOf(tally.counts, undefined);
    const asZero = forgiven(exit, config.okCodes);
    if (asZero) say.write(`note     ${asZero}\n`);
    const facts = {
      command: 'merge',
      cohort: config.cohort?.path ?? config.results.join(' '),
      results: config.output === '-' ? undefined : config.output,
      exit,
    } as const;
    writeRecord(offlineEnding({ ...facts, tally }, startedAt), config, io);
    return exit;
  });
}

function assertAlike([first, ...others]: readonly ResultsFile[]): void {
  for (const other of others) {
    if (JSON.stringify(other.columns) === JSON.stringify(first?.columns)) continue;
    throw unfitColumns(
      `${other.path} has other columns than ${first?.path}: give the results of one cohort, all with --excel or all without`,
    );
  }
}

function assertOf(cohort: Cohort, file: ResultsFile, name: string): void {
  const own = headerCells(cohort.columns.slice(0, cohort.ownWidth), { excel: file.excel });
  if (JSON.stringify(own) === JSON.stringify(file.columns)) return;
  throw unfitColumns(`${file.path} has other columns than ${name}: it is of another cohort`);
}

function mergedText(config: MergeConfig, tally: Tally, missing: Ranges): string {
  const text = summaryOfResults(tally, config.output === '-' ? undefined : config.output);
  const notes: string[] = [];
  if (missing.rows > 0 && config.cohort) {
    notes.push(`${count(missing.rows, 'row')} without a result in ${plain(config.cohort.path)}: ${missing}`);
  } else if (missing.rows > 0) {
    notes.push(
      `${count(missing.rows, 'row')} of the cohort in no file: ${missing} (rows without a result, or blank ones: --cohort tells)`,
    );
  }
  const absent = absentShards(config.results);
  if (absent !== '' && (missing.rows > 0 || !config.cohort)) notes.push(`no results of ${absent} are given`);
  return text + notes.map((note) => `note     ${note}\n`).join('');
}

/** `shard 2/4, 3/4`: shards that the other files' names imply; '' when none is missing. */
function absentShards(paths: readonly string[]): string {
  const shards = paths.map((path) => readShardFile(basename(path))?.shard);
  const counts = new Set(shards.map((shard) => shard?.count));
  const [n] = counts;
  if (counts.size !== 1 || n === undefined) return '';
  const given = new Set(shards.map((shard) => shard?.index));
  const absent: string[] = [];
  for (let i = 1; i <= n && absent.length < 21; i++) if (!given.has(i)) absent.push(`${i}/${n}`);
  const more = n - given.size - 20;
  if (absent.length === 0) return '';
  return `shard ${absent.slice(0, 20).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
