/** Rows of merged results: from the files in the order of the cohort, or missing, where the ledgers allow it. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Cohort } from '../../cohort/cohort.ts';
import type { ResultsFile, ResultsRecord } from '../../cohort/results-file.ts';
import { OnboardError, usage } from '../../domain/errors.ts';
import { parseChatId, parseParticipant } from '../../domain/ids.ts';
import { isReasonCode, REASONS, type ReasonCode } from '../../domain/reasons.ts';
import { readShardFile } from '../../domain/shard.ts';
import {
  type Pair,
  RESULT_COLUMNS,
  type Reading,
  type ResultColumn,
  rowNumber,
  rowText,
  type Status,
} from '../../domain/words.ts';
import { type Ledger, openLedger } from '../../ledger/ledger.ts';
import { beginningOf } from '../../lib/files.ts';
import { plainCell, resultCells } from '../../report/results/results.ts';
import { systemClock } from '../io.ts';

export interface Parts {
  readonly records: AsyncGenerator<FromFile, void, undefined>;
  readonly unseen: ReturnType<typeof unseenAsks>;
  /** Takes the rows of the cohort without a result. */
  readonly missing: Ranges;
  readonly excel: boolean;
}

interface Merged {
  readonly number: number;
  readonly chatId: string;
  readonly status: Status;
  readonly reasonCode: ReasonCode | '';
  readonly cells: readonly string[];
}

/** Row of a file, as it is there. */
async function taken({ file, record }: FromFile, { unseen }: Parts): Promise<Merged> {
  const cell = (column: ResultColumn) =>
    plainCell(record.fields[file.ownWidth + RESULT_COLUMNS.indexOf(column)] ?? '', { excel: file.excel });
  const { row: number, status, fields: cells } = record;
  const [chatId, reason] = [cell('chat_id'), cell('reason_code')];
  if (status === 'not_attempted' || status === 'planned')
    await unseen.refuse(chatId, cell('participant'), `${file.path} ${rowText(record)} is ${status}`);
  return { number, chatId, status, reasonCode: isReasonCode(reason) ? reason : '', cells };
}

/** Every row of the cohort, with its result or without one. */
export async function* withCohort(cohort: Cohort, name: string, parts: Parts): AsyncGenerator<Merged> {
  const foreign = ({ file, record }: FromFile) =>
    new OnboardError(
      'COHORT_UNREADABLE',
      `${file.path} ${rowText(record)}: row ${record.row} of the cohort is not what ${name} has there: it is of another cohort, or the cohort was edited; run the shards again (nobody is asked twice), then merge`,
    );
  let areNames: boolean | undefined;
  const { records } = parts;
  let next = (await records.next()).value;
  for await (const batch of cohort.readings()) {
    for (const reading of batch) {
      const { fields } = reading.row;
      const number = rowNumber(reading.row);
      if (next === undefined || next.record.row > number) {
        yield await missed(reading);
        continue;
      }
      const { file, record } = next;
      const isOther = (cell: string, at: number) => plainCell(cell, { excel: file.excel }) !== fields[at];
      if (record.row < number || record.fields.slice(0, file.ownWidth).some(isOther)) throw foreign(next);
      yield await taken(next, parts);
      next = (await records.next()).value;
    }
  }
  if (next) throw foreign(next);

  async function missed(reading: Reading): Promise<Merged> {
    const { row } = reading;
    // The ledgers can not be searched for a group given by name: they may hold an ask into it.
    const isUnread = reading.kind === 'invalid' && reading.problem.code === 'chat_id_invalid';
    if (isUnread) areNames ??= await holdsNames(cohort);
    if (isUnread && areNames)
      throw usage(
        `${name} ${rowText(row)} has no result, and the cohort names its groups: give --groups FILE (name,chat_id), so that the ledgers tell whether this person was asked`,
      );
    const { chatId, participant } = reading.kind === 'pair' ? reading.pair : NOBODY;
    await parts.unseen.refuse(chatId, participant, `${name} ${rowText(row)} has no result`);
    const number = rowNumber(row);
    parts.missing.add(number);
    const facts = { chatId, status: 'not_attempted', reasonCode: 'no_result' } as const;
    const result = {
      row,
      participant,
      ...facts,
      message: REASONS.no_result.meaning,
      attempts: 0,
      traceId: '',
    };
    return { number, ...facts, cells: resultCells(result, cohort.ownWidth, { excel: parts.excel }) };
  }
}

/** Whether the cohort's groups are names that nothing looks up. */
async function holdsNames(cohort: Cohort): Promise<boolean> {
  return cohort.groups === undefined && (await cohort.groupCells())?.isOfNames === true;
}

const NOBODY = { chatId: '', participant: '' };

/** The rows that the files have. Counts the unknown rows between them. */
export async function* alone(parts: Parts): AsyncGenerator<Merged> {
  let next = 2;
  for await (const one of parts.records) {
    const { row } = one.record;
    if (row > next) parts.missing.add(next, row - 1);
    next = row + 1;
    yield await taken(one, parts);
  }
}

