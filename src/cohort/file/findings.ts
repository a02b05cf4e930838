import type { Place } from '../../domain/words.ts';
import { readChatCell } from '../id-cells.ts';
import type { Roles } from '../normalizer.ts';
import { readPhoneCell } from '../phone/phone-cell.ts';
import { Lines } from './lines.ts';

/** Findings of one reading of a cohort apart from its rows; reported at its end. */
export class Findings {
  /** Rows that hold only delimiters. */
  readonly blank = new Lines('row');
  /** Records whose cells hold lines that look like rows. */
  readonly holding = new Lines('row');

  notes(): readonly string[] {
    const notes: string[] = [];
    if (this.blank.count > 0) {
      const rows = this.blank.count === 1 ? 'row' : 'rows';
      notes.push(`passed over ${this.blank.count} ${rows} of nothing but delimiters (${this.blank})`);
    }
    if (this.holding.count > 0) {
      notes.push(
        `${this.holding}: a cell in quotes holds lines that look like rows: they are part of the cell, and ask nobody; if they are rows, correct the quotes`,
      );
    }
    return notes;
  }
}

/**
 * Whether the fields of a record on several lines are one row. Valid CSV as wide as the header is (surplus blank fields
 * at the end are allowed). A shorter record is a row only when nothing in its cells looks like a row.
 */
export function isRow(
  fields: readonly string[],
  place: Place,
  roles: Roles,
  delimiter: string,
  findings: Findings,
): boolean {
  if (fields.slice(roles.width).some((field) => field.trim() !== '')) return false;
  const holds = holdsRows(fields, roles, delimiter);
  if (fields.length < roles.width && holds) return false;
  if (holds) findings.holding.add(place);
  return true;
}

/** Pattern in every phone and chat_id: dismisses most lines of an address or a note at once. */
const TELLING = /(?:\p{Nd}\P{Nd}{0,3}){7}|@g\.us/u;

/**
 * Whether a field with line breaks holds a line that could be a row: several cells, one of them a readable phone or
 * group. Two stray quotes in different rows make one valid record of all rows between them. An address or a note of
 * several lines holds no such line.
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
