/** Free text made safe to show: on a terminal, in a log, and on pages open to others. */
import { maskParticipant } from './ids.ts';

/**
 * Digits of any script, written like a phone: with up to three spaces, signs or brackets between them. A comma or a
 * colon ends it: those stand between numbers, and before a port.
 */
const NUMBER = /\+?\p{Nd}(?:(?:(?![,;:])[\s\p{P}\p{S}\p{Cf}\p{M}]){0,3}\p{Nd})*\p{M}*/gu;
/** Fewest digits of a phone: shorter runs are a date, a price or a cohort's number; national numbers have ten. */
const FEWEST_DIGITS = 10;
/** Fewest digits of a phone in a group's name: names hold no prices, and some national numbers are this short. */
const FEWEST_IN_NAME = 7;
/** A date or a pair of years: more frequent in names of groups than a phone. */
const DATE =
  /^(?:(?:19|20)\d\d([-./ ])\d{1,2}\1\d{1,2}|\d{1,2}([-./ ])\d{1,2}\2(?:19|20)\d\d|(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d)$/;

/** The text with possible phone numbers masked. */
export function maskNumbers(text: string): string {
  return maskedFrom(FEWEST_DIGITS, text);
}

/** The name of a group with possible phone numbers masked, shorter ones too. */
export function maskNames(name: string): string {
  return maskedFrom(FEWEST_IN_NAME, name);
}

function maskedFrom(fewest: number, text: string): string {
  return text.replace(NUMBER, (found: string, at: number) => {
    if (isGroup(found, text.slice(at + found.length)) || DATE.test(found)) return found;
    const digits = [...found.replace(/\P{Nd}/gu, '')];
    return digits.length < fewest ? found : masked(digits);
  });
}

/** Masks by characters, because those of some scripts are two units long. */
function masked(digits: readonly string[]): string {
  const ascii = digits.every((digit) => digit <= '9');
  if (ascii) return maskParticipant(digits.join(''));
  return [...digits.slice(0, 4), '•'.repeat(digits.length - 7), ...digits.slice(-3)].join('');
}

/**
 * Whether the digits are a group's id, which is not a person's number; also recognized where the rest of it is missing.
 */
function isGroup(found: string, rest: string): boolean {
  return /^\d{18}$/.test(found) && (rest.startsWith('@g.us') || found.startsWith('120363'));
}

/**
 * Untrusted text on one line, safe for a terminal or a log: line breaks and tabs become a space; other control
 * characters and those that change a line's direction are shown as `\u001b`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) =>
    char === '\n' || char === '\t' || char === '\r'
      ? ' '
      : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
