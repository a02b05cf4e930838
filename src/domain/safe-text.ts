/** Free text made safe to show: for a terminal and a log, and for pages that others read too. */
import { maskParticipant } from './ids.ts';

/**
 * Digits of any script, written like a phone: with up to three spaces, signs or brackets between them. A comma or a
 * colon ends it: those stand between numbers, and before a port.
 */
const NUMBER = /\+?\p{Nd}(?:(?:(?![,;:])[\s\p{P}\p{S}\p{Cf}\p{M}]){0,3}\p{Nd})*\p{M}*/gu;
/** Fewer digits are a date, a price or a cohort's number; national numbers of ten digits are phones. */
const FEWEST_DIGITS = 10;
/** In the name of a group, which has no columns of prices: there are national numbers of so few digits. */
const FEWEST_IN_NAME = 7;
/** A date, and a pair of years, which names of groups have more often than a phone. */
const DATE =
  /^(?:(?:19|20)\d\d([-./ ])\d{1,2}\1\d{1,2}|\d{1,2}([-./ ])\d{1,2}\2(?:19|20)\d\d|(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d)$/;

/** The text with everything masked that could be a phone number. */
export function maskNumbers(text: string): string {
  return maskedFrom(FEWEST_DIGITS, text);
}

/** The name of a group in the same way, and with shorter numbers in it masked, too. */
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

/** By characters: those of some scripts are two units long. */
function masked(digits: readonly string[]): string {
  const ascii = digits.every((digit) => digit <= '9');
  if (ascii) return maskParticipant(digits.join(''));
  return [...digits.slice(0, 4), '•'.repeat(digits.length - 7), ...digits.slice(-3)].join('');
}

/** The digits of a group's id, which are nobody's number; they begin like this also where the rest of it is missing. */
function isGroup(found: string, rest: string): boolean {
  return /^\d{18}$/.test(found) && (rest.startsWith('@g.us') || found.startsWith('120363'));
}

/**
 * Untrusted text on one line, safe for a terminal or a log: white space that breaks or jumps is a space, other control
 * characters and those that turn the direction of a line are shown as `\u001b`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) =>
    char === '\n' || char === '\t' || char === '\r'
      ? ' '
      : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
