import { personKey } from '../domain/ids.ts';
import type { ChatId, Participant, Problem, Reading, Row, Sender } from '../domain/words.ts';
import { remembering } from '../lib/text.ts';
import { quote, readChatCell, readSenderCell, type Trouble, trouble } from './cell.ts';
import { looksLikePhone } from './columns/columns.ts';
import type { Column, Roles } from './columns/roles.ts';
import { isUnresolvedName, readGroupCell } from './groups.ts';
import { type Country, isBlankCountry, readCountryCell } from './phone/country.ts';
import { ambiguous, isMobile, type Judge } from './phone/doubt.ts';
import { callingCodeOf } from './phone/numbering.ts';
import { readInternational, readPhoneCell, readPhoneCellOf } from './phone/phone-cell.ts';
import { readPhoneText } from './phone/phone-text.ts';

/** Most groups cached: enough for any cohort. */
const GROUPS_KEPT = 10_000;

/** Row → Reading. Made once per pass, because it caches the groups it has read. */
export function createNormalizer(roles: Roles, judge?: Judge): (row: Row) => Reading {
  const readChat = remembering(GROUPS_KEPT, (cell) => readGroupCell(cell, roles.groups));

  function formerIfNamed(read: ChatId | Trouble, row: Row): ChatId | Trouble {
    if (roles.formerChat === undefined || !isUnresolvedName(read)) return read;
    const former = readChatCell(cellAt(row, roles.formerChat));
    return typeof former === 'string' ? former : read;
  }

  return (row) => {
    if (row.problem !== undefined) return { kind: 'invalid', row, problem: row.problem };
    const phoneColumn = filled(row, roles.phone);
    const phoneCell = cellAt(row, phoneColumn);
    const phone = readPhone(row, phoneColumn, roles, phoneColumn === roles.ownPhone ? judge : undefined);
    const chatColumn = filled(row, roles.chat);
    const chat = roles.chatId ?? formerIfNamed(readChat(cellAt(row, chatColumn)), row);
    if (typeof phone === 'string' && typeof chat === 'string') {
      const conflict = roles.phone.length > 1 ? findConflict(row, roles, phone, phoneColumn) : undefined;
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
        problem: problem(chat as Trouble, chatColumn?.name, cellAt(row, chatColumn)),
      };
    }
    const both =
      typeof chat === 'string' ? phone : trouble(phone.code, `${phone.message}. And ${chat.message}`);
    return { kind: 'invalid', row, problem: problem(both, phoneColumn?.name, phoneCell) };
  };
}

function readPhone(row: Row, column: Column | undefined, roles: Roles, judge?: Judge): Participant | Trouble {
  const cell = cellAt(row, column);
  const alone = () => readPhoneCell(cell, roles.defaultCountry, judge);
  const country = column?.country;
  const read =
    country === undefined
      ? alone()
      : readPhoneWithCountry(cell, cellAt(row, country), { phone: column?.name ?? '', country }, alone);
  return typeof read !== 'string' && read.code === 'phone_missing' ? missingHere(row, read, roles) : read;
}

/**
 * A phone cell and the row's country cell → the participant, or why it cannot be read with certainty. Bare digits are a
 * number of that country; a number with its own country code has to match it.
 */
function readPhoneWithCountry(
  cell: string,
  countryCell: string,
  columns: { readonly phone: string; readonly country: NonNullable<Column['country']> },
  alone: () => Participant | Trouble,
): Participant | Trouble {
  if (isBlankCountry(countryCell)) return alone();
  const said = readCountryCell(countryCell);
  const says = `column ${quote(columns.country.name)} says ${quote(countryCell)}`;
  if (columns.country.inDoubt) return said === undefined ? alone() : inDoubt(cell, said, says, alone());
  if (said === undefined) {
    if (isInternational(cell) !== false) return alone();
    return trouble(
      'phone_no_country',
      `${quote(cell)} has no country code, and ${says}, which names no country for certain: write BR or +55 there, or write the phone with + and the country code`,
    );
  }
  const read = readPhoneCellOf(cell, said.country);
  // The digits are a mobile with their own country code, but only a landline with the column's.
  const text = readPhoneText(cell);
  const isBare = !('code' in text) && !text.international && !text.digits.startsWith('0');
  const abroad = isBare ? readInternational(text.digits) : undefined;
  if (typeof read === 'string' && abroad !== undefined && abroad !== read) {
    if (isMobile(abroad) && !isMobile(read)) return ambiguous(cell, [abroad, read]);
  }
  if (typeof read !== 'string' || read.startsWith(said.prefix)) return read;
  // A country's name may be the residence; a number with its own country code is certain all the same.
  if (!/\p{Nd}/u.test(countryCell) && isInternational(cell)) return read;
  return trouble(
    'phone_conflict',
    `${says} (+${said.prefix}) and column ${quote(columns.phone)} says ${quote(cell)}, which is +${callingCodeOf(read)}: correct one of them (or give --country-column none)`,
  );
}

