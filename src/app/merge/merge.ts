import { basename } from 'node:path';
import { type Cohort, openCohort } from '../../cohort/cohort.ts';
import { openResultsFile, type ResultsFile } from '../../cohort/results-file.ts';
import type { MergeConfig } from '../../config/other-commands.ts';
import { EXIT, type ExitCode, OnboardError } from '../../domain/errors.ts';
import { isReasonCode, REASONS } from '../../domain/reasons.ts';
import { readShardFile } from '../../domain/shard.ts';
import { RESULT_COLUMNS, type Reading, type ResultColumn, rowNumber, rowText } from '../../domain/words.ts';
import { sweepLitter } from '../../lib/atomic-file.ts';
import { count, plain } from '../../lib/text.ts';
import { headerCells, openRecords, type RecordsWriter, resultCells } from '../../report/results/results.ts';
import { plainCell } from '../../report/results/safe-cell.ts';
import { summaryOfResults } from '../../report/summary/summary.ts';
import { type Tally, TallyMaker } from '../../report/summary/tally.ts';
import { exitCodeOf, forgiven } from '../exit.ts';
import { givenBook } from '../inputs/group-names.ts';
import { assertOutput } from '../inputs/inputs.ts';
import { type Io, systemClock } from '../io.ts';
import { offlineEnding, writeRecord } from '../outputs/publish.ts';
import { releasing } from '../releases.ts';
import { ByRow, type FromFile } from './by-row.ts';
import { UnseenAsks } from './unseen-asks.ts';

/** Records gathered before a write. */
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
    if (config.output !== '-') await sweepLitter(config.output, systemClock.now());
    const unseen = new UnseenAsks(config.results, systemClock);
    releases.add(() => unseen.close());
    const rows = await ByRow.open(files);
    releases.add(() => rows.close());
    const writer = await openRecords(config.output === '-' ? io.stdout : config.output, { excel });
    const out = new Merging(first.ownWidth, excel, writer, unseen);
    try {
      await writer.write([first.columns]);
      if (cohort) await withCohort(rows, cohort, config.cohort?.path ?? '', out);
      else await alone(rows, out);
      await out.flush();
      await writer.commit();
    } finally {
      await writer.abort();
    }
    // With the results themselves, or the record, on stdout, text goes to stderr.
    const say = config.output === '-' || config.json ? io.stderr : io.stdout;
    say.write(mergedText(config, out.tally, out.missing));
    const exit = out.missing.rows > 0 ? EXIT.again : exitCodeOf(out.tally.counts, undefined);
    const asZero = forgiven(exit, config.okCodes);
    if (asZero) say.write(`note     ${asZero}\n`);
    const facts = {
      command: 'merge',
      cohort: config.cohort?.path ?? config.results.join(' '),
      results: config.output === '-' ? undefined : config.output,
      exit,
    } as const;
    writeRecord(offlineEnding({ ...facts, tally: out.tally }, startedAt), config, io);
    return exit;
  });
}

/** Takes records in order: counts them, and writes them in batches. */
class Merging {
  readonly tally = new TallyMaker();
  /** Whether the cohort's groups are names that nothing looks up; undefined: not checked yet. */
  #areNames: boolean | undefined;
  /** Rows of the cohort without a result. */
  readonly missing = new Ranges();
  readonly #excel: boolean;
  readonly #start: number;
  readonly #writer: RecordsWriter;
  readonly unseen: UnseenAsks;
  #batch: (readonly string[])[] = [];

  constructor(ownWidth: number, excel: boolean, writer: RecordsWriter, unseen: UnseenAsks) {
    this.#start = ownWidth;
    this.#excel = excel;
    this.#writer = writer;
    this.unseen = unseen;
  }

