/**
 * The documented endings, for `--help`, the README and tests. Loads neither express nor anything else that costs
 * start-up time.
 */
import { FAULTS } from './faults.ts';
import { GROUP_KINDS } from './groups.ts';
import { OUTCOMES } from './outcomes.ts';

export interface Ending {
  /** Last four digits of a participant, or of a chat_id before `@g.us`. */
  readonly ending: string;
  /** What the sandbox then does, in one line. */
  readonly does: string;
  /** A fault that comes once per pair, and is gone at the next ask. */
  readonly once?: boolean;
}

const list = (rows: Readonly<Record<string, { readonly does: string; readonly once?: boolean }>>): Ending[] =>
  Object.entries(rows)
    .map(([ending, { does, once }]) => ({ ending, does, ...(once ? { once } : {}) }))
    .sort((a, b) => a.ending.localeCompare(b.ending));

/** What happens to a participant, by its last four digits. Any other number: about 60 % added, 40 % invited. */
export const OUTCOME_ENDINGS: readonly Ending[] = list(OUTCOMES);
/** What goes wrong with the ask, by the last four digits of any of its participants. */
export const FAULT_ENDINGS: readonly Ending[] = list(FAULTS);
/** What a group is like, by the last four digits of its id. Any other well-formed id: an ordinary group. */
export const GROUP_ENDINGS: readonly Ending[] = list(GROUP_KINDS);

export { defaultMembers, groupName } from './groups.ts';

function table(title: string, endings: readonly Ending[]): string[] {
  return [
    title,
    ...endings.map(({ ending, does, once }) => `  …${ending}  ${does}${once ? ' (once per pair)' : ''}`),
  ];
}

/** The documented endings, for people: what the sandbox does with which phone and which group. */
export function endingsText(): string {
  return [
    ...table('A phone that ends in … is', OUTCOME_ENDINGS),
    ...table('An ask with a phone that ends in … meets', FAULT_ENDINGS),
    ...table('A group whose id ends in … is', GROUP_ENDINGS),
    'Any other phone is added (about 60 %) or invited.',
  ].join('\n');
}