/** Whether the writing itself begins with a country code; undefined: not a number. */
function isInternational(cell: string): boolean | undefined {
  const text = readPhoneText(cell);
  return 'code' in text ? undefined : text.international;
}

/**
 * Reads a phone where the column may hold area codes: a number that reads alone, and differently with the column, is
 * refused.
 */
function inDoubt(
  cell: string,
  { country, prefix }: Country,
  says: string,
  alone: Participant | Trouble,
): Participant | Trouble {
  const together = readPhoneCellOf(cell, country);
  const both = typeof alone === 'string' && typeof together === 'string';
  if (!both || together === alone || !together.startsWith(prefix)) return alone;
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as +${alone}, or as +${together}, because ${says}: write it with + and the country code, or say with --country-column whether that is a country code`,
  );
}

/** Trouble with a missing number that mentions a number in another column: it is neither used nor silently ignored. */
function missingHere(row: Row, read: Trouble, { otherPhones = [] }: Roles): Trouble {
  const other = otherPhones.find((column) => looksLikePhone(cellAt(row, column)));
  if (other === undefined) return read;
  return trouble(
    read.code,
    `the phone number is missing, but column ${quote(other.name)} holds ${quote(cellAt(row, other))}: move it here, or choose that column with --phone-column`,
  );
}

/** Conflict in a results CSV, which names a person twice: as the participant asked, and in the cohort's own column. */
function findConflict(
  row: Row,
  roles: Roles,
  phone: Participant,
  column: Column | undefined,
): Problem | undefined {
  for (const other of roles.phone) {
    const cell = cellAt(row, other);
    if (other === column || cell.trim() === '') continue;
    const read = readPhone(row, other, roles);
    if (typeof read !== 'string' || personKey(read) === personKey(phone)) continue;
    const message = `column ${quote(column?.name ?? '')} says ${phone} and column ${quote(other.name)} says ${quote(cell)}, another number: correct one of them, or clear the ${column?.name} cell`;
    return problem(trouble('phone_conflict', message), other.name, cell);
  }
  return undefined;
}

/**
 * Sending phone named by the row, or the default for a row without one. An unreadable one never falls back to the
 * default.
 */
function senderOf(row: Row, column: Column, roles: Roles): Sender | undefined | Problem {
  const cell = cellAt(row, column);
  const read = readSenderCell(cell);
  if (typeof read === 'string') return read;
  if (read !== undefined) return problem(read, column.name, cell);
  if (roles.defaultSender !== undefined || roles.senderRequired !== true) return roles.defaultSender;
  const missing = trouble('sender_missing', 'the row names no sending phone: fill it in, or give --phone');
  return problem(missing, column.name, cell);
}

/** The first column whose cell is not blank, or the last one. */
function filled(row: Row, columns: readonly Column[]): Column | undefined {
  if (columns.length === 1) return columns[0];
  return columns.find((column) => cellAt(row, column).trim() !== '') ?? columns.at(-1);
}

function cellAt(row: Row, column: Column | undefined): string {
  return column === undefined ? '' : (row.fields[column.index] ?? '');
}

function problem({ code, message }: Trouble, column: string | undefined, value: string): Problem {
  return column === undefined ? { code, message, value } : { code, message, column, value };
}
