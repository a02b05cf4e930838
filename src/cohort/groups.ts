/** Groups by their names: the book of names, from a file or from the phone's list, and the tally of a cohort's names. */

import { OnboardError, usage } from '../domain/errors.ts';
import { parseChatId } from '../domain/ids.ts';
import { type ChatId, rowText } from '../domain/words.ts';
import { cutMiddle, detached, nearestOnes, remembering } from '../lib/text.ts';
import {
  isSpreadsheetError,
  onOneLine,
  quoteAll,
  readChatCell,
  readSenderCell,
  type Trouble,
  trouble,
} from './cell.ts';
import { candidates, rankOf, STRONG } from './columns/columns.ts';
import { groupNameColumns } from './columns/header-words.ts';
import { headerKey } from './columns/names.ts';
import { openTable, recordsBelow } from './file/reader.ts';
import type { CsvRecord } from './file/records.ts';

/** Invisible characters that copying leaves in a name. */
const UNSEEN = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\ufe0e|\ufe0f/g;

/** Comparison key of a group's name: without case, width of letters, and amount of space. */
function nameKey(name: string): string {
  return name
    .normalize('NFKC')
    .replace(UNSEEN, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toLowerCase()
    .normalize('NFKC');
}

const MOST_NEAR = 3;
/** Most unknown names compared with the known ones: for thousands it would be slow. */
const MOST_UNKNOWN = 1_000;
/** Longest cell compared, in characters: no group has a longer name. */
const LONGEST_NAME = 200;
const LONGEST_SHOWN = 60;
/** Longest cell kept in memory, in characters: a longer one is not a name. */
const LONGEST_CELL = 1_000;

interface Entry {
  /** The name as first written. */
  readonly name: string;
  /** Ids of any form. With more than one, the name is ambiguous. */
  readonly ids: Set<string>;
}

export class GroupBook {
  readonly #entries = new Map<string, Entry>();
  readonly #names = new Map<string, string>();
  readonly #unknown = new Map<string, Trouble>();
  /** Source of the names for messages: a file, or the phone's groups. */
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** Adds a name. Ignores an empty one. */
  add(name: string, chatId: string): void {
    const key = nameKey(name);
    if (key === '') return;
    const entry = this.#entries.get(key) ?? { name, ids: new Set() };
    this.#entries.set(key, entry);
    entry.ids.add(chatId);
    this.#names.set(chatId, name);
  }

  /** Name of the group in the book; '' where unknown. */
  nameOf(chatId: string): string {
    return this.#names.get(chatId) ?? '';
  }

  /** Ids of exactly this name; empty: no group has it. */
  idsOf(name: string): readonly string[] {
    return [...(this.#entries.get(nameKey(name))?.ids ?? [])];
  }

  unknown(name: string): Trouble {
    const key = nameKey(name);
    const known = this.#unknown.get(key);
    if (known !== undefined) return known;
    const compared = this.#unknown.size < MOST_UNKNOWN && key.length <= LONGEST_NAME;
    const near = compared ? nearestOnes(key, [...this.#entries.keys()], (one) => one, MOST_NEAR) : [];
    const names = near.map((one) => quoteName(this.#entries.get(one)?.name ?? one));
    const hint = names.length === 0 ? '' : `; the nearest: ${names.join(', ')}`;
    const message = `${quoteName(name)} is not the name of a group (${this.source})${hint}: correct the name, or write the chat_id`;
    const made = trouble('group_name_unknown', message);
    if (this.#unknown.size < MOST_UNKNOWN) this.#unknown.set(key, made);
    return made;
  }
}

/** Name of a group for a one-line message; a long one is cut in the middle. */
export function quoteName(name: string): string {
  return `“${cutMiddle(onOneLine(name.slice(0, 4 * LONGEST_NAME)), LONGEST_SHOWN)}”`;
}

/** Trouble with a cell that may hold a group's name to look up. */
interface NameTrouble extends Trouble {
  readonly isName: true;
}

/** Whether only a look-up of group names can tell the meaning of the cell. */
export function isUnresolvedName(read: ChatId | Trouble): read is NameTrouble {
  return typeof read !== 'string' && 'isName' in read;
}

/**
 * The cell of a group → its id. Ids and links are taken as such; anything else may be the exact name of one group. A
 * similar name never matches.
 */
export function readGroupCell(cell: string, book: GroupBook | undefined): ChatId | Trouble | NameTrouble {
  const read = readChatCell(cell);
  if (typeof read !== 'string' && (read.code === 'chat_id_missing' || read.code === 'chat_id_invite_link'))
    return read;
  if (book === undefined) {
    if (typeof read === 'string' || !mayBeName(cell, read)) return read;
    const message = `${read.message}; a group’s name is looked up with --groups FILE, or check --online`;
    return { ...read, message, isName: true };
  }
  const ids = book.idsOf(cell);
  if (typeof read === 'string')
    return ids.every((id) => id === read) ? read : ambiguous(cell, [read, ...ids]);
  const [only, ...others] = ids;
  if (only === undefined) return mayBeName(cell, read) ? book.unknown(cell) : read;
  return (others.length === 0 ? parseChatId(only) : undefined) ?? ambiguous(cell, ids);
}

function mayBeName(cell: string, { code }: Trouble): boolean {
  if (cell.length > LONGEST_CELL) return false;
  if (code !== 'chat_id_invalid' || isSpreadsheetError(cell.trim())) return false;
  return nameKey(cell) !== '' && !/@g\.us|:\/\/|^\D*\d{15,}\D*$/i.test(cell);
}

function ambiguous(cell: string, ids: readonly string[]): Trouble {
  const different = [...new Set(ids)];
  const which =
    different.length === 1
      ? `a group whose id is of another kind (${different[0]})`
      : `${different.length} groups (${different.slice(0, 5).join(', ')})`;
  const message = `${quoteName(cell)} stands for ${which}: write the chat_id in its place`;
  return trouble('group_name_ambiguous', message);
}

const NAME = new Set(['name', 'groupname', 'chatname', 'subject', 'title', 'group', 'groups']);

/**
 * Reads `--groups FILE`: a name and a chat_id in each row, under a header, in any column order; read like a cohort.
 * @param plainCell removes the prefix that our own writer puts before a cell
 * @throws OnboardError CONFIG where it cannot be read, or a row has no id: half a list is never used
 */
export async function readGroupsFile(path: string, plainCell: (cell: string) => string): Promise<GroupBook> {
  const refuse = (what: string, cause?: unknown) => usage(`--groups ${path}: ${what}`, { cause });
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

/** Most distinct names kept: nobody reads a longer list. */
const MOST_NAMES = 2_000;
/** Most distinct cells whose kind is cached. */
const MOST_CELLS = 10_000;
/** Up to this many rows are reported one by one. */
const FEW = 2;

interface NamedRows {
  readonly name: string;
  rows: number;
}

type At = Readonly<{ index: number }>;

interface GroupColumns {
  readonly chat: readonly (At & { readonly name: string })[];
  readonly formerChat?: At | undefined;
  readonly sender?: At | undefined;
}

/** Tally of the group column in one whole reading of a cohort: ids, or names to look up. */
export class GroupCells {
  /** Number of rows with an id. */
  ids = 0;
  /** Number of rows with a possible name. */
  named = 0;
  /** Distinct sending phones of the rows with a name; '' where blank or unreadable. */
  readonly senders = new Set<string>();
  readonly #columns: GroupColumns;
  readonly #plain: ((cells: readonly string[]) => readonly string[]) | undefined;
  readonly #names = new Map<string, NamedRows>();
  readonly #kindOf = remembering(MOST_CELLS, kindOf);

  /** @param plain removes the prefixes that our own writer puts before cells */
  constructor(columns: GroupColumns, plain?: (cells: readonly string[]) => readonly string[]) {
    this.#columns = columns;
    this.#plain = plain;
  }

  get column(): string {
    return this.#columns.chat.at(-1)?.name ?? '';
  }

  /** Whether the column holds names and no id: then its problem is reported once, not row by row. */
  get isOfNames(): boolean {
    return this.ids === 0 && this.named > FEW;
  }

  get names(): readonly NamedRows[] {
    return [...this.#names.values()];
  }

  see({ fields, broken }: CsvRecord): void {
    if (broken !== undefined) return;
    const { chat, formerChat, sender } = this.#columns;
    const at = (column: At | undefined) => (column === undefined ? '' : (fields[column.index] ?? ''));
    const written = at(chat.find((column) => at(column).trim() !== '') ?? chat.at(-1));
    const cell = written.startsWith("'") ? (this.#plain?.([written])[0] ?? written) : written;
    const kind = cell.length > LONGEST_CELL ? kindOf(cell) : this.#kindOf(cell);
    if (kind === 'neither') return;
    // The former cell names the group where this one cannot.
    if (kind === 'id' || typeof readChatCell(at(formerChat)) === 'string') {
      this.ids++;
      return;
    }
    this.named++;
    const phone = readSenderCell(at(sender));
    this.senders.add(typeof phone === 'string' ? phone : '');
    const key = nameKey(cell);
    const known = this.#names.get(key);
    if (known !== undefined) known.rows++;
    else if (this.#names.size < MOST_NAMES) this.#names.set(detached(key), { name: detached(cell), rows: 1 });
  }
}

function kindOf(cell: string): 'id' | 'name' | 'neither' {
  const read = readGroupCell(cell, undefined);
  if (typeof read === 'string') return 'id';
  return isUnresolvedName(read) ? 'name' : 'neither';
}
