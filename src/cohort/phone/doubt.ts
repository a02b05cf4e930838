import parsePhoneNumber from 'libphonenumber-js/max';
import { quote, type Trouble, trouble } from '../trouble.ts';
import { callingCodeOf, countryOf, ordinaryLengths } from './numbering.ts';
import type { PhoneText } from './phone-text.ts';
import { type Rival, rivalsOf } from './rivals.ts';

/** Trouble with digits that can be two numbers. */
export function ambiguous(cell: string, readings: readonly string[]): Trouble {
  const both = readings.map((one) => `+${one}`).join(' or ');
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as ${both}: write it with + and the country code`,
  );
}

/** Country names for messages. */
export const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** Trouble with digits that begin with a country code but are not a number of that country. */
export function unreadable(digits: string, cell: string): Trouble {
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

/**
 * Objection to bare digits as country code + number:
 * - rivals: mobiles of other people that the digits can be;
 * - `stray`: the other numbers of the column have no country codes;
 * - `gaps`: the writing does not separate the country code.
 */
export type Doubt = readonly Rival[] | 'stray' | 'gaps';

/** Bare digits, and their reading as country code + number → the column's objection, if any. */
export type Judge = (digits: string, reading: string) => Doubt | undefined;

/** Whether the gaps of bare digits, if any, separate the country code, without brackets. */
export function standsAsWritten(text: PhoneText, abroad: string): boolean {
  return text.gaps.length === 0 || (gapAfterCode(text, abroad) && !/^[([]/.test(text.written));
}

export function gapAfterCode(text: PhoneText, abroad: string): boolean {
  return text.gaps.includes(callingCodeOf(abroad)?.length ?? 0);
}

/** Objection to bare digits as country code + number: their gaps first, then the column. */
export function doubtOf(text: PhoneText, abroad: string, judge: Judge | undefined): Doubt | undefined {
  if (standsAsWritten(text, abroad)) return judge?.(text.digits, abroad);
  const rivals = rivalsOf(text.digits).filter((rival) => rival.number !== abroad);
  return rivals.length === 0 ? 'gaps' : rivals;
}

/** Number of rivals named in a message. */
const NAMED = 3;
const TO_DO = 'write it with + and the country code, or give --default-country';

/** Trouble for a doubt, with every reading that a person may have meant. */
export function doubtful(text: PhoneText, shown: string, abroad: string, doubt: Doubt): Trouble {
  if (doubt === 'gaps') {
    const message = `${shown} would be +${abroad}, but its gaps do not stand after that country code: ${TO_DO}`;
    return trouble('phone_no_country', message);
  }
  if (doubt === 'stray') {
    const message = `${shown} would be +${abroad}, but the other numbers of its column have no country code: ${TO_DO}`;
    return trouble('phone_no_country', message);
  }
  // Regions that share a country code share the number: each number appears once, under its first region.
  const numbers = new Map(doubt.toReversed().map((rival) => [rival.number, rival]));
  const rivals = [...numbers.values()].reverse();
  const isWrittenSo = ({ number }: Rival) =>
    Number(text.gaps.length > 0 && parsePhoneNumber(`+${number}`)?.formatNational() === text.written);
  rivals.sort((a, b) => isWrittenSo(b) - isWrittenSo(a));
  const named = rivals.slice(0, NAMED).map(({ number, country }) => `+${number} (${names.of(country)})`);
  const more = rivals.length - named.length;
  const message = `${shown} can be read as +${abroad} or, without a country code, as ${named.join(' or ')}${more > 0 ? ` or in ${more} more countries` : ''}: ${TO_DO}`;
  return trouble('phone_ambiguous', message);
}
