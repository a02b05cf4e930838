import { plain } from '../../lib/text.ts';

/** Markup that is safe to put into a page. Only `html` and the literals of this folder make it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = string | number | undefined | Html | readonly Html[];

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Longest piece of somebody else's text that the page shows, UTF-16 code units. The results CSV has the whole of it. */
export const LONGEST_TEXT = 300;

/** Text for an element or a quoted attribute; control characters and overrides of the writing direction are shown. */
export function escaped(text: string): string {
  return plain(text, LONGEST_TEXT).replace(/[&<>"']/g, (char) => ENTITY[char] ?? '');
}

/** Every value is text, and is escaped, unless it is already `Html`: what is forgotten is safe. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = literals[0] ?? '';
  for (const [at, part] of parts.entries()) markup += rendered(part) + (literals[at + 1] ?? '');
  return new Html(markup);
}

function rendered(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.markup;
  if (typeof part === 'object') return part.map((one) => one.markup).join('');
  return typeof part === 'number' ? String(part) : escaped(part);
}

export const NOTHING = new Html('');
