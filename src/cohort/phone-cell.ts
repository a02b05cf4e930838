import parsePhoneNumber, {
  type CountryCode,
  getCountryCallingCode,
  type PhoneNumber,
} from 'libphonenumber-js/max';
import { parseParticipant } from '../domain/participant.ts';
import type { Participant } from '../domain/words.ts';
import {
  callingCodeOf,
  countryOf,
  isValidAsWritten,
  looksNational,
  MEXICAN_TRUNK,
  ordinaryLengths,
  readPlainly,
  trunkPrefix,
} from './numbering.ts';
import { type PhoneText, readPhoneText } from './phone-text.ts';
import { quote } from './quote.ts';
import { type Trouble, trouble } from './trouble.ts';

/** What most cells hold: digits with at most a plus, spaces, dashes and brackets between them. */
const PLAIN = /^\+?\d[\d ()-]{8,24}$/;

/**
 * A phone cell → the participant, or why it cannot be read with certainty. Never a guess:
 *
 * - `+`, `00`, links and WhatsApp ids say that a country code comes first.
 * - Bare digits are taken as country code + number (the API's own form) when they are valid as such.
 * - With a default country they may be national too; when both readings hold and differ, the number is
 *   ambiguous, unless the writing itself decides (see `decided`).
 *
 * Every kind of number passes: WhatsApp Business runs on landlines as well.
 */
export function readPhoneCell(cell: string, defaultCountry?: CountryCode): Participant | Trouble {
  if (PLAIN.test(cell)) {
    const digits = cell.replace(/\D/g, '');
    const plain = digits.length < 9 ? undefined : readPlainly(digits, cell.startsWith('+'), defaultCountry);
    const participant = plain === undefined ? undefined : parseParticipant(plain);
    if (participant !== undefined) return participant;
  }
  return readPhoneCellInFull(cell, defaultCountry);
}

/** The same answer without the fast path. Apart, so that a test can compare the two. */
export function readPhoneCellInFull(cell: string, defaultCountry?: CountryCode): Participant | Trouble {
  const text = readPhoneText(cell);
  if ('code' in text) return text;
  if (text.international) return readAbroad(text, cell, defaultCountry);
  return readBare(text, cell, defaultCountry);
}

/**
 * The same where the row itself says from which country the phone is: digits without a mark of a country code are a
 * number of that country, with its code or without. A number with a mark stays what it is.
 */
export function readPhoneCellOf(cell: string, country: CountryCode): Participant | Trouble {
  // Nearly all are clear without that, and answered fast.
  const clear = readPhoneCell(cell, country);
  if (typeof clear === 'string' && clear.startsWith(getCountryCallingCode(country))) return clear;
  const text = readPhoneText(cell);
  if ('code' in text) return text;
  return text.international ? readAbroad(text, cell, country) : readBare(text, cell, country, true);
}

/** Digits that say that they begin with a country code. */
function readAbroad(text: PhoneText, cell: string, country: CountryCode | undefined): Participant | Trouble {
  const plain = readInternational(text.digits);
  // Where people dial abroad with something longer than 00, that may be what was meant.
  const dialled =
    text.zeros && country !== undefined ? parse(`00${text.digits}`, country)?.number.slice(1) : undefined;
  if (plain !== undefined && dialled !== undefined && plain !== dialled)
    return ambiguous(cell, [plain, dialled]);
  return parseParticipant(plain ?? dialled ?? '') ?? unreadable(text.digits, cell);
}

/** Country code + number → the participant's digits; undefined when no such number can exist. */
function readInternational(digits: string): string | undefined {
  const mexican = /^521(\d{10})$/.exec(digits)?.[1];
  // Mexico's mobiles carried a 1 until 2019, and WhatsApp still knows many by it: it stays as it was written.
  if (mexican !== undefined && isValidAsWritten(`52${mexican}`)) return digits;
  return parse(`+${digits}`)?.number.slice(1);
}

