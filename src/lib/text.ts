import leven from 'leven';
import stringWidth from 'string-width';
import { maskNames, maskNumbers, visible } from '../domain/safe-text.ts';

/** Untrusted text made safe for a terminal or a log: control and format characters shown, length bounded. */
export function plain(text: string, most = 300): string {
  const safe = visible(text);
  // Half of a surrogate pair is no character.
  return safe.length > most ? `${safe.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : safe;
}

/** The same text in memory of its own. A part that was cut from a text keeps the whole of that text alive. */
export function detached(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** Columns that a text takes on a terminal: East Asian wide characters and emoji take two, marks none. */
export const columns: (text: string) => number = stringWidth;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Cut or padded to exactly `size` columns. */
export function fitted(text: string, size: number): string {
  const all = columns(text);
  if (all <= size) return text + ' '.repeat(size - all);
  let cut = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const width = columns(segment);
    if (used + width > size - 1) break;
    cut += segment;
    used += width;
  }
  return `${cut}…${' '.repeat(Math.max(0, size - 1 - used))}`;
}

/** At most `size` columns wide: the beginning and the end of a text that is longer, which tell names of groups apart. */
export function cutMiddle(text: string, size: number): string {
  if (columns(text) <= size) return text;
  const letters = [...graphemes.segment(text)].map(({ segment }) => segment);
  const room = size - 1;
  const head = within(letters, Math.ceil(room / 2));
  const tail = within(letters.reverse(), room - columns(head.join('')));
  return `${head.join('')}…${tail.reverse().join('')}`;
}

/** The first of these letters that take no more than `size` columns. */
function within(letters: readonly string[], size: number): string[] {
  let used = 0;
  const past = letters.findIndex((letter) => {
    used += columns(letter);
    return used > size;
  });
  return letters.slice(0, past === -1 ? letters.length : past);
}

/** `1 person`, `2 people`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** Shorter words stand in too many others. */
const SHORTEST_PART = 3;

/**
 * The name that a mistyped word was probably meant to be: one that holds it, or that it holds, or else the one with the
 * fewest wrong letters, up to a third of the word. undefined when none is close.
 * @param wordOf what of a name counts, written as `word` is
 */
export function nearest(
  word: string,
  names: readonly string[],
  wordOf: (name: string) => string,
): string | undefined {
  return nearestOnes(word, names, wordOf, 1)[0];
}

/** The same, and those that come after it, the nearest first. */
export function nearestOnes(
  word: string,
  names: readonly string[],
  wordOf: (name: string) => string,
  most: number,
): readonly string[] {
  const furthest = Math.max(2, Math.floor(word.length / 3));
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const name of names) {
    const other = wordOf(name);
    const [shorter, longer] = word.length < other.length ? [word, other] : [other, word];
    const part = shorter.length >= SHORTEST_PART && longer.includes(shorter);
    if (!part && longer.length - shorter.length > furthest) continue;
    const distance = part ? 1 : leven(word, other);
    // Nothing of the one would be left in the other.
    if (distance < shorter.length && distance <= furthest) near.push({ name, distance });
  }
  return near
    .sort((one, other) => one.distance - other.distance)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Text for pages that others read too (job pages, dashboards): nothing in it leads to a person. */

/** Untrusted text on one line, with everything masked that could be a phone number. */
export function publicText(text: string, most = 300): string {
  return plain(maskNumbers(text), most);
}

/** The name of a group in the same way: people write numbers into it, and fewer digits than a number has in a cohort. */
export function publicName(name: string, most = 300): string {
  return plain(maskNames(name), most);
}
