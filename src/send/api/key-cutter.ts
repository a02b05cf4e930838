/** Takes the API key out of a text, however it is escaped there. */

/** Shortest key that is cut out of texts: a shorter one is not a key of the API, and cutting it out would tear answers apart. */
const SHORTEST_KEY = 8;

const NAMED: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" };

/** One character as JSON (`\/`, `\u002b`), an address (`%2B`) or a page (`&#43;`, `&#x2b;`, `&amp;`) has it. */
const ESCAPE =
  /\\+(?:u00([\da-f]{2}))?|%([\da-f]{2})|&#0{0,6}(\d{1,3});|&#x0{0,6}([\da-f]{1,2});|&(quot|amp|lt|gt|apos);/gi;

const SHOWN = '[key]';

/**
 * Cuts the key out of texts: a server that echoes it must not get it into a file. A plain search, in the text and in the
 * same text without its escapes, so that neither a long key nor a long text costs much. Backslashes count for nothing.
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
      // A backslash before it belongs to its first character.
      const start = backOver(text, sourceOf(at), from);
      cut += text.slice(from, start) + SHOWN;
      from = sourceOf(at + key.length - 1, true);
    }
    return from === 0 ? text : cut + text.slice(from);
  };
}

/** A text without its escapes, and where in it each character comes from: its begin, or its `end`. */
function unescaped(text: string): {
  readonly plain: string;
  readonly sourceOf: (at: number, end?: boolean) => number;
} {
  // Stretches of plain characters and single escapes, in order: where each begins in both texts.
  const starts: number[] = [];
  const sources: number[] = [];
  /** How long an escape is in the source; 0: a stretch of plain characters. */
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

/** The place of the last number that is not above `most`, in an ascending list. */
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
