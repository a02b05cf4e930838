import { parseChatId } from '../../domain/ids.ts';
import type { ChatId } from '../../domain/words.ts';
import { cutMiddle, nearestOnes } from '../../lib/text.ts';
import { isSpreadsheetError, readChatCell, type Trouble, trouble } from '../cell.ts';

/** Invisible characters that copying leaves in a name. */
const UNSEEN = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\ufe0e|\ufe0f/g;

/** Comparison key of a group's name: without case, width of letters, and amount of space. */
export function nameKey(name: string): string {
  return name
    .normalize('NFKC')
    .replace(UNSEEN, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toLowerCase()
    .normalize('NFKC');
}

/** Similar names shown for an unknown one. */
const MOST_NEAR = 3;
/** Most unknown names compared with the known ones: for thousands it would be slow. */
const MOST_UNKNOWN = 1_000;
/** Longest cell compared, in characters: no group has a longer name. */
const LONGEST_NAME = 200;
const LONGEST_SHOWN = 60;
/** Longest cell kept in memory, in characters: a longer one is not a name. */
export const LONGEST_CELL = 1_000;

/** A name and its groups. */
interface Entry {
  /** The name as first written. */
  readonly name: string;
  /** Ids of any form. With more than one, the name is ambiguous. */
  readonly ids: Set<string>;
}

/** Names of groups, each with its ids. */
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

  /** Trouble with a name that no group has. */
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
  const flat = name
    .slice(0, 4 * LONGEST_NAME)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}]/gu, '')
    .trim();
  return `“${cutMiddle(flat, LONGEST_SHOWN)}”`;
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
  return trouble(
    'group_name_ambiguous',
    `${quoteName(cell)} stands for ${which}: write the chat_id in its place`,
  );
}
