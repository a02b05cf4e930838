import { STATUSES, type Status } from '../../domain/words.ts';
import type { Counts } from '../summary/tally.ts';
import { statusWord, swatch } from './looks.ts';
import { type Html, html } from './markup.ts';

/** The thinnest slice of a bar, in percent: one person in ten thousand is still seen. */
const THINNEST = 0.6;
/** Good news first, then what is under way, then what needs somebody. */
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

/** `30 added, 22 invited`, in the order of the bar. */
export function inWords(counts: Counts): string {
  return present(counts)
    .map((status) => `${number(counts[status])} ${statusWord(status)}`)
    .join(', ');
}

/** Widths in percent that add up to 100, none of them too thin to be seen. */
export function widths(counts: readonly number[]): readonly number[] {
  const all = counts.reduce((sum, n) => sum + n, 0);
  const wide = counts.map((n) => Math.max((n / all) * 100, THINNEST));
  const sum = wide.reduce((total, one) => total + one, 0);
  return wide.map((one) => (one / sum) * 100);
}

/** One bar: how a set of rows ended. Its words are its label, for those who do not see it. */
export function bar(counts: Counts, height: number): Html {
  const statuses = present(counts);
  const wide = widths(statuses.map((status) => counts[status]));
  let at = 0;
  const slices = statuses.map((status, i) => {
    const x = at;
    at += wide[i] ?? 0;
    return html`<rect x="${x.toFixed(3)}%" width="${(wide[i] ?? 0).toFixed(3)}%" height="${height}" fill="url(#p-${status})"><title>${number(counts[status])} ${statusWord(status)}</title></rect>`;
  });
  const gaps = slices
    .slice(1)
    .map((_, i) => html`<rect class="gap" x="${sumTo(wide, i).toFixed(3)}%" width="2" height="${height}"/>`);
  return html`<svg class="bar" width="100%" height="${height}" role="img" aria-label="${inWords(counts) || 'nobody'}">${slices}${gaps}</svg>`;
}

function sumTo(all: readonly number[], last: number): number {
  return all.slice(0, last + 1).reduce((sum, one) => sum + one, 0);
}

/** What the colours and patterns of the bar stand for, with the numbers. */
export function legend(counts: Counts, meaning: Readonly<Record<Status, string>>): Html {
  const items = STATUSES.filter((status) => counts[status] > 0)
    .sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .map(
      (status) =>
        html`<li>${swatch(status)}<b>${number(counts[status])}</b> <span>${statusWord(status)} <span class="soft">${meaning[status]}</span></span></li>`,
    );
  return html`<ul class="legend">${items}</ul>`;
}

export function number(n: number): string {
  return n.toLocaleString('en-US');
}
