import type { CsvRecord } from '../../file/records.ts';
import { looksLikePhone, rankOf } from '../columns.ts';

/** Records under the first one that may be the header, where a title stands above it. */
export const BELOW = 10;
const STRONG = 1;

/**
 * The line of a record further down that is a better header than the first one: a title such as “WhatsApp contact
 * list” holds a phone word, too. A better header names what is needed at least as well, holds no data, and stands over
 * cells that read as phones (or names both columns beyond doubt).
 */
export function betterHeader(
  columns: readonly string[],
  rows: readonly CsvRecord[],
  needsChat: boolean,
): number | undefined {
  const first = namesIn(columns, needsChat);
  return rows.slice(0, BELOW).find(({ fields }, at) => {
    const found = namesIn(fields, needsChat);
    if (found.phone === NONE || found.chat === NONE || fields.some(isData)) return false;
    const after = rows.slice(at + 1);
    if (holdsPhones(after, found.at) && !holdsPhones(after, first.at)) return true;
    if (found.phone > first.phone || found.chat > first.chat) return false;
    const isBetter = found.phone < first.phone || found.chat < first.chat;
    if (!isBetter && (found.named <= first.named || first.named === columns.length)) return false;
    const isSure = needsChat && found.phone <= STRONG && found.chat <= STRONG;
    return isSure || holdsPhones(after, found.at);
  })?.line;
}

function holdsPhones(rows: readonly CsvRecord[], index: number): boolean {
  const cells = rows.map(({ fields }) => fields[index] ?? '').filter((cell) => cell.trim() !== '');
  return cells.length > 0 && cells.filter((cell) => looksLikePhone(cell)).length * 2 >= cells.length;
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
