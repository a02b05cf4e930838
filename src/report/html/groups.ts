import type { ChatId } from '../../domain/words.ts';
import type { Tally } from '../summary/tally.ts';
import { bar, inWords, number } from './bar.ts';
import { type AboutGroup, groupName } from './facts.ts';
import { type Html, html, NOTHING } from './markup.ts';

/** Groups that the page shows; the results CSV has all. */
const MOST_GROUPS = 200;
/** Shown from the start; the others when they are asked for. */
const FIRST = 12;

/** Per group: its name if it is known, a bar, the numbers. */
export function groupsSection(tally: Tally, about: AboutGroup): Html {
  const groups = [...tally.groups].filter(([id]) => id !== '');
  if (groups.length === 0) return NOTHING;
  const items = groups.slice(0, MOST_GROUPS).map(([id, counts]) => {
    const known = about(id as ChatId);
    const rows = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const members =
      known?.members === undefined ? NOTHING : html` · ${number(known.members)} members when last read`;
    return html`<li class="groupcard">
<h3 dir="auto">${groupName(id, about)}</h3>
<p class="soft">${known?.name ? html`<code>${id}</code> · ` : NOTHING}${number(rows)} ${rows === 1 ? 'row' : 'rows'}${members}</p>
${bar(counts, 12)}
<p class="counts">${inWords(counts)}</p>
</li>`;
  });
  const at = items.length <= FIRST + 2 ? items.length : FIRST;
  const folded =
    items.length > at
      ? html`<details><summary>${number(items.length - at)} more groups</summary><ul class="groups">${items.slice(at)}</ul></details>\n`
      : NOTHING;
  const note =
    groups.length > MOST_GROUPS
      ? html`<p class="note">The first ${number(MOST_GROUPS)} of ${number(groups.length)} groups are shown. The results CSV has all of them.</p>`
      : NOTHING;
  return html`<section id="groups" aria-labelledby="h-groups">
<h2 id="h-groups">Groups</h2>
<ul class="groups">${items.slice(0, at)}</ul>
${folded}${note}
</section>
`;
}
