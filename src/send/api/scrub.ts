import { maskParticipant } from '../../domain/participant.ts';
import { maskNumbers } from '../../domain/safe-text.ts';

/** Longest error message kept, in UTF-16 units. */
const LONGEST_LINE = 300;

/** A key shorter than this is no key of the API, and cutting it out would tear answers apart. */
const SHORTEST_KEY = 8;

/**
 * Takes the API key out of a text, also as it stands in JSON (`\/`, `\u002b`), in an address (`%2B`) or in a page
 * (`&#43;`). A server that echoes it must not get it into a file.
 */
export function keyCutter(apiKey: string): (text: string) => string {
  if (apiKey.length < SHORTEST_KEY) return (text) => text;
  const forms = new RegExp(Array.from(apiKey, anyForm).join(''), 'g');
  return (text) => text.replace(forms, '[key]');
}

const NAMED: Readonly<Record<string, string>> = {
  '"': 'quot',
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  "'": 'apos',
};

/** A character of the key, however it is escaped. The backslashes are counted: a long run of them must not cost time. */
function anyForm(char: string): string {
  const code = char.charCodeAt(0);
  const hex = code
    .toString(16)
    .padStart(2, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const plain = /^\w$/.test(char) ? char : `\\\\{0,4}${char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`;
  const named = NAMED[char] === undefined ? [] : [`&${NAMED[char]};`];
  return `(?:${[plain, `\\\\{1,4}u00${hex}`, `%${hex}`, `&#0{0,4}${code};`, `&#[xX]0{0,4}${hex};`, ...named].join('|')})`;
}

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
