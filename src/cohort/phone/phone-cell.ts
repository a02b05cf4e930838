import parsePhoneNumber, {
  type CountryCode,
  getCountryCallingCode,
  type PhoneNumber,
} from 'libphonenumber-js/max';
import { parseParticipant, todaysNumber, todaysNumberOfId } from '../../domain/ids.ts';
import type { Participant } from '../../domain/words.ts';
import { quote, type Trouble, trouble } from '../cell.ts';
import {
  ambiguous,
  damagedMobile,
  doubtAtHome,
  doubtful,
  doubtOf,
  fillerOf,
  gapAfterCode,
  isMobile,
  type Judge,
  unreadable,
} from './doubt.ts';
import {
  callingCodeOf,
  isNowhere,
  isValidAsWritten,
  MEXICAN_TRUNK,
  readPlainly,
  trunkPrefix,
} from './numbering.ts';
import { findBeside, isNumbered, MOST_BESIDE, writtenLike } from './phone-beside.ts';
import { numberOf, type PhoneText, readPhoneText } from './phone-text.ts';

/** Form of most cells: digits with at most a plus, single spaces and dashes, and brackets around an area code. */
const PLAIN = /^(?=.{9,25}$)(?:\+?\d+[ -]?)?(?:\(\d+\)[ -]?)?\d+(?:[ -]\d+)*$/;

/**
 * A phone cell → the participant, or why it cannot be read with certainty. Never a guess:
 *
 * - `+`, `00`, links and WhatsApp ids mark a country code in front.
 * - Bare digits are country code + number (the API's own form) when they are valid as such, and neither their gaps nor
 *   the judge object.
 * - With a default country they may be national too; when both readings hold and differ, the number is ambiguous,
 *   unless the writing itself decides (see `decided`).
 *
 * Accepts every kind of number: WhatsApp Business runs on landlines as well.
 */
export function readPhoneCell(
  cell: string,
  defaultCountry?: CountryCode,
  judge?: Judge,
): Participant | Trouble {
  if (PLAIN.test(cell)) {
    const participant = readQuickly(cell, defaultCountry);
    const isBare = !cell.startsWith('+') && defaultCountry === undefined;
    const isClear = !isBare || (/^\d+$/.test(cell) && judge?.(cell, participant ?? '') === undefined);
    if (participant !== undefined && isClear) return participant;
  }
  return readInFull(cell, { country: defaultCountry, judge });
}

interface Rules {
  readonly country: CountryCode | undefined;
  /** The column's objection to digits as country code + number. */
  readonly judge?: Judge | undefined;
  /** Whether only numbers of that country count. */
  readonly noOther?: boolean;
}

/** Full result for a plain cell whose writing leaves no doubt; undefined: needs the full reading. */
function readQuickly(cell: string, country: CountryCode | undefined): Participant | undefined {
  const international = cell.startsWith('+');
  const groups = cell.match(/\d+/g) as readonly string[];
  const digits = groups.join('');
  // The number may be rounded, or a lone 0 surplus.
  if (digits.length < 9 || (groups.length === 1 && !international && digits.endsWith('00000')))
    return undefined;
  if (groups.length > 1 && groups.includes('0')) return undefined;
  const plain = readPlainly(digits, international, country);
  if (plain === undefined || fillerOf(plain, cell) !== undefined) return undefined;
  const isAbroad = country !== undefined && !plain.startsWith(getCountryCallingCode(country));
  if (isAbroad && !international) {
    if (groups.length > 1 || doubtAtHome(numberOf(digits), plain, cell, country) !== undefined)
      return undefined;
  }
  // Nothing is next to the number when no part of the cell is a number by itself, or another one.
  const harmless = (part: string) =>
    isNowhere(part, international, country) || readPlainly(part, international, country) === plain;
  let before = 0;
  for (const group of groups.slice(0, -1)) {
    before += group.length;
    if (!harmless(digits.slice(0, before))) return undefined;
    const prefixed = digits.startsWith('0') && before <= MOST_BESIDE;
    if (!international && !prefixed && !harmless(digits.slice(before))) return undefined;
  }
  return parseParticipant(plain);
}

/** Result of `readPhoneCell` without the fast path; exported, so that a test can compare the two. */
export function readInFull(cell: string, rules: Rules): Participant | Trouble {
  const text = readPhoneText(cell);
  if ('code' in text) return text;
  const read = readWhole(text, cell, rules);
  if (typeof read !== 'string') return read;
  const other = withoutLoneZero(text, read, cell, rules) ?? besides(text, read, cell, rules.country);
  return other ?? doubtAtHome(text, read, cell, rules.country) ?? fillerOf(read, cell) ?? read;
}