/** Digits without any mark of a country code. */
function readBare(
  text: PhoneText,
  cell: string,
  country: CountryCode | undefined,
  noOther = false,
): Participant | Trouble {
  const { digits } = text;
  const shown = quote(cell);
  const code = country === undefined ? '' : getCountryCallingCode(country);
  const isAbroad = !digits.startsWith('0') && (!noOther || digits.startsWith(code));
  const abroad = isAbroad ? readInternational(digits) : undefined;
  const home = country === undefined ? [] : readNational(digits, country);
  const readings = [...new Set([...(abroad === undefined ? [] : [abroad]), ...home])];
  if (country !== undefined && home.length === 0 && abroad !== undefined && !gapAfterCode(text, abroad)) {
    if (looksNational(digits, country)) {
      return trouble(
        'phone_ambiguous',
        `${shown} is as long as a number of ${names.of(country)}, which has none like it, and would be +${abroad} abroad: correct it, or write it with + and the country code`,
      );
    }
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
 * Digits as the people of a country write them. Normalized to the standard form: trunk prefixes and carrier codes
 * go, Italy's zero stays, Argentina's 0…15… becomes 549…, Mexico's old 01, 044, 045 and 1 go.
 */
function readNational(digits: string, country: CountryCode): readonly string[] {
  const code = getCountryCallingCode(country);
  const mexican = country === 'MX' ? MEXICAN_TRUNK.exec(digits)?.[1] : undefined;
  return [
    // Under the country's own rules (area codes of one-island countries, its way to dial abroad) …
    parse(digits, country),
    // … and as a number of its numbering plan whatever its first digits look like.
    parse(`+${code}${mexican ?? digits}`),
  ].flatMap((parsed) => (parsed === undefined ? [] : [parsed.number.slice(1)]));
}

/**
 * Two valid readings. Two things in the writing decide between them; nothing else does.
 * 1. Gaps: who writes a country code and then gaps puts one after the country code: (201) 555-0123 is not Egypt's
 *    +20. And who writes to the letter as the country does, (670) 234-5678, means its own number.
 * 2. The country's own code in front of a whole mobile number, in a country that writes 0 before its national
 *    numbers: 4915123456789 under DE is +49 1512…, not a landline of fifteen digits that has lost its 0.
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
  if (text.gaps.length > 0 && parse(`+${only}`)?.formatNational() === text.written) return only;
  if (code !== getCountryCallingCode(country) || trunkPrefix(country) !== '0') return undefined;
  const mobile = (digits: string) => parsePhoneNumber(`+${digits}`)?.getType()?.includes('MOBILE') === true;
  return mobile(abroad) && !mobile(only) ? abroad : undefined;
}

function gapAfterCode(text: PhoneText, abroad: string): boolean {
  return text.gaps.includes(callingCodeOf(abroad)?.length ?? 0);
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

function ambiguous(cell: string, readings: readonly string[]): Trouble {
  const both = readings.map((one) => `+${one}`).join(' or ');
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as ${both}: write it with + and the country code`,
  );
}

const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** Why digits that begin with a country code are no number of that country. */
function unreadable(digits: string, cell: string): Trouble {
  const shown = quote(cell);
  const code = callingCodeOf(digits);
  if (digits.length < 3) {
    return trouble('phone_too_short', `${shown} is too short for a phone number: complete it`);
  }
  if (code === undefined) {
    return trouble(
      'phone_unknown_country',
      `${shown} begins with no country’s code: correct the country code`,
    );
  }
  const country = countryOf(code);
  const where = `${country === undefined ? 'its country code' : names.of(country)} (+${code})`;
  const length = digits.length - code.length;
  const [least, most] = ordinaryLengths(code) ?? [0, 15];
  if (length < least) {
    return trouble('phone_too_short', `${shown} has too few digits for ${where}: complete the number`);
  }
  if (length > most || digits.length > 15) {
    return trouble('phone_too_long', `${shown} has too many digits for ${where}: correct the number`);
  }
  return trouble('phone_invalid', `${shown} is not a number that ${where} has: correct the number`);
}
