import { Lines } from './file/lines.ts';
import { holdsRows } from './file/swallow.ts';
import type { Roles } from './normalizer.ts';

/** What one reading of a cohort shows beside its rows: gathered as it goes, and said at its end. */
export class Findings {
  /** Rows of nothing but delimiters. */
  readonly blank = new Lines();
  /** Records whose cells hold lines that look like rows. */
  readonly holding = new Lines();

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
 * Whether the fields of a record on several lines are one row. Valid CSV is CSV: as wide as the header, they are (blank
 * fields at the end may be too many). A short one is a row only where nothing in its cells looks like a row of its own.
 */
export function isRow(
  fields: readonly string[],
  line: number,
  roles: Roles,
  delimiter: string,
  findings: Findings,
): boolean {
  if (fields.slice(roles.width).some((field) => field.trim() !== '')) return false;
  const holds = holdsRows(fields, roles, delimiter);
  if (fields.length < roles.width && holds) return false;
  if (holds) findings.holding.add(line);
  return true;
}
