import { maskParticipant } from '../../domain/ids.ts';
import { maskNumbers } from '../../domain/safe-text.ts';

/** Longest error message kept, in UTF-16 units. */
const LONGEST_LINE = 300;

/** Seven digits and more. Grouped ones, and those of other scripts, are the business of `maskNumbers`. */
const PHONE = /\d{7,}|\+\d(?:[\s().-]{0,2}\d){6,}/g;

/** Addresses and times look like grouped numbers, and are what an error has to tell. */
const ADDRESS = String.raw`(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)`;
const TIME = String.raw`\b20\d\d-[01]\d-[0-3]\d[ T][0-2]\d(?=:[0-5]\d)`;
const NO_PHONE = new RegExp(`(${ADDRESS}|${TIME})`);

/** A text for logs and errors: one line, no control or direction characters, no whole phone number, bounded. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, LONGEST_LINE * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .split(NO_PHONE)
    // The odd parts are what was split at.
    .map((part, at) => (at % 2 === 1 ? part : masked(part)))
    .join('')
    .replace(/ {2,}/g, ' ')
    .trim();
  return shorten(line, LONGEST_LINE);
}

function masked(text: string): string {
  return maskNumbers(text).replace(PHONE, (phone) => maskParticipant(phone.replace(/\D/g, '')));
}

/** At most `longest` UTF-16 units, an ellipsis included; never half a surrogate pair. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
