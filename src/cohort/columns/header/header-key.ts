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
