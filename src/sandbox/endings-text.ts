import { type Ending, FAULT_ENDINGS, GROUP_ENDINGS, OUTCOME_ENDINGS } from './endings.ts';

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
