import type { CountryCode } from 'libphonenumber-js/max';
import { personKey } from '../domain/ids.ts';
import type { ChatId, Participant, Problem, Reading, Row, Sender } from '../domain/words.ts';
import { detached } from '../lib/text.ts';
import { looksLikePhone } from './columns/columns.ts';
import { readPhoneWithCountry } from './country/country-column.ts';
import { type GroupBook, isUnresolvedName, readGroupCell } from './groups/group-book.ts';
import { readChatCell, readSenderCell } from './id-cells.ts';
import type { Judge } from './phone/doubt.ts';
import { readPhoneCell } from './phone/phone-cell.ts';
import { quote, type Trouble, trouble } from './trouble.ts';

export type { CountryCode } from 'libphonenumber-js/max';

/** A phone cell → the participant, or the problem with it. Pure. */
export function normalizePhone(
  cell: string,
  options: { readonly defaultCountry?: CountryCode | undefined; readonly column?: string } = {},
): { readonly participant: Participant } | Problem {
  const read = readPhoneCell(cell, options.defaultCountry);
  return typeof read === 'string' ? { participant: read } : problem(read, options.column, cell);
}

/** A chat_id cell → the group's id, or the problem with it. Pure. */
export function normalizeChatId(
  cell: string,
  options: { readonly column?: string } = {},
): { readonly chatId: ChatId } | Problem {
  const read = readChatCell(cell);
  return typeof read === 'string' ? { chatId: read } : problem(read, options.column, cell);
}

/** One place where a role's value may stand: the index in the row, and the column's name. */
export interface Place {
  readonly index: number;
  readonly name: string;
  /** Of a phone: the column that says from which country it is. */
  readonly country?: Place & { readonly inDoubt: boolean };
}

/** Where a row's group and phone stand. Of several places, the first cell that is not blank counts. */
export interface Roles {
  readonly width: number;
  readonly chat: readonly Place[];
  /** Of a results CSV: the group that its results name, for a name in the own column that nothing looks up. */
  readonly formerChat?: Place | undefined;
  /** The names of groups; undefined: nothing looks names up. */
  readonly groups?: GroupBook | undefined;
  /** Every row's group, whatever the columns say. */
  readonly chatId: ChatId | undefined;
  readonly phone: readonly Place[];
  /** Columns that were passed over, and may hold the number that a row lacks. */
  readonly otherPhones?: readonly Place[];
  /** The cohort's own one of them: in a results CSV, what was asked before is our writing. */
  readonly ownPhone?: Place | undefined;
  /** Where a row names its own sending phone. */
  readonly sender?: Place | undefined;
  /** Of rows that name none. */
  readonly defaultSender?: Sender | undefined;
  /** Whether a row that has neither is invalid. */
  readonly senderRequired?: boolean | undefined;
  readonly defaultCountry: CountryCode | undefined;
}

/** Enough for the groups of any cohort; cleared when more than that differ, so memory stays bounded. */
const GROUPS_KEPT = 10_000;

/** Row → Reading. Made once per pass: it remembers the groups it has read, as the same ones come again and again. */
export function createNormalizer(roles: Roles, judge?: Judge): (row: Row) => Reading {
  const groups = new Map<string, ChatId | Trouble>();

  function readChat(cell: string): ChatId | Trouble {
    const known = groups.get(cell);
    if (known !== undefined) return known;
    const own = detached(cell);
    const read = readGroupCell(own, roles.groups);
    if (groups.size >= GROUPS_KEPT) groups.clear();
    groups.set(own, read);
    return read;
  }

  function formerIfNamed(read: ChatId | Trouble, row: Row): ChatId | Trouble {
    if (roles.formerChat === undefined || !isUnresolvedName(read)) return read;
    const former = readChatCell(cellAt(row, roles.formerChat));
    return typeof former === 'string' ? former : read;
  }

  return (row) => {
    if (row.problem !== undefined) return { kind: 'invalid', row, problem: row.problem };
    const phonePlace = filled(row, roles.phone);
    const phoneCell = cellAt(row, phonePlace);
    const phone = readPhone(row, phonePlace, roles, phonePlace === roles.ownPhone ? judge : undefined);
    const chatPlace = filled(row, roles.chat);
    const chat = roles.chatId ?? formerIfNamed(readChat(cellAt(row, chatPlace)), row);
    if (typeof phone === 'string' && typeof chat === 'string') {
      const conflict = roles.phone.length > 1 ? findConflict(row, roles, phone, phonePlace) : undefined;
      if (conflict !== undefined) return { kind: 'invalid', row, problem: conflict };
      const pair = { chatId: chat, participant: phone };
      if (roles.sender === undefined) return { kind: 'pair', row, pair, sender: roles.defaultSender };
      const sender = senderOf(row, roles.sender, roles);
      return typeof sender === 'object'
        ? { kind: 'invalid', row, problem: sender }
        : { kind: 'pair', row, pair, sender };
    }
    if (typeof phone === 'string') {
      return {
        kind: 'invalid',
        row,
        problem: problem(chat as Trouble, chatPlace?.name, cellAt(row, chatPlace)),
      };
    }
    const both =
      typeof chat === 'string' ? phone : trouble(phone.code, `${phone.message}. And ${chat.message}`);
    return { kind: 'invalid', row, problem: problem(both, phonePlace?.name, phoneCell) };
  };
}

