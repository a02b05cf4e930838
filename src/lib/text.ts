import leven from 'leven';
import stringWidth from 'string-width';
import { maskNames, maskNumbers, visible } from '../domain/safe-text.ts';

/** Untrusted text made safe for a terminal or a log: control and format characters shown, length bounded. */
export function plain(text: string, most = 300): string {
  return shorten(visible(text), most);
}

/** Cuts a text to `longest` UTF-16 units, an ellipsis included; never half a surrogate pair. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Copy of the text in its own memory. A substring keeps the whole original alive. */
export function detached(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/**
 * The function with its results kept by their text, because cohorts repeat few texts. Forgets all of them beyond `most`,
 * so that memory stays bounded.
 */
export function remembering<Text extends string, T>(
  most: number,
  read: (text: Text) => T,
): (text: Text) => T {
  const known = new Map<Text, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return found as T;
    const own = detached(text) as Text;
    const made = read(own);
    if (known.size >= most) known.clear();
    known.set(own, made);
    return made;
  };
}

/** Width of a text on a terminal, in columns: East Asian wide characters and emoji take two, marks none. */
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

/** The text cut in the middle to at most `size` columns: beginning and end tell names of groups apart. */
export function cutMiddle(text: string, size: number): string {
  if (columns(text) <= size) return text;
  const letters = [...graphemes.segment(text)].map(({ segment }) => segment);
  const room = size - 1;
  const head = within(letters, Math.ceil(room / 2));
  const tail = within(letters.reverse(), room - columns(head.join('')));
  return `${head.join('')}…${tail.reverse().join('')}`;
}

/** The leading letters that fit in `size` columns. */
function within(letters: readonly string[], size: number): string[] {
  let used = 0;
  const past = letters.findIndex((letter) => {
    used += columns(letter);
    return used > size;
  });
  return letters.slice(0, past === -1 ? letters.length : past);
}

/** The text in a terminal's colour (or dim: 2), where colours are wanted. */
export function paint(colour: boolean, code: number, text: string): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** `1 person`, `2 people`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** Minimum length of a contained word: shorter ones occur in too many others. */
const SHORTEST_PART = 3;

/**
 * The name probably meant by a mistyped word: one that contains it or is contained in it, else the one with the fewest
 * wrong letters, up to a third of the word. undefined: none is close.
 * @param wordOf the part of a name to compare, written as `word` is
 */
export function nearest(
  word: string,
  names: readonly string[],
  wordOf: (name: string) => string,
): string | undefined {
  return nearestOnes(word, names, wordOf, 1)[0];
}

/** All close names, nearest first. */
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
    // Otherwise the two have nothing in common.
    if (distance < shorter.length && distance <= furthest) near.push({ name, distance });
  }
  return near
    .sort((one, other) => one.distance - other.distance)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Text for pages open to others (job pages, dashboards): nothing in it leads to a person. */

/** Untrusted text on one line, with possible phone numbers masked. */
export function publicText(text: string, most = 300): string {
  return plain(maskNumbers(text), most);
}

/** Name of a group, masked in the same way but from fewer digits, because people write national numbers into names. */
export function publicName(name: string, most = 300): string {
  return plain(maskNames(name), most);
}
