import type { CountryCode } from 'libphonenumber-js/max';
import { unfitColumns } from '../../domain/errors.ts';
import { type ChatId, type Place, rowText, type Sender } from '../../domain/words.ts';
import { quote } from '../cell.ts';
import type { CsvRecord } from '../file/records.ts';
import type { GroupBook } from '../groups.ts';
import { type CountryColumn, countryCandidates } from '../phone/country.ts';
import {
  allCandidates,
  candidates,
  columnByAlias,
  columnByName,
  holdsPhones,
  looksLikeHeader,
  looksLikePhone,
  missingColumn,
  onlyOne,
  rankOf,
  STRONG,
  twoCandidates,
} from './columns.ts';
import { groupNameColumns } from './header-words.ts';
import { headerKey } from './names.ts';

/** Options for the role of each column, and defaults without one. An undefined option is detected. */
export interface RoleOptions {
  /** Header names as the user typed them. */
  readonly chatColumn?: string | undefined;
  readonly phoneColumn?: string | undefined;
  readonly senderColumn?: string | undefined;
  /** Column with each phone's country; `none` or empty: no column. */
  readonly countryColumn?: string | undefined;
  readonly defaultSender?: Sender | undefined;
  /** Whether a row without any sending phone is invalid, in a cohort with a sender column. */
  readonly senderRequired?: boolean | undefined;
  /** Group of every row; no chat_id column is looked for. */
  readonly chatId?: ChatId | undefined;
  /** Names of groups, where the group's cells may hold them. */
  readonly groups?: GroupBook | undefined;
  /**
   * Whether nobody is going to be asked. Then a row of results with an unresolved name in its own cell is shown in the
   * group of its results; otherwise somebody may have corrected that name.
   */
  readonly asksNobody?: boolean | undefined;
  /** ISO country of numbers without a country code. */
  readonly defaultCountry?: CountryCode | undefined;
  /**
   * Of a results CSV: whether the cohort's own columns identify each row, so that a corrected cell counts. Otherwise
   * its chat_id and participant do: the person asked.
   */
  readonly ownFirst?: boolean | undefined;
}

export interface Column {
  readonly index: number;
  readonly name: string;
  /** Of a phone: the column with its country. */
  readonly country?: Column & { readonly inDoubt: boolean };
}

/** Columns of a row’s group and phone. Of several, the first with a non-blank cell counts. */
export interface Roles
  extends Pick<RoleOptions, 'chatId' | 'groups' | 'defaultSender' | 'senderRequired' | 'defaultCountry'> {
  readonly width: number;
  readonly chat: readonly Column[];
  /** Of a results CSV: the group named by its results, for a name in the own column that nothing looks up. */
  readonly formerChat?: Column | undefined;
  readonly phone: readonly Column[];
  /** Unused columns that may hold the number that a row lacks. */
  readonly otherPhones?: readonly Column[];
  /** The cohort's own one of these columns: in a results CSV, the participant asked before was written by the tool. */
  readonly ownPhone?: Column | undefined;
  readonly sender?: Column | undefined;
}

/**
 * Column of each role: by the user's option, by its name, by its cells. Throws COHORT_COLUMNS where the choice stays
 * open.
 */
export function rolesOf(
  columns: readonly string[],
  rows: readonly CsvRecord[],
  results: number | undefined,
  options: RoleOptions,
  name: string,
  notes: string[],
): Roles {
  const own = columns.slice(0, results ?? columns.length);
  const cells = rows.filter(({ broken }) => broken === undefined).map(({ fields }) => fields);
  const needsChat = options.chatId === undefined && options.chatColumn === undefined;
  if (results === undefined) assertHeader(own, rows, options, needsChat, name);
  const columnAt = (index: number): Column => ({ index, name: columns[index] as string });
  // The sending phone is never left open: two candidates are an error in a results CSV too.
  const sender =
    options.senderColumn === undefined
      ? columnByAlias(own, 'sender', name)
      : columnByName(own, options.senderColumn, 'sender', name);
  if (sender !== undefined && options.senderColumn === undefined) {
    notes.push(`the column ${quote(own[sender] as string)} says which phone each row is sent through`);
  }
  // A header such as “sender phone” is not the participant's.
  const others = without(own, [sender]);
  const find = (role: 'chat' | 'phone', asked: string | undefined) => {
    if (asked !== undefined) return columnByName(own, asked, role, name, rowWith(rows, asked));
    if (results === undefined || options.ownFirst) return columnByAlias(others, role, name, cells);
    // A results CSV has its own chat_id and participant: an ambiguity in the cohort's columns is not worth an error.
    const found = candidates(others, role);
    if (found.length > 1) notes.push(twoCandidates(own, found, role));
    return found.length === 1 ? found[0] : undefined;
  };

  const phone = find('phone', options.phoneColumn);
  const chat =
    options.chatId === undefined
      ? (find('chat', options.chatColumn) ??
        // Names of groups are the last resort.
        (results === undefined || options.ownFirst
          ? onlyOne(others, groupNameColumns(without(others, [phone])), 'chat', name)
          : undefined))
      : undefined;
  const both = (index: number, one: 'chat_id' | 'sender', other: string, flags: string) =>
    unfitColumns(
      `${name}: the column “${columns[index]}” cannot be both the ${one} and the ${other}: choose with ${flags}`,
    );
  if (phone !== undefined && phone === chat)
    throw both(phone, 'chat_id', 'phone', '--chat-column and --phone-column');
  for (const [role, found] of Object.entries({ phone, chat })) {
    // A column named as the sender is not a candidate for a missing role.
    const wanted = results === undefined ? candidates(own, role as 'phone' | 'chat') : [];
    if (sender === undefined || (found ?? wanted.find((index) => index === sender)) !== sender) continue;
    const word = role === 'chat' ? 'chat_id' : 'phone';
    throw both(sender, 'sender', word, `--sender-column and --${role}-column`);
  }
  if (results === undefined) {
    const noChat = chat === undefined && options.chatId === undefined;
    const header = rows
      .slice(0, BELOW)
      .find(({ fields }) => looksLikeHeader(fields, options.chatId === undefined));
    if (phone === undefined) throw missingColumn(own, 'phone', name, header);
    if (noChat) throw missingColumn(own, 'chat', name, header);
  }
  const country = countryOf(own, [phone, chat, sender], cells, options.countryColumn, name);
  const from = country && { country: { ...columnAt(country.index), inDoubt: country.inDoubt } };
  // In a results CSV, the person asked before comes first: the row meant that person then.
  const before = (column: number, own: number | undefined) =>
    results === undefined || (options.ownFirst && own !== undefined) ? [] : [columnAt(results + column)];
  const also = (index: number | undefined) => (index === undefined ? [] : [columnAt(index)]);
  const ownPhone = also(phone).map((one) => ({ ...one, ...from }));
  return {
    ...options,
    width: columns.length,
    chat: options.chatId === undefined ? [...before(1, chat), ...also(chat)] : [],
    formerChat:
      results !== undefined && options.asksNobody && chat !== undefined ? columnAt(results + 1) : undefined,
    phone: [...before(2, phone), ...ownPhone],
    ownPhone: ownPhone[0],
    otherPhones: results === undefined || options.ownFirst ? otherPhones(others, phone).map(columnAt) : [],
    sender: also(sender)[0],
  };
}