/**
 * Reads a phone cell whose row names the country: digits without a mark of a country code are a number of that country,
 * with its code or without. A number with a mark keeps its meaning.
 */
export function readPhoneCellOf(cell: string, country: CountryCode): Participant | Trouble {
  // Nearly all cells are clear without the country, on the fast path.
  const clear = readPhoneCell(cell, country);
  if (typeof clear === 'string' && clear.startsWith(getCountryCallingCode(country))) return clear;
  return readInFull(cell, { country, noOther: true });
}

function readWhole(text: PhoneText, cell: string, rules: Rules): Participant | Trouble {
  return text.international ? readAbroad(text, cell, rules.country) : readBare(text, cell, rules);
}

/**
 * Reads `+39 (0) 312 345 6789`: most countries drop this zero abroad, Italy does not. Where the number is a different
 * one without the zero, it counts as that one only when written exactly so.
 */
function withoutLoneZero(
  text: PhoneText,
  read: Participant,
  cell: string,
  rules: Rules,
): Participant | Trouble | undefined {
  const whole = text.zeros ? text.written.replace(/^\D*0\D*0\D*/, '+') : text.written;
  const zero = /^(\+?\d{0,3}[\s.\-/)\]]*)([([]?)(?<!\d)0(?:[)\]]|(?=[\s.\-/(]))[\s.\-/]*(.*)$/.exec(whole);
  if (zero === null) return undefined;
  const [, code = '', bracket, rest = ''] = zero;
  if (bracket === '' && writtenLike(whole, read)) return undefined;
  const writing = `${code.replace(/[)\]]/g, '')} ${rest}`.trim();
  const bare = readPhoneText(writing);
  const other = 'code' in bare ? bare : readWhole(bare, writing, rules);
  if (typeof other !== 'string' || other === read) return undefined;
  return bracket !== '' && writtenLike(writing, other) ? other : ambiguous(cell, [read, other]);
}