function readPhone(row: Row, place: Place | undefined, roles: Roles, judge?: Judge): Participant | Trouble {
  const cell = cellAt(row, place);
  const alone = () => readPhoneCell(cell, roles.defaultCountry, judge);
  const country = place?.country;
  const columns = {
    phone: place?.name ?? '',
    country: country?.name ?? '',
    inDoubt: country?.inDoubt === true,
  };
  const read =
    country === undefined ? alone() : readPhoneWithCountry(cell, cellAt(row, country), columns, alone);
  return typeof read !== 'string' && read.code === 'phone_missing' ? missingHere(row, read, roles) : read;
}

/** A number in another column is not taken for the one that is missing, and not passed over in silence. */
function missingHere(row: Row, read: Trouble, { otherPhones = [] }: Roles): Trouble {
  const other = otherPhones.find((place) => looksLikePhone(cellAt(row, place)));
  if (other === undefined) return read;
  return trouble(
    read.code,
    `the phone number is missing, but column ${quote(other.name)} holds ${quote(cellAt(row, other))}: move it here, or choose that column with --phone-column`,
  );
}

/** A results CSV names a person twice: as the participant asked, and in the cohort's own column. */
function findConflict(
  row: Row,
  roles: Roles,
  phone: Participant,
  place: Place | undefined,
): Problem | undefined {
  for (const other of roles.phone) {
    const cell = cellAt(row, other);
    if (other === place || cell.trim() === '') continue;
    const read = readPhone(row, other, roles);
    if (typeof read !== 'string' || personKey(read) === personKey(phone)) continue;
    const message = `column ${quote(place?.name ?? '')} says ${phone} and column ${quote(other.name)} says ${quote(cell)}, another number: correct one of them, or clear the ${place?.name} cell`;
    return problem(trouble('phone_conflict', message), other.name, cell);
  }
  return undefined;
}

/** The phone that the row names, or the one of rows that name none: never one in the place of another. */
function senderOf(row: Row, place: Place, roles: Roles): Sender | undefined | Problem {
  const cell = cellAt(row, place);
  const read = readSenderCell(cell);
  if (typeof read === 'string') return read;
  if (read !== undefined) return problem(read, place.name, cell);
  if (roles.defaultSender !== undefined || roles.senderRequired !== true) return roles.defaultSender;
  const missing = trouble('sender_missing', 'the row names no sending phone: fill it in, or give --phone');
  return problem(missing, place.name, cell);
}

/** The first place whose cell is not blank, or the last one. */
function filled(row: Row, places: readonly Place[]): Place | undefined {
  if (places.length === 1) return places[0];
  return places.find((place) => cellAt(row, place).trim() !== '') ?? places.at(-1);
}

function cellAt(row: Row, place: Place | undefined): string {
  return place === undefined ? '' : (row.fields[place.index] ?? '');
}

function problem({ code, message }: Trouble, column: string | undefined, value: string): Problem {
  return column === undefined ? { code, message, value } : { code, message, column, value };
}
