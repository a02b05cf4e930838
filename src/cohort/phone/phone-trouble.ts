import { quote, type Trouble, trouble } from '../trouble.ts';
import { callingCodeOf, countryOf, ordinaryLengths } from './numbering.ts';

/** Digits that are two numbers. */
export function ambiguous(cell: string, readings: readonly string[]): Trouble {
  const both = readings.map((one) => `+${one}`).join(' or ');
  return trouble(
    'phone_ambiguous',
    `${quote(cell)} can be read as ${both}: write it with + and the country code`,
  );
}

/** A country’s name, for messages. */
export const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** Why digits that begin with a country code are no number of that country. */
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
