import type { Status } from '../../domain/words.ts';
import { Html } from './markup.ts';

/**
 * How a status looks: a colour (two tokens of the style sheet: light and dark), a sign and a pattern, so that no
 * difference is in the colour alone; the word itself always stands beside them.
 */
interface Look {
  /** Lines drawn over the colour, in a tile of 8 × 8. */
  readonly pattern: string;
}

const LOOKS: Readonly<Record<Status, Look>> = {
  added: { pattern: '' },
  joined: { pattern: '<circle cx="4" cy="4" r="1.6"/>' },
  left: { pattern: '<path d="M6 0V8M0 2H8" stroke-width="1.2"/>' },
  already_member: { pattern: '<path d="M0 4H8" stroke-width="1.6"/>' },
  invited: { pattern: '<path d="M-2 2L2-2M0 8L8 0M6 10L10 6" stroke-width="1.6"/>' },
  duplicate: { pattern: '<path d="M4 0V8" stroke-width="1.2"/>' },
  invalid: { pattern: '<path d="M4 0V8M0 4H8" stroke-width="1.2"/>' },
  failed: { pattern: '<path d="M0 0L8 8M8 0L0 8" stroke-width="1.4"/>' },
  unknown: { pattern: '<circle cx="2" cy="2" r="1"/><circle cx="6" cy="6" r="1"/>' },
  not_attempted: { pattern: '<path d="M-2 6L2 10M0 0L8 8M6-2L10 2" stroke-width="1"/>' },
  planned: { pattern: '<path d="M0 2H8M0 6H8" stroke-width="1"/>' },
};

/** The patterns, once for the page: everything else refers to them. */
export const PATTERNS = new Html(
  `<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false"><defs>${Object.entries(LOOKS)
    .map(
      ([status, { pattern }]) =>
        `<pattern id="p-${status}" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="f-${status}" width="8" height="8"/><g class="over">${pattern}</g></pattern>`,
    )
    .join(
      '',
    )}<pattern id="p-wait" width="6" height="6" patternUnits="userSpaceOnUse"><path class="wait" d="M-1 1L1-1M0 6L6 0M5 7L7 5"/></pattern></defs></svg>`,
);

/** A small square in the colour and the pattern of a status. */
export function swatch(status: Status): Html {
  return new Html(
    `<svg class="swatch" width="14" height="14" aria-hidden="true" focusable="false"><rect width="14" height="14" rx="3" fill="url(#p-${status})"/></svg>`,
  );
}

/** The status as people read it. The words are those of the results CSV. */
export function statusWord(status: Status): string {
  return status.replaceAll('_', ' ');
}
