import { readChatCell } from '../chat-cell.ts';
import type { Roles } from '../normalizer.ts';
import { readPhoneCell } from '../phone/phone-cell.ts';

/** What no phone and no chat_id is without: most lines of an address or a note are let go by at once. */
const TELLING = /(?:\p{Nd}\P{Nd}{0,3}){7}|@g\.us/u;

/**
 * Whether a field with line breaks in it holds a line that could be a row of its own: several cells, with a phone or a
 * group that reads among them. Two stray quotes, rows apart, make one sound record of all rows between them. An address or
 * a note of several lines holds none.
 */
export function holdsRows(fields: readonly string[], roles: Roles, delimiter: string): boolean {
  return fields.some(
    (field) =>
      /[\r\n]/.test(field) &&
      field.split(/[\r\n]+/).some((line) => {
        const cells = line.split(delimiter);
        return cells.length > 1 && cells.some((cell) => TELLING.test(cell) && reads(cell, roles));
      }),
  );
}

function reads(cell: string, { defaultCountry }: Roles): boolean {
  return typeof readChatCell(cell) === 'string' || typeof readPhoneCell(cell, defaultCountry) === 'string';
}
