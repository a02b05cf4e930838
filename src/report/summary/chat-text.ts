/** The summary as a chat tool shows it. Anybody in the room reads it: no phone number is in it, and no name of a person or a group. */
import { basename } from 'node:path';
import { count } from '../../lib/text.ts';
import type { Ending } from './ending.ts';
import { publicText } from './public-text.ts';
import { inWords, troublesOf } from './tally.ts';

const MOST_REASONS = 5;

/** A body with `text` alone: Google Chat refuses members that it does not know. */
export function chatBody(ending: Ending): string {
  return JSON.stringify({ text: chatText(ending) });
}

export function chatText(ending: Ending): string {
  const { command, cohort, tally, exit, shard } = ending;
  const of = shard === undefined ? '' : ` of shard ${shard}`;
  const file = cohort === '-' ? 'standard input' : basename(cohort);
  const lines = [
    `group-onboard ${command} ${file}: ${count(tally.rows, 'row')}${of} (exit code ${exit})`,
    ...(ending.sandbox ? ['sandbox: nobody was contacted'] : []),
    ...(ending.dryRun ? ['dry run: nobody was asked'] : []),
    inWords(tally.counts),
    ...troublesOf(tally)
      .slice(0, MOST_REASONS)
      .map(({ rows, status, reasonCode, advice }) => `${rows} ${status}, ${reasonCode}: ${advice}`),
    ...(ending.stopped ? [`stopped: ${ending.stopped.message}`] : []),
    ...(ending.next ? [`next: ${ending.next}`] : []),
  ];
  return lines.map((line) => quiet(publicText(line, 1_000))).join('\n');
}

/** Text that calls nobody: `<!channel>` in Slack, `<users/all>` in Google Chat, `@all` in Mattermost. */
function quiet(text: string): string {
  return text
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replace(/@(?=all|channel|here|everyone)/gi, '@\u200b');
}
