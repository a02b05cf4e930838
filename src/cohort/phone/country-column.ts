import type { CountryCode } from 'libphonenumber-js/max';
import type { Participant } from '../../domain/words.ts';
import { quote, type Trouble, trouble } from '../cell.ts';
import { allCandidates, type Candidate } from '../columns/columns.ts';
import { DOUBTFUL, headerKey } from '../columns/names.ts';
import { type Country, isBlankCountry, isMarkedCode, readCountryCell } from './country-cell.ts';
import { ambiguous, isMobile } from './doubt.ts';
import { callingCodeOf } from './numbering.ts';
import { readInternational, readPhoneCellOf } from './phone-cell.ts';
import { readPhoneText } from './phone-text.ts';

/**
 * A phone cell and the row's country cell → the participant, or why it cannot be read with certainty. Bare digits are a
 * number of that country; a number with its own country code has to match it.
 */
export function readPhoneWithCountry(
  cell: string,
  countryCell: string,
  columns: { readonly phone: string; readonly country: string; readonly inDoubt: boolean },
  alone: () => Participant | Trouble,
): Participant | Trouble {
  if (isBlankCountry(countryCell)) return alone();
  const said = readCountryCell(countryCell);
  const says = `column ${quote(columns.country)} says ${quote(countryCell)}`;
  if (columns.inDoubt) return said === undefined ? alone() : inDoubt(cell, said, says, alone());
  if (said === undefined) {
    if (isInternational(cell) !== false) return alone();
    return trouble(
      'phone_no_country',
      `${quote(cell)} has no country code, and ${says}, which names no country for certain: write BR or +55 there, or write the phone with + and the country code`,
    );
  }
  const read = readPhoneCellOf(cell, said.country);
  // The digits are a mobile with their own country code, but only a landline with the column's.
  const text = readPhoneText(cell);
  const isBare = !('code' in text) && !text.international && !text.digits.startsWith('0');
  const abroad = isBare ? readInternational(text.digits) : undefined;
  if (typeof read === 'string' && abroad !== undefined && abroad !== read) {
    if (isMobile(abroad) && !isMobile(read)) return ambiguous(cell, [abroad, read]);
  }
  if (typeof read !== 'string' || read.startsWith(said.prefix)) return read;
  // A country's name may be the residence; a number with its own country code is certain all the same.
  if (!/\p{Nd}/u.test(countryCell) && isInternational(cell)) return read;
  return trouble(
    'phone_conflict',
    `${says} (+${said.prefix}) and column ${quote(columns.phone)} says ${quote(cell)}, which is +${callingCodeOf(read)}: correct one of them (or give --country-column none)`,
  );
}

/** Whether the writing itself begins with a country code; undefined: not a number. */
function isInternational(cell: string): boolean | undefined {
  const text = readPhoneText(cell);
  return 'code' in text ? undefined : text.international;
}

/**
 * Reads a phone where the column may hold area codes: a number that reads alone, and differently with the column, is
 * refused.
 */
function inDoubt(
  cell: string,
  { country, prefix }: Country,
  says: string,
  alone: Participant | Trouble,
): Participant | Trouble {
  const together = readPhoneCellOf(cell, country);
  const both = typeof alone === 'string' && typeof together === 'string';
  if (!both || together === alone || !together.startsWith(prefix)) return alone;
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as +${alone}, or as +${together}, because ${says}: write it with + and the country code, or say with --country-column whether that is a country code`,
  );
}

type Rows = readonly (readonly string[])[];

/**
 * Columns with each phone's country, by name and by cells: one called “country code” by its name alone, one called
 * “country” when some of its cells name countries, one called “prefix” when they are codes with a + or 00 (and in
 * doubt, when they are codes without). None, one, or several that differ in some row.
 */
export function countryCandidates(columns: readonly string[], rows: Rows): readonly CountryColumn[] {
  const named = allCandidates(columns, 'country').filter(({ index, rank }) => isMeant(rows, index, rank));
  const doubtful = columns.flatMap((column, index): Candidate[] => {
    if (!DOUBTFUL_KEYS.has(headerKey(column)) || !hold(rows, index, isCountry)) return [];
    return [{ index, rank: hold(rows, index, isMarkedCode) ? NAMED : IN_DOUBT }];
  });
  const all = [...named, ...doubtful];
  const best = Math.min(...all.map(({ rank }) => rank));
  const found = all.flatMap(({ index, rank }) =>
    rank === best ? [{ index, inDoubt: rank === IN_DOUBT }] : [],
  );
  const [first, ...others] = found;
  const agree = others.every((other) => rows.every((row) => country(row, first) === country(row, other)));
  return agree ? found.slice(0, 1) : found;
}

/** Column with the country, or with codes that may be area codes that look like country codes. */
export interface CountryColumn {
  readonly index: number;
  readonly inDoubt: boolean;
}

const DOUBTFUL_KEYS = new Set(DOUBTFUL.map(headerKey));
const NAMED = 1;
const IN_DOUBT = 9;

function isMeant(rows: Rows, index: number, rank: number): boolean {
  return rank <= NAMED || hold(rows, index, isCountry);
}

/** Whether a quarter of the cells pass the test. Enough, because a bare number without a country is not read. */
function hold(rows: Rows, index: number, test: (cell: string) => boolean): boolean {
  const cells = rows.map((row) => row[index] ?? '').filter((cell) => !isBlankCountry(cell));
  return cells.length > 0 && cells.filter(test).length * 4 >= cells.length;
}

function isCountry(cell: string): boolean {
  return readCountryCell(cell) !== undefined;
}

function country(row: readonly string[], column: CountryColumn | undefined): CountryCode | undefined {
  return readCountryCell(row[column?.index ?? -1] ?? '')?.country;
}
