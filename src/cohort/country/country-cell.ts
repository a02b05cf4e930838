import { type CountryCode, getCountryCallingCode } from 'libphonenumber-js/max';
import { plainText, unwrap } from '../file/plain-text.ts';
import { callingCodeOf, regionOf } from '../phone/numbering.ts';
import { countryByName } from './country-by-name.ts';

/** What a cell says about the country of a phone: whose rules hold, and how its numbers begin. */
export interface Country {
  readonly country: CountryCode;
  /** The country code; where the cell adds an area to it (+1868), with the area. */
  readonly prefix: string;
}

/** Enough for the countries of any cohort; cleared when more cells than that differ, so memory stays bounded. */
const KEPT = 1_000;
const known = new Map<string, Country | undefined>();

/**
 * A cell → the country that it names: a country code (`+55`, `0055`, `55.0`, `="+55"`, `+1-868`), two or three letters
 * (`BR`, `BRA`), a flag, a name in a language we know, or a name with its code (`Brazil (+55)`). Undefined when it
 * names none, or two.
 */
export function readCountryCell(cell: string): Country | undefined {
  if (!known.has(cell)) {
    if (known.size >= KEPT) known.clear();
    known.set(cell, readText(unwrap(cell.normalize('NFKC').replace(FLAG, lettersOf).trim())));
  }
  return known.get(cell);
}

/** Whether a cell says nothing about a country. (NA is Namibia, or nothing: it is not read.) */
export function isBlankCountry(cell: string): boolean {
  return /^\s*(?:[-–—.]+|n\/a|none|null|nil|#n\/a)?\s*$/i.test(cell);
}

/** Whether a cell is a country code with what says so before it. */
export function isMarkedCode(cell: string): boolean {
  return /^\P{L}*(?:\+|\b00)/u.test(cell) && readCountryCell(cell) !== undefined;
}

const FLAG = /[\u{1F1E6}-\u{1F1FF}]{2}/gu;

function lettersOf(flag: string): string {
  const letters = [...flag].map((sign) =>
    String.fromCharCode((sign.codePointAt(0) as number) - 0x1f1e6 + 65),
  );
  return ` ${letters.join('')} `;
}

function readText(text: string): Country | undefined {
  const name = text.replace(/[^\p{L}\p{M}\s.,'’&-]/gu, ' ').replace(/^[^\p{L}]+|[^\p{L}\p{M}]+$/gu, '');
  const digits = plainText(text)
    .replace(/^(\D*\d+)[.,]0+$/, '$1')
    .replace(/\p{L}+/gu, ' ');
  const byCode = countryByCode(name === '' ? digits : digits.replace(/^[^+\d]+/, ''));
  if (name === '') return byCode;
  const country = countryOfName(name);
  if (country === undefined || !/\d/.test(digits)) return country;
  // The name tells Canada from the United States.
  if (byCode === undefined || !byCode.prefix.startsWith(country.prefix)) return undefined;
  return { country: country.country, prefix: byCode.prefix };
}

/** A flag beside the name says the same, or the cell names two countries. */
function countryOfName(name: string): Country | undefined {
  const whole = countryByName(name);
  const flagged = /^([A-Z]{2})\s+(.+)$/.exec(name);
  const [first, second] =
    flagged === null ? [] : [countryByName(flagged[1] ?? ''), countryByName(flagged[2] ?? '')];
  const country = whole ?? (first === second ? first : undefined);
  return country && { country, prefix: getCountryCallingCode(country) };
}

function countryByCode(text: string): Country | undefined {
  if (!/^[\s()[\]–-]*\+?[\s(]*\d[\d\s().[\]-]*$/.test(text) || /^\s*-/.test(text)) return undefined;
  const prefix = text.replace(/\D/g, '').replace(/^(?:00|011(?=\d))/, '');
  const code = callingCodeOf(prefix);
  if (code === undefined || prefix.length - code.length > 4) return undefined;
  const country = regionOf(code, prefix.slice(code.length));
  return country && { country, prefix };
}
