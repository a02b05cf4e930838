import stringWidth from 'string-width';
import { visible } from '../domain/visible.ts';

/** Untrusted text made safe for a terminal or a log: control and format characters shown, length bounded. */
export function plain(text: string, most = 300): string {
  const safe = visible(text);
  // Half of a surrogate pair is no character.
  return safe.length > most ? `${safe.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : safe;
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

/** `1 person`, `2 people`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}
