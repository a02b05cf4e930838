import { type OnboardError, unfitColumns } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { maskNumbers } from '../../domain/safe-text.ts';
import { type Place, rowText } from '../../domain/words.ts';
import { nearest } from '../../lib/text.ts';
import { quote, quoteAll } from '../cell.ts';
import { readPhoneText } from '../phone/phone-text.ts';
import { groupNameColumns, isSomebodyElses } from './header-words.ts';
import { ALIASES, headerKey, type Role } from './names.ts';

const keyed = Object.fromEntries(
  (['chat', 'phone', 'sender', 'country'] as const).map((role) => {
    const { exact, strong, weak } = ALIASES[role];
    return [role, [exact, strong, weak].map((names) => new Set(names.map(headerKey)))];
  }),
) as unknown as Readonly<Record<Role, readonly Set<string>[]>>;

const flagOf = (role: Role) => `--${role}-column`;
const wordOf = (role: Role) => (role === 'chat' ? 'chat_id' : role);

/**
 * Rank of a header name for a role: 0 is the API's own word, then strong names, weak names, words inside; undefined:
 * none.
 */
export function rankOf(header: string, role: Role): number | undefined {
  const key = headerKey(header);
  const { inside, never } = ALIASES[role];
  const direct = byName(key, role);
  if (direct !== undefined) return direct;
  if (role === 'sender' || isSomebodyElses(header)) return undefined;
  if (role === 'phone') {
    // phone1, phone2; No. Telp/WA, Phone (WhatsApp).
    if (byName(key.replace(/\d+/g, ''), role) === STRONG) return STRONG;
    const parts = header.split(BETWEEN).filter((part) => headerKey(part) !== '');
    const ranks = parts.map((part) => byName(headerKey(part), role));
    if (parts.length > 1 && ranks.includes(STRONG) && !ranks.includes(undefined)) return STRONG;
  }
  // Kobo and JSON exports put the path of the form's page, or of the object, before the name.
  const name = headerKey(header.replace(/\s/.test(header) ? PATH : DOTTED_PATH, ''));
  const last = name === key ? undefined : byName(name, role);
  if (last !== undefined && last <= STRONG) return last;
  return [name, key].some((one) => inside.test(one) && !never.test(one)) ? INSIDE : undefined;
}

/** Rank of the API's own word, and of names with the same meaning. */
export const STRONG = 1;
const INSIDE = 3;
const BETWEEN = /[/|,&()\n]|\s(?:or|and|y|e|ou|o|oder|und|et|atau|dan|ve|veya|или|и|en|of)\s/i;
const PATH = /^.*[/:>\\]/;
const DOTTED_PATH = /^(?:.*[/:>\\.](?=.)|gr(?:ou)?p\w*-)/i;

function byName(key: string, role: Role): number | undefined {
  const rank = keyed[role].findIndex((names) => names.has(key));
  return rank < 0 ? undefined : rank;
}

export interface Candidate {
  readonly index: number;
  readonly rank: number;
}

/** Every column that may play a role. */
export function allCandidates(columns: readonly string[], role: Role): readonly Candidate[] {
  return columns.flatMap((column, index) => {
    const rank = rankOf(column, role);
    return rank === undefined || (role === 'phone' && isPostalCode(column, columns)) ? [] : [{ index, rank }];
  });
}

/** Columns with the best kind of name for a role: none, one, or several that need a decision. */
export function candidates(columns: readonly string[], role: Role): readonly number[] {
  const found = allCandidates(columns, role);
  const best = Math.min(...found.map(({ rank }) => rank));
  return found.flatMap(({ index, rank }) => (rank === best ? [index] : []));
}

const CEP = headerKey('CEP');
const PORTUGUESE = new Set(
  'nome sobrenome cpf rg endereço endereco rua logradouro bairro cidade estado uf município municipio complemento nascimento telefone celular qual seu sua aluno aluna turma curso idade número'.split(
    ' ',
  ),
);

/** Whether the column is Brazil's postal code, which has the name of Turkey's mobile: the other headers decide. */
function isPostalCode(column: string, columns: readonly string[]): boolean {
  if (headerKey(column) !== CEP) return false;
  return columns.some((other) =>
    other
      .toLowerCase()
      .split(/[^\p{L}]+/u)
      .some((word) => PORTUGUESE.has(word)),
  );
}

/**
 * Column of a role, by name; undefined: none. Throws for two candidates and names both.
 * @param rows for the phone: some rows, whose cells tell a column of phones from one with a similar name
 */
export function columnByAlias(
  columns: readonly string[],
  role: Role,
  file: string,
  rows: readonly (readonly string[])[] = [],
): number | undefined {
  const found =
    role === 'phone'
      ? phoneCandidates(columns, allCandidates(columns, role), rows)
      : candidates(columns, role);
  return onlyOne(columns, found, role, file);
}

/** The only one of the columns that may play a role; undefined: none. Throws for several, and names them. */
export function onlyOne(
  columns: readonly string[],
  found: readonly number[],
  role: Role,
  file: string,
): number | undefined {
  if (found.length < 2) return found[0];
  throw unfitColumns(`${file}: ${twoCandidates(columns, found, role)}`);
}

/**
 * Candidates for the phone column. Columns whose cells read as phones come first; of these, a strong name beats a weak
 * one, and nothing else decides: phone1 and phone2 are both filled, and so are “Phone” and “Your WhatsApp number?”.
 * Where no cell decides, the best name does.
 */