const SHOWN = 20;

/** Ascending row numbers as ranges: `3, 7–9`. Memory grows with the ranges shown, not with the rows. */
export class Ranges {
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

interface FromFile {
  readonly file: ResultsFile;
  readonly record: ResultsRecord;
}

/**
 * Records of files that are sorted by their `row`, in that order. Holds one batch of each file in memory.
 * @throws OnboardError COHORT_UNREADABLE: a damaged file, or a row that is in two files
 */
export async function* byRow(files: readonly ResultsFile[]): AsyncGenerator<FromFile, void, undefined> {
  const sources = files.map((file) => ({ file, records: oneByOne(file) }));
  const heads: (FromFile | undefined)[] = [];
  try {
    for (const { records } of sources) heads.push((await records.next()).value ?? undefined);
    for (;;) {
      let least = -1;
      for (const [at, head] of heads.entries()) {
        const before = heads[least]?.record;
        if (head && before?.row === head.record.row) throw twice(heads[least] as FromFile, head);
        if (head && (before === undefined || head.record.row < before.row)) least = at;
      }
      const next = heads[least];
      if (next === undefined) return;
      yield next;
      heads[least] = (await sources[least]?.records.next())?.value ?? undefined;
    }
  } finally {
    for (const { records } of sources) await records.return();
  }
}

async function* oneByOne(file: ResultsFile): AsyncGenerator<FromFile, void, undefined> {
  for await (const batch of file.records()) for (const record of batch) yield { file, record };
}

function twice(one: FromFile, other: FromFile): OnboardError {
  const [a, b] = [one, other].map(({ file, record }) => `${file.path} ${rowText(record)}`);
  return new OnboardError(
    'COHORT_UNREADABLE',
    `row ${one.record.row} of the cohort is in ${a} and in ${b}: a row is in one shard; give the files of one cohort, run in one number of shards`,
  );
}

/** Most bytes of a ledger's header: one short line. */
const HEADER_BYTES = 4096;

/**
 * Asks in a ledger that the results lack: of a run that was killed before it could write its results, or that still
 * runs. Merged as “not attempted”, these people would be asked again by the next run with the merged file. The ledgers
 * are opened only for a row without a result.
 * @param results files to be merged; their ledgers, and those of the other shards, are next to them
 */
export function unseenAsks(results: readonly string[]) {
  let ledgers: readonly { readonly path: string; readonly ledger: Ledger }[] | undefined;
  return {
    /**
     * @param where names the row
     * @throws OnboardError RESULTS_STALE when somebody was asked already
     */
    async refuse(chatId: string, participant: string, where: string): Promise<void> {
      const pair = pairOf(chatId, participant);
      if (pair === undefined) return;
      ledgers ??= await ledgersOf(results);
      for (const { path, ledger } of ledgers) {
        const status = ledger.state(pair)?.status;
        if (status === undefined || status === 'not_done') continue;
        throw new OnboardError(
          'RESULTS_STALE',
          `${where}, and ${path} says that they were asked: that run was killed, or goes on; run that shard again (nobody is asked twice), and give its results`,
        );
      }
    },
    async close(): Promise<void> {
      for (const { ledger } of ledgers ?? []) await ledger.close();
    },
  };
}

async function ledgersOf(files: readonly string[]) {
  const paths = new Set<string>();
  for (const results of files) for (const path of await ledgersBeside(results)) paths.add(path);
  const opened: { path: string; ledger: Ledger }[] = [];
  for (const path of paths) {
    const origin = await originOf(path);
    if (origin === undefined) continue;
    opened.push({ path, ledger: await openLedger(path, { origin, clock: systemClock, readOnly: true }) });
  }
  return opened;
}

function pairOf(chat: string, person: string): Pair | undefined {
  const chatId = parseChatId(chat);
  const participant = parseParticipant(person);
  return chatId && participant && { chatId, participant };
}

/** Ledger of these results, and those of the other shards of the same cohort. */
async function ledgersBeside(results: string): Promise<readonly string[]> {
  const own = `${results}.ledger.jsonl`;
  const ours = readShardFile(basename(own));
  if (ours === undefined) return [own];
  const names = await readdir(dirname(own)).catch(() => []);
  const isOurs = (name: string) => {
    const other = readShardFile(name);
    return other?.plain === ours.plain && other.shard.count === ours.shard.count;
  };
  return names.filter(isOurs).map((name) => join(dirname(own), name));
}

/** Origin that the ledger's asks went to; undefined: no ledger exists. */
async function originOf(path: string): Promise<string | undefined> {
  try {
    const [line = ''] = (await beginningOf(path, HEADER_BYTES))?.toString().split('\n', 1) ?? [];
    const header: unknown = JSON.parse(line);
    const origin = (header as { readonly origin?: unknown } | null)?.origin;
    return typeof origin === 'string' ? origin : undefined;
  } catch {
    return undefined; // a header that was not written whole: nobody was asked before it was
  }
}
