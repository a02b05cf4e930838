import type { ReasonCode } from '../domain/reasons.ts';

/** Reason why a cell cannot be used, without its column. `message` is one sentence. */
export interface Trouble {
  readonly code: ReasonCode;
  readonly message: string;
}

export function trouble(code: ReasonCode, message: string): Trouble {
  return { code, message };
}

const LONGEST = 40;

/**
 * Cell quoted for a one-line message: “…” around it, white space and control characters collapsed, invisible format
 * characters (which could reorder a terminal's line) dropped, at most 40 characters.
 */
export function quote(cell: string): string {
  const head = cell.length > 4 * LONGEST ? cell.slice(0, 4 * LONGEST) : cell;
  const flat = head
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}]/gu, '')
    .trim();
  const letters = [...flat];
  const cut = letters.length > LONGEST || head.length < cell.length;
  return `“${cut ? `${letters.slice(0, LONGEST - 1).join('')}…` : flat}”`;
}

/** `“a”, “b” and “c”`; after `most` names, the number of the others. */
export function quoteAll(names: readonly string[], most = 20): string {
  const shown = names.slice(0, most).map(quote);
  if (names.length > most) return `${shown.join(', ')} and ${names.length - most} more`;
  const last = shown.pop();
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`;
}
