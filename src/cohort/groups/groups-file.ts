import { OnboardError } from '../../domain/errors.ts';
import { rowText } from '../../domain/words.ts';
import { quoteAll, readChatCell } from '../cell.ts';
import { candidates, rankOf } from '../columns/columns.ts';
import { groupNameColumns } from '../columns/name-columns.ts';
import { headerKey } from '../columns/names.ts';
import { openTable, recordsBelow } from '../file/reader.ts';
import { GroupBook } from './group-book.ts';

const NAME = new Set(['name', 'groupname', 'chatname', 'subject', 'title', 'group', 'groups']);
/** Rank of the API's own word, and of names with the same meaning. */
const STRONG = 1;

/**
 * Reads `--groups FILE`: a name and a chat_id in each row, under a header, in any column order; read like a cohort.
 * @param plainCell removes the prefix that our own writer puts before a cell
 * @throws OnboardError CONFIG where it cannot be read, or a row has no id: half a list is never used
 */
export async function readGroupsFile(path: string, plainCell: (cell: string) => string): Promise<GroupBook> {
  const refuse = (what: string, cause?: unknown) =>
    new OnboardError('CONFIG', `--groups ${path}: ${what}`, { cause });
  const table = await openTable(path, { name: path }).catch((error: unknown) => {
    throw error instanceof OnboardError ? refuse(error.message, error) : error;
  });
  const header = table.header.map((cell) => plainCell(cell));
  const chatAt = chatColumn(header);
  const nameAt = chatAt === undefined ? undefined : nameColumn(header, chatAt);
  if (chatAt === undefined || nameAt === undefined) {
    const isData = header.some((cell) => typeof readChatCell(cell) === 'string');
    const has = isData ? 'its first line looks like data' : `its columns: ${quoteAll(header)}`;
    throw refuse(`it needs a header with the columns name and chat_id (${has})`);
  }
  const book = new GroupBook(path);
  for await (const batch of recordsBelow(table.layout)) {
    for (const record of batch) {
      const { fields, broken } = record;
      if (broken !== undefined) throw refuse(`${rowText(record)} ${broken}`);
      const name = plainCell(fields[nameAt] ?? '');
      // A group may have no name; then no cell can refer to it by name.
      if (name.trim() === '') continue;
      const read = readChatCell(plainCell(fields[chatAt] ?? ''));
      if (typeof read !== 'string') throw refuse(`${rowText(record)}: ${read.message}`);
      book.add(name, read);
    }
  }
  return book;
}

function chatColumn(header: readonly string[]): number | undefined {
  const found = candidates(header, 'chat').filter((at) => (rankOf(header[at] ?? '', 'chat') ?? 9) <= STRONG);
  return found.length === 1 ? found[0] : undefined;
}

/** Index of the column with the names; of two, the one next to the ids. */
function nameColumn(header: readonly string[], chatAt: number): number | undefined {
  const others = header.flatMap((cell, at) => (at === chatAt || cell.trim() === '' ? [] : [at]));
  if (others.length === 1) return others[0];
  const named = others.filter((at) => NAME.has(headerKey(header[at] ?? '')));
  if (named.length === 1) return named[0];
  const found = groupNameColumns(header.map((cell, at) => (at === chatAt ? '' : cell)));
  return named.length === 0 && found.length === 1 ? found[0] : undefined;
}
