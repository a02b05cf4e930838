import { getCountries } from 'libphonenumber-js/max';
import { OnboardError, unfitColumns, usage } from '../domain/errors.ts';
import { maskNumbers } from '../domain/safe-text.ts';
import type { Place, Reading, Row } from '../domain/words.ts';
import { quote, readChatCell } from './cell.ts';
import { nameColumns, nameIn } from './columns/header-words.ts';
import { type Column, type RoleOptions, type Roles, rolesOf } from './columns/roles.ts';
import { type Encoding, Lines } from './file/encoding.ts';
import { mayBeShort, openTable, recordsBelow, type TableOptions, toRow } from './file/reader.ts';
import type { CsvRecord } from './file/records.ts';
import { GroupCells } from './groups.ts';
import { createNormalizer } from './normalizer.ts';
import { takeCensus } from './phone/census.ts';
import type { Judge } from './phone/doubt.ts';
import { readPhoneCell } from './phone/phone-cell.ts';
import { areResultsChanged, editedStatus, findResults, formerCells, previousOf } from './results-file.ts';

/** Options for reading a cohort. An undefined one is detected. */
export interface CohortOptions extends RoleOptions, TableOptions {
  /**
   * Removes the prefix that the results writer puts before a cell of a results CSV: given where the cells are written
   * as results again, so that the prefix is not doubled.
   */
  readonly plainCell?: ((cell: string, options: { readonly excel: boolean }) => string) | undefined;
}

export type Cohort = Awaited<ReturnType<typeof openCohort>>;

/**
 * Opens a cohort: detects its encoding, delimiter, header and columns, and checks that it has a row. Throws
 * COHORT_UNREADABLE (no such file, a directory, no permission, empty, header only, binary), COHORT_COLUMNS (no column,
 * or two, for a role) or CONFIG (an option that no file could satisfy).
 */
