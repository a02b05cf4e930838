import { maskNumbers } from '../domain/mask-numbers.ts';
import { nearest } from '../domain/spelling.ts';
import { OnboardError } from '../errors.ts';
import { ALIASES, type Role } from './aliases.ts';
import { quote, quoteAll } from './quote.ts';

/** What of a header decides: case, spaces, punctuation and accents do not. */
export function headerKey(header: string): string {
  return header
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

const keyed = Object.fromEntries(
  (['chat', 'phone', 'sender'] as const).map((role) => {
    const { exact, strong, weak } = ALIASES[role];
    return [role, [exact, strong, weak].map((names) => new Set(names.map(headerKey)))];
  }),
) as unknown as Readonly<Record<Role, readonly Set<string>[]>>;

/** Where each role stands in the header: indices. */
export interface Mapping {
  readonly chat: number | undefined;
  readonly phone: number | undefined;
}

const FLAG = { chat: '--chat-column', phone: '--phone-column', sender: '--sender-column' } as const;
const WORD = { chat: 'chat_id', phone: 'phone', sender: 'sender' } as const;

/** Every column that a role's best kind of name points to: none, one, or several that need a decision. */
export function candidates(columns: readonly string[], role: Role): readonly number[] {
  const keys = columns.map(headerKey);
  for (const names of keyed[role]) {
    const found = keys.flatMap((key, index) => (names.has(key) ? [index] : []));
    if (found.length > 0) return found;
  }
  const { inside, never } = ALIASES[role];
  return keys.flatMap((key, index) => (inside.test(key) && !never.test(key) ? [index] : []));
}

/** The column that plays a role, by alias; undefined when there is none. Two candidates are an error that names both. */
export function columnByAlias(columns: readonly string[], role: Role, file: string): number | undefined {
  const found = candidates(columns, role);
  if (found.length < 2) return found[0];
  throw new OnboardError('COHORT_COLUMNS', `${file}: ${twoCandidates(columns, found, role)}`);
}

/** Names the candidates for a role, and what decides between them. */
export function twoCandidates(columns: readonly string[], found: readonly number[], role: Role): string {
  const names = found.map((index) => columns[index] as string);
  if (new Set(names).size < names.length) {
    const where = found.map((index) => index + 1).join(' and ');
    return `columns ${where} are both called ${quote(names[0] as string)}: rename one`;
  }
  return `${quoteAll(names)} can each be the ${WORD[role]} column: choose with ${FLAG[role]}`;
}

/** The column that the user named with a flag. */
export function columnByName(columns: readonly string[], name: string, role: Role, file: string): number {
  const exact = columns.flatMap((column, index) => (column === name ? [index] : []));
  const key = headerKey(name);
  const like = columns.flatMap((column, index) => (headerKey(column) === key ? [index] : []));
  const found = exact.length > 0 ? exact : like;
  if (found.length === 1) return found[0] as number;
  if (found.length > 1) {
    const where = found.map((index) => index + 1).join(' and ');
    throw new OnboardError(
      'COHORT_COLUMNS',
      `${file}: ${FLAG[role]} ${quote(name)} fits columns ${where}: rename one of them`,
    );
  }
  const near = nearest(key, columns, headerKey);
  const hint = near === undefined ? '.' : `; did you mean ${quote(near)}?`;
  throw new OnboardError(
    'COHORT_COLUMNS',
    `${file} has no column ${quote(name)} (${FLAG[role]})${hint} Its columns: ${quoteAll(named(columns))}`,
  );
}

/** What to say when no column plays a role. @param header the line further down that looks like the header, if one does. */
export function missingColumn(
  columns: readonly string[],
  role: Role,
  file: string,
  header?: number,
): OnboardError {
  const other = role === 'chat' ? ', or give --chat-id' : '';
  const data = columns.some((column) => /@g\.us\s*$/i.test(column) || NUMBER.test(column));
  let hint = `say which it is with ${FLAG[role]}${other}`;
  if (data) hint = 'its first line looks like data: put a header line such as chat_id,phone above it';
  else if (header !== undefined) hint = `line ${header} looks like the header: remove the lines above it`;
  return new OnboardError(
    'COHORT_COLUMNS',
    `${file} has no ${WORD[role]} column (its columns: ${quoteAll(named(columns))}); ${hint}`,
  );
}

/** Whether a record below a title could be the header: it names a phone and, unless that is given, a group. */
export function looksLikeHeader(fields: readonly string[], needsChat: boolean): boolean {
  return candidates(fields, 'phone').length > 0 && (!needsChat || candidates(fields, 'chat').length > 0);
}

/** What a phone looks like where a name should be: the file has no header. */
const NUMBER = /^\W*\d[\d\s().-]{6,}$/;

/** The columns that have a name. A person's number in the place of one is not read out: errors end up in logs. */
function named(columns: readonly string[]): readonly string[] {
  return columns.filter((column) => column.trim() !== '').map(maskNumbers);
}
