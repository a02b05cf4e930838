/** Tally of a cohort's group column: ids, or names to look up. */
import { detached } from '../../lib/text.ts';
import { readChatCell, readSenderCell } from '../cell.ts';
import type { CsvRecord } from '../file/records.ts';
import type { Column, Roles } from '../normalizer.ts';
import { isUnresolvedName, LONGEST_CELL, nameKey, readGroupCell } from './group-book.ts';

/** Most distinct names kept: nobody reads a longer list. */
const MOST_NAMES = 2_000;
/** Most distinct cells whose kind is cached, because the same ones repeat. */
const MOST_CELLS = 10_000;

/** Up to this many rows are reported one by one. */
const FEW = 2;

/** Name as first written, with its rows. */
interface NamedRows {
  readonly name: string;
  rows: number;
}

/** Tally of one whole reading. */
export class GroupCells {
  /** Column with the names, as in the header. */
  readonly column: string;
  /** Number of rows with an id. */
  ids = 0;
  /** Number of rows with a possible name. */
  named = 0;
  readonly #names = new Map<string, NamedRows>();
  readonly #kinds = new Map<string, 'id' | 'name' | 'neither'>();
  /** Distinct sending phones of the rows with a name; '' where blank or unreadable. */
  readonly senders = new Set<string>();

  constructor(column: string) {
    this.column = column;
  }

  /** Whether the column holds names and no id: then its problem is reported once, not row by row. */
  get isOfNames(): boolean {
    return this.ids === 0 && this.named > FEW;
  }

  get names(): readonly NamedRows[] {
    return [...this.#names.values()];
  }

  /**
   * @param former cell that names the group where this one cannot
   * @param sender cell of the row's sending phone
   */
  count(cell: string, former: string, sender: string): void {
    const kind = this.#kindOf(cell);
    if (kind === 'neither') return;
    if (kind === 'id' || typeof readChatCell(former) === 'string') {
      this.ids++;
      return;
    }
    this.named++;
    const phone = readSenderCell(sender);
    this.senders.add(typeof phone === 'string' ? phone : '');
    const key = nameKey(cell);
    const known = this.#names.get(key);
    if (known !== undefined) known.rows++;
    else if (this.#names.size < MOST_NAMES) this.#names.set(detached(key), { name: detached(cell), rows: 1 });
  }

  #kindOf(cell: string): 'id' | 'name' | 'neither' {
    const known = this.#kinds.get(cell);
    if (known !== undefined) return known;
    const read = readGroupCell(cell, undefined);
    const kind = typeof read === 'string' ? 'id' : isUnresolvedName(read) ? 'name' : 'neither';
    if (cell.length > LONGEST_CELL) return kind;
    if (this.#kinds.size >= MOST_CELLS) this.#kinds.clear();
    this.#kinds.set(detached(cell), kind);
    return kind;
  }
}

/** Tally of a cohort's group column, with a function that counts a record; undefined: no column has the group. */
export function groupCellsOf(
  { chat, formerChat, sender }: Pick<Roles, 'chat' | 'formerChat' | 'sender'>,
  plain: ((cells: readonly string[]) => readonly string[]) | undefined,
): { readonly cells: GroupCells; readonly see: (record: CsvRecord) => void } | undefined {
  const last = chat.at(-1);
  if (last === undefined) return undefined;
  const cells = new GroupCells(last.name);
  const see = ({ fields, broken }: CsvRecord) => {
    if (broken !== undefined) return;
    const at = (column: Column | undefined) => (column === undefined ? '' : (fields[column.index] ?? ''));
    const cell = at(chat.find((column) => at(column).trim() !== '') ?? last);
    const own = cell.startsWith("'") ? (plain?.([cell])[0] ?? cell) : cell;
    cells.count(own, at(formerChat), at(sender));
  };
  return { cells, see };
}
