/**
 * Parser of a header as a list of items with parameters, close to RFC 9651 and lenient: `"default";r=5;t=1,
 * "day";r=90`, `10, 100;w=60`. Node joins two headers of one name with a comma, so they read as one list. An HTTP date,
 * which contains a comma, stays whole.
 */

export interface Item {
  /** Without the quotes. */
  readonly value: string;
  /** By lower-case name, without quotes. */
  readonly params: ReadonlyMap<string, string>;
}

/** Longest value read, characters; no real rate limit takes more. */
const LONGEST_VALUE = 2000;

const NONE: ReadonlyMap<string, string> = new Map();

const WEEKDAY = /^\s*(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*$/i;

/** Items of a list. Empty places count, because headers are matched by position. */
export function listOf(text: string | undefined): Item[] {
  if (text === undefined || text.trim() === '' || text.length > LONGEST_VALUE) return [];
  // Fast path: most are a plain number, and each answer has one.
  if (!/[,;"]/.test(text)) return [{ value: text.trim(), params: NONE }];
  return split(text, ',').map((piece) => {
    const [value = '', ...params] = split(piece, ';');
    return { value: unquoted(value), params: new Map(params.map(pairOf)) };
  });
}

/** Splits `name=value`, the name in lower case; the value is empty without a `=`. */
export function pairOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 0) return [text.trim().toLowerCase(), ''];
  return [text.slice(0, at).trim().toLowerCase(), unquoted(text.slice(at + 1))];
}

/** Splits outside of quotes, and not after the weekday of a date. */
function split(text: string, separator: ',' | ';'): string[] {
  const pieces: string[] = [];
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted && !WEEKDAY.test(text.slice(from, at))) {
      pieces.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...pieces, text.slice(from)];
}

function unquoted(text: string): string {
  const inner = /^"(.*)"$/s.exec(text.trim())?.[1];
  return inner === undefined ? text.trim() : inner.replace(/\\(.)/gs, '$1');
}
