import { maskParticipant } from '../../domain/ids.ts';
import { maskNumbers } from '../../domain/safe-text.ts';
import { shorten } from '../../lib/text.ts';

const LONGEST_LINE = 300;

/** Seven digits or more. `maskNumbers` handles grouped digits and other scripts. */
const PHONE = /\d{7,}|\+\d(?:[\s().-]{0,2}\d){6,}/g;

/** Addresses and times look like grouped numbers, but errors must show them. */
const ADDRESS = String.raw`(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)`;
const TIME = String.raw`\b20\d\d-[01]\d-[0-3]\d[ T][0-2]\d(?=:[0-5]\d)`;
const NO_PHONE = new RegExp(`(${ADDRESS}|${TIME})`);

/**
 * Redacts a text for logs and errors: one line, bounded, without control or direction characters or whole phone
 * numbers.
 */
export function oneLine(text: string): string {
  const line = text
    .slice(0, LONGEST_LINE * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .split(NO_PHONE)
    // Odd parts are the separators.
    .map((part, at) => (at % 2 === 1 ? part : masked(part)))
    .join('')
    .replace(/ {2,}/g, ' ')
    .trim();
  return shorten(line, LONGEST_LINE);
}

function masked(text: string): string {
  return maskNumbers(text).replace(PHONE, (phone) => maskParticipant(phone.replace(/\D/g, '')));
}

/** Shortest key that is redacted: the API's are longer, and cutting a shorter one would tear answers apart. */
const SHORTEST_KEY = 8;

const NAMED: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" };

/** One escaped character of JSON (`\/`, `\u002b`), a URL (`%2B`) or HTML (`&#43;`, `&#x2b;`, `&amp;`). */
const ESCAPE =
  /\\+(?:u00([\da-f]{2}))?|%([\da-f]{2})|&#0{0,6}(\d{1,3});|&#x0{0,6}([\da-f]{1,2});|&(quot|amp|lt|gt|apos);/gi;

const SHOWN = '[key]';

/**
 * Redacts the key: a server that echoes it must not get it into a file. A plain search, in the text with and without
 * its escapes, so that a long key or text costs little. Backslashes are ignored.
 */
export function keyCutter(apiKey: string): (text: string) => string {
  if (apiKey.length < SHORTEST_KEY) return (text) => text;
  const key = apiKey.replaceAll('\\', '');
  return (whole) => {
    const text = whole.replaceAll(apiKey, SHOWN);
    if (key === '' || !/[\\%&]/.test(text)) return text;
    const { plain, sourceOf } = unescaped(text);
    let cut = '';
    let from = 0;
    for (let at = plain.indexOf(key); at >= 0; at = plain.indexOf(key, at + key.length)) {
      // A backslash before the key belongs to its first character.
      const start = backOver(text, sourceOf(at), from);
      cut += text.slice(from, start) + SHOWN;
      from = sourceOf(at + key.length - 1, true);
    }
    return from === 0 ? text : cut + text.slice(from);
  };
}

/** A text without its escapes, and the source position of each character: its begin, or its `end`. */
function unescaped(text: string): {
  readonly plain: string;
  readonly sourceOf: (at: number, end?: boolean) => number;
} {
  // Runs of plain characters and single escapes, in order: their begins in both texts.
  const starts: number[] = [];
  const sources: number[] = [];
  /** Length of an escape in the source; 0: plain characters. */
  const lengths: number[] = [];
  const parts: string[] = [];
  let length = 0;
  const add = (part: string, source: number, width: number) => {
    if (part === '') return;
    starts.push(length);
    sources.push(source);
    lengths.push(width);
    parts.push(part);
    length += part.length;
  };
  let from = 0;
  for (const found of text.matchAll(ESCAPE)) {
    add(text.slice(from, found.index), from, 0);
    from = found.index + found[0].length;
    const char = charOf(found);
    add(char === '\\' ? '' : char, found.index, found[0].length);
  }
  add(text.slice(from), from, 0);
  return {
    plain: parts.join(''),
    sourceOf: (at, end = false) => {
      const part = lastUpTo(starts, at);
      const source = sources[part] ?? 0;
      const width = lengths[part] ?? 0;
      if (width > 0) return end ? source + width : source;
      return source + at - (starts[part] ?? 0) + (end ? 1 : 0);
    },
  };
}

function charOf([, json, address, decimal, hex, named]: RegExpMatchArray): string {
  const sixteen = json ?? address ?? hex;
  if (sixteen !== undefined) return String.fromCharCode(Number.parseInt(sixteen, 16));
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  return named === undefined ? '' : (NAMED[named.toLowerCase()] ?? '');
}

/** Index of the last number not above `most`, in an ascending list. */
function lastUpTo(ascending: readonly number[], most: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ascending[middle] ?? 0) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}

function backOver(text: string, at: number, bound: number): number {
  let start = at;
  while (start > bound && text[start - 1] === '\\') start--;
  return start;
}
