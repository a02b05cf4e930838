import type { Status } from '../../domain/words.ts';
import { plain } from '../../lib/text.ts';
import type { Counts } from '../summary/tally.ts';

/** Markup that is safe in a page. Only `html` and the literals of this folder create it. */
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

/** Longest untrusted text on the page, in UTF-16 code units. The results CSV has the whole text. */
const LONGEST_TEXT = 300;

/** Text escaped for an element or a quoted attribute; control characters and direction overrides become visible. */
export function escaped(text: string): string {
  return plain(text, LONGEST_TEXT).replace(/[&<>"']/g, (char) => ENTITY[char] ?? '');
}

/** Template tag: escapes every value that is not `Html`, so that an omission is safe. */
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

/**
 * Pattern of a status: lines over its colour (two tokens of the style sheet: light and dark), in a tile of 8 × 8. With
 * the sign and the word next to them, colour is never the only difference.
 */
const PATTERN: Readonly<Record<Status, string>> = {
  added: '',
  joined: '<circle cx="4" cy="4" r="1.6"/>',
  left: '<path d="M6 0V8M0 2H8" stroke-width="1.2"/>',
  already_member: '<path d="M0 4H8" stroke-width="1.6"/>',
  invited: '<path d="M-2 2L2-2M0 8L8 0M6 10L10 6" stroke-width="1.6"/>',
  duplicate: '<path d="M4 0V8" stroke-width="1.2"/>',
  invalid: '<path d="M4 0V8M0 4H8" stroke-width="1.2"/>',
  failed: '<path d="M0 0L8 8M8 0L0 8" stroke-width="1.4"/>',
  unknown: '<circle cx="2" cy="2" r="1"/><circle cx="6" cy="6" r="1"/>',
  not_attempted: '<path d="M-2 6L2 10M0 0L8 8M6-2L10 2" stroke-width="1"/>',
  planned: '<path d="M0 2H8M0 6H8" stroke-width="1"/>',
};

/** Definitions of the patterns, once per page; other elements refer to them. */
export const PATTERNS = new Html(
  `<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false"><defs>${Object.entries(PATTERN)
    .map(
      ([status, pattern]) =>
        `<pattern id="p-${status}" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="f-${status}" width="8" height="8"/><g class="over">${pattern}</g></pattern>`,
    )
    .join(
      '',
    )}<pattern id="p-wait" width="6" height="6" patternUnits="userSpaceOnUse"><path class="wait" d="M-1 1L1-1M0 6L6 0M5 7L7 5"/></pattern></defs></svg>`,
);

/** Small square in the colour and pattern of a status. */
export function swatch(status: Status): Html {
  return new Html(
    `<svg class="swatch" width="14" height="14" aria-hidden="true" focusable="false"><rect width="14" height="14" rx="3" fill="url(#p-${status})"/></svg>`,
  );
}

/** Status as a word, the same as in the results CSV. */
export function statusWord(status: Status): string {
  return status.replaceAll('_', ' ');
}

/** Thinnest slice of a bar, in percent, so that one person in ten thousand is still visible. */
const THINNEST = 0.6;
/** Order of the bar: successes, then pending, then statuses that need action. */
const ORDER: readonly Status[] = [
  'added',
  'joined',
  'already_member',
  'invited',
  'planned',
  'duplicate',
  'not_attempted',
  'left',
  'unknown',
  'invalid',
  'failed',
];

export function present(counts: Counts): readonly Status[] {
  return ORDER.filter((status) => counts[status] > 0);
}

/** Counts as text in the order of the bar: `30 added, 22 invited`. */
export function inWords(counts: Counts): string {
  return present(counts)
    .map((status) => `${number(counts[status])} ${statusWord(status)}`)
    .join(', ');
}

/** Widths in percent that add up to 100, each of them visible. */
export function widths(counts: readonly number[]): readonly number[] {
  const all = counts.reduce((sum, n) => sum + n, 0);
  const wide = counts.map((n) => Math.max((n / all) * 100, THINNEST));
  const sum = wide.reduce((total, one) => total + one, 0);
  return wide.map((one) => (one / sum) * 100);
}

/** Bar of the statuses of a set of rows, with a text label for screen readers. */
export function bar(counts: Counts, height: number): Html {
  const statuses = present(counts);
  const wide = widths(statuses.map((status) => counts[status]));
  const left = wide.map((_, i) =>
    wide
      .slice(0, i)
      .reduce((sum, one) => sum + one, 0)
      .toFixed(3),
  );
  const slices = statuses.map(
    (status, i) =>
      html`<rect x="${left[i]}%" width="${(wide[i] ?? 0).toFixed(3)}%" height="${height}" fill="url(#p-${status})"><title>${number(counts[status])} ${statusWord(status)}</title></rect>`,
  );
  const gaps = left.slice(1).map((x) => html`<rect class="gap" x="${x}%" width="2" height="${height}"/>`);
  return html`<svg class="bar" width="100%" height="${height}" role="img" aria-label="${inWords(counts) || 'nobody'}">${slices}${gaps}</svg>`;
}

export function legend(counts: Counts, meaning: Readonly<Record<Status, string>>): Html {
  const items = present(counts).map(
    (status) =>
      html`<li>${swatch(status)}<b>${number(counts[status])}</b> <span>${statusWord(status)} <span class="soft">${meaning[status]}</span></span></li>`,
  );
  return html`<ul class="legend">${items}</ul>`;
}

export function number(n: number): string {
  return n.toLocaleString('en-US');
}
