import { parseChatId, parseParticipant, personKey } from '../domain/ids.ts';
import {
  ACCEPTED_STATUSES,
  type Pair,
  type Problem,
  type Reading,
  type Row,
  type Status,
} from '../domain/words.ts';
import { quote } from './cell.ts';
import { openTable, recordsBelow, type TableOptions } from './file/reader.ts';
import { findResults, formerCells, type PreviousResult, tellsOfAsk } from './results-file.ts';

/** Row of results: its place, and the cells of the results columns. */
export interface FormerRow {
  readonly row: Pick<Row, 'line' | 'number'>;
  readonly fields: PreviousResult['fields'];
}

/**
 * Reader of the results columns of each row, without the cohort's own columns; undefined: not a results CSV.
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
      for await (const records of recordsBelow(layout)) {
        yield records.map((record) => ({ row: record, fields: formerCells(record, start) }));
      }
    },
  };
}

/** Evidence for judging the own columns of a results row. */
export interface Witness {
  /** Whether the ledger has an ask of this pair. */
  isAsked(pair: Pair): boolean;
}

/** Pair named by the results columns of a row; undefined: none, or not readable any more. */
export function formerPair(fields: PreviousResult['fields']): Pair | undefined {
  const chatId = parseChatId(digitsOf(fields.chat_id));
  const participant = parseParticipant(digitsOf(fields.participant));
  return chatId && participant && { chatId, participant };
}

/** Text without what a spreadsheet adds to whole numbers: the apostrophe of `--excel`, a plus, and zeros as decimals. */
function digitsOf(cell: string): string {
  return cell
    .trim()
    .replace(/^'?\+?/, '')
    .replace(/^(\d+)[.,]0+$/, '$1');
}

function isSamePair(one: Pair, other: Pair): boolean {
  return one.chatId === other.chatId && personKey(one.participant) === personKey(other.participant);
}

/**
 * Reading of a results row, from the cohort's own columns and its results columns, which name the person asked. Where
 * the two differ, the row was corrected and now means somebody else. Where it is unclear which of them was edited, the
 * row is invalid.
 */
export function judgeFormerRow(
  reading: Reading,
  previous: PreviousResult | undefined,
  { isAsked }: Witness,
): Reading {
  if (previous === undefined || reading.row.problem !== undefined) return reading;
  const { fields, status } = previous;
  const wasAsked = tellsOfAsk(fields);
  const before = formerPair(fields);
  if (reading.kind === 'invalid') {
    // A spreadsheet may have damaged the own cell of a person who is done.
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

/** Problem of a row edited in the wrong cell: its results name a person never asked, its own columns one who was. */
function twoPairs(before: Pair, pair: Pair): Problem {
  const isPhone = personKey(before.participant) !== personKey(pair.participant);
  const [column, now, own] = isPhone
    ? ['participant', before.participant, pair.participant]
    : ['chat_id', before.chatId, pair.chatId];
  const message = `the cell “${column}” of the results says ${now}, who was never asked, and your own columns say ${own}, who was: correct your own column, and put “${column}” back`;
  return { code: 'phone_conflict', message, column, value: now };
}