function assertHeader(
  columns: readonly string[],
  rows: readonly CsvRecord[],
  options: RoleOptions,
  needsChat: boolean,
  name: string,
): void {
  // Without a column for each role, the error reports that.
  const isWhole = (['phone', ...(needsChat ? ['chat'] : [])] as const).every(
    (role) => candidates(columns, role as 'phone' | 'chat').length > 0,
  );
  if (options.phoneColumn !== undefined || !isWhole) return;
  const found = betterHeader(columns, rows, needsChat);
  if (found === undefined) return;
  const header = rowText(found);
  throw unfitColumns(
    `${name}: ${header} looks like the header, and the first row like a title: remove the rows above ${header} (or give --phone-column)`,
  );
}

function rowWith(rows: readonly CsvRecord[], asked: string): Place | undefined {
  const key = headerKey(asked);
  return rows.slice(0, BELOW).find(({ fields }) => fields.some((field) => headerKey(field) === key));
}

function countryOf(
  columns: readonly string[],
  taken: readonly (number | undefined)[],
  rows: readonly (readonly string[])[],
  asked: string | undefined,
  name: string,
): CountryColumn | undefined {
  if (asked !== undefined) {
    const isOff = asked.trim() === '' || (asked.trim().toLowerCase() === 'none' && !columns.includes(asked));
    return isOff ? undefined : { index: columnByName(columns, asked, 'country', name), inDoubt: false };
  }
  const found = countryCandidates(without(columns, taken), rows);
  const indexes = found.map(({ index }) => index);
  onlyOne(columns, indexes, 'country', name);
  return found[0];
}

/** The columns, without the names of those that have a role. */
function without(columns: readonly string[], taken: readonly (number | undefined)[]): readonly string[] {
  return columns.map((column, index) => (taken.includes(index) ? '' : column));
}

/** Unused columns that may hold the number of a row without one in the phone column. */
function otherPhones(columns: readonly string[], phone: number | undefined): readonly number[] {
  return allCandidates(columns, 'phone').flatMap(({ index }) => (index === phone ? [] : [index]));
}

/** Records under the first one that may be the header, where a title stands above it. */
const BELOW = 10;

/**
 * Record further down that is a better header than the first one, because a title such as “WhatsApp contact list” may
 * hold a phone word. A better header names the needed columns at least as well, holds no data, and stands above cells
 * that read as phones (or names both columns unambiguously).
 */
function betterHeader(
  columns: readonly string[],
  rows: readonly CsvRecord[],
  needsChat: boolean,
): CsvRecord | undefined {
  const first = namesIn(columns, needsChat);
  return rows.slice(0, BELOW).find(({ fields }, at) => {
    const found = namesIn(fields, needsChat);
    if (found.phone === NONE || found.chat === NONE || fields.some(isData)) return false;
    const after = rows.slice(at + 1).map((row) => row.fields);
    if (holdsPhones(after, found.at) && !holdsPhones(after, first.at)) return true;
    if (found.phone > first.phone || found.chat > first.chat) return false;
    const isBetter = found.phone < first.phone || found.chat < first.chat;
    if (!isBetter && (found.named <= first.named || first.named === columns.length)) return false;
    const isSure = needsChat && found.phone <= STRONG && found.chat <= STRONG;
    return isSure || holdsPhones(after, found.at);
  });
}

const NONE = 9;

function namesIn(fields: readonly string[], needsChat: boolean) {
  const ranks = (role: 'phone' | 'chat') => fields.map((field) => rankOf(field, role) ?? NONE);
  const phones = ranks('phone');
  const phone = Math.min(NONE, ...phones);
  return {
    phone,
    at: phones.indexOf(phone),
    chat: needsChat ? Math.min(NONE, ...ranks('chat')) : 0,
    named: fields.filter((field) => field.trim() !== '').length,
  };
}

function isData(field: string): boolean {
  return /@g\.us\s*$/i.test(field) || looksLikePhone(field);
}
