import { readChatCell } from './chat-cell.ts';
import type { Roles } from './normalizer.ts';
import { readPhoneCell } from './phone-cell.ts';

/**
 * A stray quote that opens a field, and a second one rows later that closes it, make one sound record out of many
 * rows: the people in between would be lost without a word. So a field with line breaks is looked into. When one
 * of its lines would, in its place, be a row of its own (as wide as the header, with a phone or a group that
 * reads), the record is refused. An address or a note of several lines is none.
 */
export function swallowsRows(fields: readonly string[], roles: Roles, delimiter: string): boolean {
  return fields.some((field, index) => {
    const lines = field.split(/\r\n|\n|\r/);
    if (lines.length === 1) return false;
    return lines.some((line, at) => {
      const cells = line.split(delimiter);
      if (cells.length < 2 && roles.width > 1) return false;
      const first = at === 0;
      const last = at === lines.length - 1;
      // The first line of the field ends its row, the last one begins its row, those between are rows.
      const before = first ? index : 0;
      const after = last ? fields.length - 1 - index : 0;
      if (before + cells.length + after !== roles.width) return false;
      return readsAsRow(cells, before, roles);
    });
  });
}

function readsAsRow(cells: readonly string[], offset: number, roles: Roles): boolean {
  const cell = (index: number) => cells[index - offset] ?? '';
  return (
    roles.phone.some(({ index }) => typeof readPhoneCell(cell(index), roles.defaultCountry) === 'string') ||
    roles.chat.some(({ index }) => typeof readChatCell(cell(index)) === 'string')
  );
}
