/**
 * Documented endings, for `--help`, the README and tests. Imports no express or other module that slows the start.
 */
import { FAULTS } from './faults.ts';
import { GROUP_KINDS } from './groups.ts';
import { OUTCOMES } from './outcomes.ts';

export interface Ending {
  /** Last four digits of a participant, or of a chat_id before `@g.us`. */
  readonly ending: string;
  /** Behaviour of the sandbox, in one line. */
  readonly does: string;
  /** True for a fault that occurs once per pair, and not at the next ask. */
  readonly once?: boolean;
}

const list = (rows: Readonly<Record<string, { readonly does: string; readonly once?: boolean }>>): Ending[] =>
  Object.entries(rows)
    .map(([ending, { does, once }]) => ({ ending, does, ...(once ? { once } : {}) }))
    .sort((a, b) => a.ending.localeCompare(b.ending));

/** Outcomes of a participant, by its last four digits. Any other number: about 60 % added, 40 % invited. */
export const OUTCOME_ENDINGS: readonly Ending[] = list(OUTCOMES);
/** Faults of an ask, by the last four digits of any of its participants. */
export const FAULT_ENDINGS: readonly Ending[] = list(FAULTS);
/** Kinds of group, by the last four digits of the id. Any other well-formed id: an ordinary group. */
export const GROUP_ENDINGS: readonly Ending[] = list(GROUP_KINDS);

function table(title: string, endings: readonly Ending[]): string[] {
  return [
    title,
    ...endings.map(({ ending, does, once }) => `  …${ending}  ${does}${once ? ' (once per pair)' : ''}`),
  ];
}

/** Text of the documented endings: behaviour of the sandbox by phone and group. */
export function endingsText(): string {
  return [
    ...table('A phone that ends in … is', OUTCOME_ENDINGS),
    ...table('An ask with a phone that ends in … meets', FAULT_ENDINGS),
    ...table('A group whose id ends in … is', GROUP_ENDINGS),
    'Any other phone is added (about 60 %) or invited.',
  ].join('\n');
}