/** Trouble with a number next to something else, where the cell as a whole is another number. */
function besides(
  text: PhoneText,
  read: Participant,
  cell: string,
  country: CountryCode | undefined,
): Trouble | undefined {
  const own = country === undefined ? undefined : getCountryCallingCode(country);
  const found = findBeside(text, read, own, (digits, where) => {
    if (isNowhere(digits, text.international, country)) return [];
    const abroad = digits.startsWith('0') ? undefined : readInternational(digits);
    if (text.international) return abroad === undefined ? [] : [abroad];
    const home = country === undefined ? [] : readNational(digits, country);
    const counts = where === 'first' || (own !== undefined && abroad?.startsWith(own));
    return counts && abroad !== undefined ? [...home, abroad] : home;
  });
  if (found === undefined && !isNumbered(text)) return undefined;
  const other =
    found === undefined
      ? 'a list’s number beside a phone number'
      : `+${found.number} with “${found.rest}” beside it`;
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as +${read}, or as ${other}: keep nothing but the number, with + and the country code`,
  );
}

/** Reads digits that are marked as beginning with a country code. */
function readAbroad(text: PhoneText, cell: string, country: CountryCode | undefined): Participant | Trouble {
  const plain = text.id ? readId(text.digits) : readInternational(text.digits);
  // Where people dial abroad with something longer than 00, that may be meant.
  const dialled =
    text.zeros && country !== undefined ? parse(`00${text.digits}`, country)?.number.slice(1) : undefined;
  if (plain !== undefined && dialled !== undefined && plain !== dialled)
    return ambiguous(cell, [plain, dialled]);
  return parseParticipant(plain ?? dialled ?? '') ?? unreadable(text.digits, cell);
}

/** Country code + number → the participant's digits; undefined: no such number can exist. */
export function readInternational(digits: string): string | undefined {
  const today = todaysNumber(digits);
  if (today !== undefined && isValidAsWritten(today)) return digits;
  return parse(`+${digits}`)?.number.slice(1);
}

/** WhatsApp id → the participant's digits; undefined: no such number can exist. */
function readId(id: string): string | undefined {
  const today = todaysNumberOfId(id);
  return today !== undefined && isValidAsWritten(today) ? id : readInternational(id);
}

/** Reads digits without any mark of a country code. */
function readBare(
  text: PhoneText,
  cell: string,
  { country, judge, noOther = false }: Rules,
): Participant | Trouble {
  const { digits } = text;
  const shown = quote(cell);
  const code = country === undefined ? '' : getCountryCallingCode(country);
  const isAbroad = !digits.startsWith('0') && (!noOther || digits.startsWith(code));
  const abroad = isAbroad ? readInternational(digits) : undefined;
  if (country === undefined && abroad !== undefined) {
    const doubted = doubtOf(text, abroad, judge);
    if (doubted !== undefined) return doubtful(text, shown, abroad, doubted);
  }
  const home = country === undefined ? [] : readNational(digits, country);
  const readings = [...new Set([...(abroad === undefined ? [] : [abroad]), ...home])];
  if (country !== undefined && abroad === undefined && home.length > 0) {
    const damaged = damagedMobile(digits, country, shown);
    if (damaged !== undefined) return damaged;
  }
  const reading = readings.length > 1 ? decided(text, abroad, home, country) : readings[0];
  if (reading !== undefined) return parseParticipant(reading) ?? unreadable(digits, cell);
  if (readings.length > 1) return ambiguous(cell, readings);
  if (digits.length < 7)
    return trouble('phone_too_short', `${shown} has too few digits for a phone number: complete it`);
  if (digits.length > 15) return unreadable(digits, cell);
  if (country !== undefined)
    return unreadable(`${getCountryCallingCode(country)}${withoutTrunk(digits, country)}`, cell);
  if (digits.startsWith('0') || digits.length < 12) {
    return trouble(
      'phone_no_country',
      `${shown} has no country code: write it with + and the country code, or give --default-country`,
    );
  }
  return unreadable(digits, cell);
}

/**
 * Readings of digits in a country's national notation, in standard form: trunk prefixes and carrier codes are dropped,
 * Italy's zero stays, Argentina's 0…15… becomes 549…, Mexico's old 01, 044, 045 and 1 are dropped.
 */
function readNational(digits: string, country: CountryCode): readonly string[] {
  const code = getCountryCallingCode(country);
  const mexican = country === 'MX' ? MEXICAN_TRUNK.exec(digits)?.[1] : undefined;
  return [
    // Under the country's own rules (area codes of one-island countries, its way to dial abroad) …
    parse(digits, country),
    // … and as a number of its numbering plan, whatever the first digits.
    parse(`+${code}${mexican ?? digits}`),
  ].flatMap((parsed) => (parsed === undefined ? [] : [parsed.number.slice(1)]));
}

/**
 * Decision between two valid readings, by two properties of the writing only:
 * 1. Gaps: people who write a country code with gaps put a gap after it: (201) 555-0123 is not Egypt's +20. And exactly
 *    the country's own notation, (670) 234-5678, means its own number.
 * 2. The country's own code in front of a whole mobile number, in a country that writes 0 before its national numbers:
 *    4915123456789 under DE is +49 1512…, not a landline of fifteen digits that has lost its 0.
 */
function decided(
  text: PhoneText,
  abroad: string | undefined,
  home: readonly string[],
  country: CountryCode | undefined,
): string | undefined {
  if (abroad === undefined || country === undefined) return undefined;
  const others = home.filter((reading) => reading !== abroad);
  const only = new Set(others).size === 1 ? others[0] : undefined;
  const code = callingCodeOf(abroad);
  if (code === undefined || only === undefined) return undefined;
  if (text.gaps.length > 0 && !gapAfterCode(text, abroad)) return only;
  const toTheLetter = parse(`+${only}`)?.formatNational() === text.written;
  if (
    text.gaps.length > 0 &&
    toTheLetter &&
    parse(`+${abroad}`)?.formatInternational() !== `+${text.written}`
  )
    return only;
  if (code !== getCountryCallingCode(country) || trunkPrefix(country) !== '0') return undefined;
  return isMobile(abroad) && !isMobile(only) ? abroad : undefined;
}

function parse(text: string, defaultCountry?: CountryCode): PhoneNumber | undefined {
  const options = defaultCountry === undefined ? { extract: false } : { defaultCountry, extract: false };
  const parsed = parsePhoneNumber(text, options);
  return parsed?.isValid() === true ? parsed : undefined;
}

function withoutTrunk(digits: string, country: CountryCode): string {
  const trunk = trunkPrefix(country);
  return trunk !== undefined && digits.startsWith(trunk) ? digits.slice(trunk.length) : digits;
}