export async function openCohort(path: string, options: CohortOptions = {}) {
  const { defaultCountry } = options;
  if (defaultCountry !== undefined && !getCountries().includes(defaultCountry)) {
    throw usage(`--default-country ${defaultCountry}: no such ISO country; for example IN, US or DE`);
  }
  const table = await openTable(path, options);
  const { file, encoding, delimiter, layout, header, rows } = table;
  if (areResultsChanged(header)) {
    throw unfitColumns(
      `${file.name} was a results CSV, but its columns from “row” to “settled_at” are no longer all there, in order and last, so that nobody knows who was asked: put them back (columns of your own go before “row”), or use the cohort itself`,
    );
  }
  const results = findResults(header);
  const { plainCell } = options;
  const plain =
    results === undefined || plainCell === undefined
      ? undefined
      : (cells: readonly string[]) => cells.map((cell) => plainCell(cell, { excel: encoding.marked }));
  const columns = plain?.(header) ?? header;
  const ownWidth = results ?? columns.length;
  const notes = [encoding.note, delimiter.note].filter((note) => note !== undefined);
  const roles = doubting(encoding, () => rolesOf(columns, rows, results, options, file.name, notes));
  const taken = [...roles.chat, ...roles.phone, ...(roles.sender ? [roles.sender] : [])].map(
    ({ index }) => index,
  );
  const names = nameColumns(columns.slice(0, ownWidth), taken);
  let seen: readonly string[] = [];
  let judging: Promise<Judge | undefined> | undefined;
  const judge = (signal: AbortSignal | undefined, see?: (record: CsvRecord) => void) => {
    if (judging !== undefined && see === undefined) return judging;
    judging = takeCensus(layout, roles, signal, see).catch((error: unknown) => {
      judging = undefined;
      throw error;
    });
    return judging;
  };

  /**
   * Every record after the header, in order, each exactly once, in batches of some 128 KiB of text. Each call reads
   * the file from its start, and no further than the consumer pulls. An aborted signal throws its reason at the next
   * batch. Throws COHORT_UNREADABLE when the file cannot be read any more.
   */
  async function* readings(signal?: AbortSignal): AsyncIterable<readonly Reading[]> {
    const findings = new Findings();
    const normalize = createNormalizer(roles, await judge(signal));
    const read = (record: CsvRecord): Reading => {
      const fitted = toRow(record, roles.width);
      const isSound = fitted.problem === undefined || mayBeShort(record, roles, results);
      const own = plain === undefined ? fitted : { ...fitted, fields: plain(fitted.fields) };
      const row = isSound ? withoutProblem(own) : own;
      const problem = row.problem ?? (results === undefined ? undefined : editedStatus(row, results));
      const reading: Reading = problem === undefined ? normalize(row) : { kind: 'invalid', row, problem };
      if (reading.kind === 'pair' || fitted.problem === undefined) return reading;
      return { kind: 'invalid', row: { ...row, problem: fitted.problem }, problem: fitted.problem };
    };
    const records = recordsBelow(layout, {
      isRecord: (fields, place) => isRow(fields, place, roles, layout.delimiter, findings),
      onBlank: (place) => findings.blank.add(place),
    });
    for await (const batch of records) {
      signal?.throwIfAborted();
      yield batch.map(read);
    }
    seen = findings.notes();
  }

  return {
    columns,
    /** Number of the cohort's own columns: all but the results columns of a results CSV. */
    ownWidth,
    /** Columns with the group and the phone. For a results CSV, the cohort's own ones if it has them. */
    chatColumn: roles.chat.at(-1)?.name,
    phoneColumn: roles.phone.at(-1)?.name as string,
    senderColumn: roles.sender?.name,
    /** Columns with the person's name: none, one, or a first and a last one. */
    nameColumns: names,
    /** The person's name in the row, on one line; '' where unknown. */
    nameOf: ({ fields }: Pick<Row, 'fields'>) => nameIn(fields, names),
    isResults: results !== undefined,
    /** Sources of the group and the phone in one line, detected or chosen. */
    mapping: mappingOf(roles),
    notes: notes as readonly string[],
    /** Further notes, from the last whole reading. */
    seen: () => seen,
    readings,
    groups: options.groups,
    /**
     * Reads the whole cohort and tallies the group column's cells; undefined: no such column, because `chatId` decides.
     */
    groupCells: async (signal?: AbortSignal) => {
      if (roles.chat.length === 0) return undefined;
      const cells = new GroupCells(roles, plain);
      await judge(signal, (record) => cells.see(record));
      return cells;
    },
    /** Results of the row, as values; undefined: not a results CSV, or an edited status. */
    previous: (row: Row) => (results === undefined ? undefined : previousOf(formerCells(row, results))),
    /** Raw results cells of the row; undefined: not a results CSV. */
    former: (row: Row) => (results === undefined ? undefined : formerCells(row, results)),
    /** Whether the file begins with a byte order mark, as results written with `--excel` do. */
    marked: encoding.marked,
  };
}

function mappingOf({ chat, phone }: Roles): string {
  const column = (columns: readonly Column[]) => quote(maskNumbers(columns.at(-1)?.name ?? ''));
  const group =
    chat.length === 0 ? 'every row’s group is that of --chat-id' : `the group is in ${column(chat)}`;
  const country = phone.at(-1)?.country;
  const from =
    country === undefined || country.inDoubt ? '' : `, the country of each phone in ${column([country])}`;
  return `${group}, the phone in ${column(phone)}${from}`;
}

/** Adds the detected encoding to an error about the header: a wrong encoding makes every header unfit. */
function doubting<T>({ doubt }: Encoding, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (doubt === undefined || !(error instanceof OnboardError) || error.code !== 'COHORT_COLUMNS')
      throw error;
    throw unfitColumns(`${error.message}; ${doubt}`, { cause: error });
  }
}

function withoutProblem(row: Row): Row {
  if (row.problem === undefined) return row;
  const { problem: _, ...sound } = row;
  return sound;
}

/** Findings of one reading of a cohort apart from its rows; reported at its end. */
class Findings {
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
function isRow(
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
