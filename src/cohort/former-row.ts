import { parseChatId, parseParticipant, personKey } from '../domain/ids.ts';
import {
  ACCEPTED_STATUSES,
  type Pair,
  type Problem,
  type Reading,
  type Row,
  type Status,
} from '../domain/words.ts';
import { recordsOf } from './file/reader.ts';
import { openTable, type TableOptions } from './file/table.ts';
import { findResults, formerCells, type PreviousResult } from './results-file.ts';
import { quote } from './trouble.ts';

/** A row of results: where it stands, and the cells of the results columns. */
export interface FormerRow {
  readonly row: Pick<Row, 'line' | 'number'>;
  readonly fields: PreviousResult['fields'];
}

/**
 * Results columns of each row, read without the cohort's own columns; undefined when the file is not a results CSV.
 * @throws OnboardError COHORT_UNREADABLE where it cannot be read
 */
export async function openFormer(
  path: string,
  options: TableOptions = {},
): Promise<{ rows(): AsyncGenerator<readonly FormerRow[]> } | undefined> {
  const { layout, header } = await openTable(path, options);
  const start = findResults(header);
  if (start === undefined) return undefined;
  return {
    rows: async function* () {
      let isHeader = true;
      for await (const batch of recordsOf(layout)) {
        const records = isHeader ? batch.slice(1) : batch;
        isHeader = false;
        yield records.map((record) => ({ row: record, fields: formerCells(record, start) }));
      }
    },
  };
}

/** Evidence that a results row's own columns are judged by. */
export interface Witness {
  /** Whether the ledger has an ask of this pair. */
  isAsked(pair: Pair): boolean;
}

/** The pair that the results columns of a row name; undefined when they name none, or cannot be read any more. */
export function formerPair(fields: PreviousResult['fields']): Pair | undefined {
  const chatId = parseChatId(digitsOf(fields.chat_id));
  const participant = parseParticipant(digitsOf(fields.participant));
  return chatId && participant && { chatId, participant };
}

/** `--excel` sets an apostrophe before numbers, and a spreadsheet may keep it. */
function digitsOf(cell: string): string {
  return cell.trim().replace(/^'/, '');
}

export function isSamePair(one: Pair, other: Pair): boolean {
  return one.chatId === other.chatId && personKey(one.participant) === personKey(other.participant);
}

/**
 * A row of a results CSV, read by the cohort's own columns, beside what its results columns say: they tell whom these
 * results are about. The row was corrected where the two differ, and then somebody else is meant. Where it cannot be told
 * which of the two was edited, the row is invalid.
 */
export function judgeFormerRow(
  reading: Reading,
  previous: PreviousResult | undefined,
  { isAsked }: Witness,
): Reading {
  if (previous === undefined || reading.row.problem !== undefined) return reading;
  const { fields, status } = previous;
  const wasAsked = fields.asked_at !== '';
  const before = formerPair(fields);
  if (reading.kind === 'invalid') {
    // A spreadsheet may have spoilt the own cell of somebody with whom all is done.
    const isKept = wasAsked && isDone(status) && reading.problem.code !== 'status_edited';
    return isKept && before && isAsked(before) ? { kind: 'pair', row: reading.row, pair: before } : reading;
  }
  const { row, pair } = reading;
  const invalid = (problem: Problem): Reading => ({ kind: 'invalid', row, problem });
  if (before === undefined) return wasAsked && !isAsked(pair) ? invalid(unreadable(fields, pair)) : reading;
  if (isSamePair(before, pair)) return reading;
  if (wasAsked && !isAsked(before) && isAsked(pair)) return invalid(twoPairs(before, pair));
  return { ...reading, corrected: before };
}

function isDone(status: Status): boolean {
  return status === 'left' || (ACCEPTED_STATUSES as readonly Status[]).includes(status);
}

function unreadable(fields: PreviousResult['fields'], pair: Pair): Problem {
  const message = `the cells “chat_id” and “participant” (now ${quote(fields.chat_id)}, ${quote(fields.participant)}) do not say any more who was asked, and the ledger knows nothing of ${pair.participant}: put them back`;
  return { code: 'status_edited', message, column: 'participant', value: fields.participant };
}

/** The results name somebody who was never asked, and the own columns somebody who was: the wrong cell was edited. */
function twoPairs(before: Pair, pair: Pair): Problem {
  const isPhone = personKey(before.participant) !== personKey(pair.participant);
  const [column, now, own] = isPhone
    ? ['participant', before.participant, pair.participant]
    : ['chat_id', before.chatId, pair.chatId];
  const message = `the cell “${column}” of the results says ${now}, who was never asked, and your own columns say ${own}, who was: correct your own column, and put “${column}” back`;
  return { code: 'phone_conflict', message, column, value: now };
}
