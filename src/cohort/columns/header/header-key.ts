/** The kinds of names by which a column is known. */
export interface Names {
  /** The API's own word: it wins over every other name. */
  readonly exact: readonly string[];
  /** Names that say it. Two of them are two candidates. */
  readonly strong: readonly string[];
  /** Names that also mean other things: taken only when nothing better is there. */
  readonly weak: readonly string[];
  /** Words that say it inside a longer header, such as a form's question: the last resort. */
  readonly inside: RegExp;
  /** Words in a longer header that say that it is not this column. */
  readonly never: RegExp;
}

/** What of a header decides: case, spaces, punctuation, accents and the two ways to type some Arabic letters do not. */
export function headerKey(header: string): string {
  return header
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/[يى]/g, 'ی')
    .replace(/ك/g, 'ک')
    .replace(/ة/g, 'ه');
}

/** The names of a list that is written with commas and line ends. */
export function listed(text: string): readonly string[] {
  return text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Whether a key holds one of the listed words. */
export function anyOf(text: string): RegExp {
  return new RegExp(listed(text).map(headerKey).join('|'));
}
