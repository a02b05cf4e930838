import type { Tally } from '../summary/tally.ts';
import { attentionCount } from './attention.ts';
import { number } from './bar.ts';

/** What happened, in one sentence. */
export function headline(tally: Tally): string {
  const { counts } = tally;
  const inGroup = counts.added + counts.joined + counts.already_member;
  const need = attentionCount(tally);
  const clauses: [number, string, string][] = [
    [inGroup, 'person is in their group', 'people are in their group'],
    [counts.invited, 'has an invite to accept', 'have an invite to accept'],
    [counts.planned, 'would be asked', 'would be asked'],
    [counts.not_attempted, 'was not asked yet', 'were not asked yet'],
    [need, 'needs you', 'need you'],
  ];
  const said = clauses.filter(([n]) => n > 0).map(([n, one, many]) => `${number(n)} ${n === 1 ? one : many}`);
  const last = said.pop();
  if (last === undefined) return 'Nobody had to be asked.';
  return `${said.length > 0 ? `${said.join(', ')} and ${last}` : last}.`;
}