function phoneCandidates(
  columns: readonly string[],
  named: readonly Candidate[],
  rows: readonly (readonly string[])[],
): readonly number[] {
  const holding = named.map((one) => ({ ...one, holds: whatCellsHold(rows, one.index, columns) }));
  const possible = holding.filter(
    ({ index, holds }) => holds !== 'others' || headerKey(columns[index] ?? '') !== CEP,
  );
  const phones = possible.filter(({ holds }) => holds === 'phones');
  const pool = phones.length > 0 ? phones : possible;
  const best = Math.min(...pool.map(({ rank }) => rank));
  const left =
    phones.length === 0
      ? pool.filter(({ rank }) => rank === best)
      : pool.filter(({ rank }) => best > STRONG || rank !== WEAK);
  return left.map(({ index }) => index);
}

const WEAK = 2;

function whatCellsHold(
  rows: readonly (readonly string[])[],
  index: number,
  columns: readonly string[],
): 'phones' | 'others' | undefined {
  const least = headerKey(columns[index] ?? '') === CEP ? 10 : 7;
  if (rows.every((fields) => (fields[index] ?? '').trim() === '')) return undefined;
  return holdsPhones(rows, index, least) ? 'phones' : 'others';
}

/** Whether half of a column's filled cells could hold a phone. */
export function holdsPhones(rows: readonly (readonly string[])[], index: number, least?: number): boolean {
  const cells = rows.map((fields) => fields[index] ?? '').filter((cell) => cell.trim() !== '');
  return cells.length > 0 && cells.filter((cell) => looksLikePhone(cell, least)).length * 2 >= cells.length;
}

/** Whether a cell could hold a phone, well written or not. */
export function looksLikePhone(cell: string, least = 7): boolean {
  const text = readPhoneText(cell);
  if ('code' in text) {
    const isLong = cell.replace(/\D/g, '').length >= least;
    return NUMBERS_ALL_THE_SAME.has(text.code) || (isLong && DAMAGED.has(text.code));
  }
  return text.digits.length >= least && text.digits.length <= 18;
}

const NUMBERS_ALL_THE_SAME: ReadonlySet<ReasonCode> = new Set([
  'phone_multiple',
  'phone_extension',
  'phone_scientific_notation',
]);

/** Problems that, with few digits, point to a quantity. */
const DAMAGED: ReadonlySet<ReasonCode> = new Set(['phone_rounded', 'phone_calculated', 'phone_masked']);

/** Message with the candidates for a role, and the option that decides. */
export function twoCandidates(columns: readonly string[], found: readonly number[], role: Role): string {
  const names = found.map((index) => columns[index] as string);
  if (new Set(names).size < names.length) {
    const where = found.map((index) => index + 1).join(' and ');
    return `columns ${where} are both called ${quote(names[0] as string)}: rename one`;
  }
  return `${quoteAll(names)} can each be the ${wordOf(role)} column: choose with ${flagOf(role)}`;
}

/** Column named by the user with an option. @param header the row further down that has it, if any */
export function columnByName(
  columns: readonly string[],
  name: string,
  role: Role,
  file: string,
  header?: Place,
): number {
  const exact = columns.flatMap((column, index) => (column === name ? [index] : []));
  const key = headerKey(name);
  const like = columns.flatMap((column, index) => (headerKey(column) === key ? [index] : []));
  const found = exact.length > 0 ? exact : like;
  if (found.length === 1) return found[0] as number;
  if (found.length > 1) {
    const where = found.map((index) => index + 1).join(' and ');
    throw unfitColumns(`${file}: ${flagOf(role)} ${quote(name)} fits columns ${where}: rename one of them`);
  }
  if (header !== undefined) {
    throw unfitColumns(
      `${file} has no column ${quote(name)} (${flagOf(role)}) in its first row, but ${rowText(header)} looks like the header: remove the rows above it`,
    );
  }
  const near = nearest(key, columns, headerKey);
  const hint = near === undefined ? '.' : `; did you mean ${quote(near)}?`;
  throw unfitColumns(
    `${file} has no column ${quote(name)} (${flagOf(role)})${hint} Its columns: ${quoteAll(named(columns))}`,
  );
}

/**
 * Message for a cohort without a column for a role. @param header the row further down that looks like the header, if
 * any
 */
export function missingColumn(
  columns: readonly string[],
  role: Role,
  file: string,
  header?: Place,
): OnboardError {
  const other = role === 'chat' ? ', or give --chat-id' : '';
  const data = columns.some((column) => /@g\.us\s*$/i.test(column) || NUMBER.test(column));
  let hint = `say which it is with ${flagOf(role)}${other}`;
  if (data) hint = 'its first line looks like data: put a header line such as chat_id,phone above it';
  else if (header !== undefined) hint = `${rowText(header)} looks like the header: remove the rows above it`;
  return unfitColumns(
    `${file} has no ${wordOf(role)} column (its columns: ${quoteAll(named(columns))}); ${hint}`,
  );
}

/** Whether a record below a title could be the header: it names a phone and, unless a group is given, a group. */
export function looksLikeHeader(fields: readonly string[], needsChat: boolean): boolean {
  const hasChat = () => candidates(fields, 'chat').length > 0 || groupNameColumns(fields).length > 0;
  return candidates(fields, 'phone').length > 0 && (!needsChat || hasChat());
}

/** A phone number in the place of a header name: the file has no header. */
const NUMBER = /^\W*\d[\d\s().-]{6,}$/;

/** Columns with a name. A person's number in its place is masked, because errors end up in logs. */
function named(columns: readonly string[]): readonly string[] {
  return columns.filter((column) => column.trim() !== '').map(maskNumbers);
}