  async take({ file, record }: FromFile): Promise<void> {
    const cell = (column: ResultColumn) =>
      plainCell(record.fields[this.#start + RESULT_COLUMNS.indexOf(column)] ?? '', { excel: file.excel });
    const { status } = record;
    const chatId = cell('chat_id');
    if (status === 'not_attempted' || status === 'planned')
      await this.unseen.refuse(chatId, cell('participant'), `${file.path} ${rowText(record)} is ${status}`);
    const reasonCode = cell('reason_code');
    this.tally.add(chatId, status, isReasonCode(reasonCode) ? reasonCode : '', () => ({
      number: record.row,
      name: '',
    }));
    await this.#add(record.fields);
  }

  /** Adds a row of the cohort that no file has. */
  async miss(reading: Reading, cohort: Cohort, name: string): Promise<void> {
    const { row } = reading;
    if (reading.kind === 'invalid' && reading.problem.code === 'chat_id_invalid')
      await this.#refuseNames(cohort, `${name} ${rowText(row)}`);
    const { chatId, participant } = reading.kind === 'pair' ? reading.pair : { chatId: '', participant: '' };
    await this.unseen.refuse(chatId, participant, `${name} ${rowText(row)} has no result`);
    this.missing.add(rowNumber(row));
    const status = 'not_attempted';
    const reasonCode = 'no_result';
    this.tally.add(chatId, status, reasonCode, () => ({ number: rowNumber(row), name: '' }));
    const message = REASONS[reasonCode].meaning;
    const result = {
      row,
      chatId,
      participant,
      status,
      reasonCode,
      message,
      attempts: 0,
      traceId: '',
    } as const;
    await this.#add(resultCells(result, cohort.ownWidth, { excel: this.#excel }));
  }

  /** Refuses a group given by name, because the ledgers can not be searched for it: they may hold an ask into it. */
  async #refuseNames(cohort: Cohort, where: string): Promise<void> {
    this.#areNames ??= cohort.groups === undefined && (await cohort.groupCells())?.isOfNames === true;
    if (!this.#areNames) return;
    throw new OnboardError(
      'CONFIG',
      `${where} has no result, and the cohort names its groups: give --groups FILE (name,chat_id), so that the ledgers tell whether this person was asked`,
    );
  }

  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    await this.#writer.write(batch);
  }

  /** Cells of a record's own columns, as the cohort had them. */
  own({ file, record }: FromFile): string[] {
    return record.fields.slice(0, this.#start).map((cell) => plainCell(cell, { excel: file.excel }));
  }

  async #add(cells: readonly string[]): Promise<void> {
    this.#batch.push(cells);
    if (this.#batch.length >= BATCH) await this.flush();
  }
}

/** Writes every row of the cohort, with its result or without one. */
async function withCohort(rows: ByRow, cohort: Cohort, name: string, out: Merging): Promise<void> {
  const foreign = ({ file, record }: FromFile) =>
    new OnboardError(
      'COHORT_UNREADABLE',
      `${file.path} ${rowText(record)}: row ${record.row} of the cohort is not what ${name} has there: it is of another cohort, or the cohort was edited; run the shards again (nobody is asked twice), then merge`,
    );
  for await (const batch of cohort.readings()) {
    for (const reading of batch) {
      const { current } = rows;
      const { fields } = reading.row;
      const number = rowNumber(reading.row);
      if (current === undefined || current.record.row > number) {
        await out.miss(reading, cohort, name);
        continue;
      }
      if (current.record.row < number || out.own(current).some((cell, i) => cell !== fields[i]))
        throw foreign(current);
      await out.take(current);
      const wait = rows.advance();
      if (wait) await wait;
    }
  }
  if (rows.current) throw foreign(rows.current);
}

/** Merges without the cohort: writes the existing rows, and counts the unknown rows between them. */
async function alone(rows: ByRow, out: Merging): Promise<void> {
  let next = 2;
  for (let { current } = rows; current; current = rows.current) {
    const { row } = current.record;
    if (row > next) out.missing.add(next, row - 1);
    next = row + 1;
    await out.take(current);
    const wait = rows.advance();
    if (wait) await wait;
  }
}

function assertAlike([first, ...others]: readonly ResultsFile[]): void {
  for (const other of others) {
    if (JSON.stringify(other.columns) === JSON.stringify(first?.columns)) continue;
    throw new OnboardError(
      'COHORT_COLUMNS',
      `${other.path} has other columns than ${first?.path}: give the results of one cohort, all with --excel or all without`,
    );
  }
}

function assertOf(cohort: Cohort, file: ResultsFile, name: string): void {
  const own = headerCells(cohort.columns.slice(0, cohort.ownWidth), { excel: file.excel });
  if (JSON.stringify(own) === JSON.stringify(file.columns)) return;
  throw new OnboardError(
    'COHORT_COLUMNS',
    `${file.path} has other columns than ${name}: it is of another cohort`,
  );
}

/** Summary as `report` prints it, and the missing rows. */
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

/** Ranges shown; the rest are counted. */
const SHOWN = 20;

/** Ascending row numbers as ranges: `3, 7–9`. Memory grows with the ranges shown, not with the rows. */
class Ranges {
  readonly #ranges: [from: number, to: number][] = [];
  #last = Number.NEGATIVE_INFINITY;
  #more = 0;
  rows = 0;

  /** @param to inclusive */
  add(from: number, to = from): void {
    this.rows += to - from + 1;
    const open = this.#ranges.at(-1);
    if (this.#last === from - 1) {
      if (open && this.#more === 0) open[1] = to;
    } else if (this.#ranges.length < SHOWN) this.#ranges.push([from, to]);
    else this.#more++;
    this.#last = to;
  }

  toString(): string {
    const shown = this.#ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
    return this.#more > 0 ? `${shown} and ${this.#more} more places` : shown;
  }
}
