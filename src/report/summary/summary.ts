import { basename } from 'node:path';
import { maskChatId } from '../../domain/ids.ts';
import { visible } from '../../domain/safe-text.ts';
import { type ChatId, STATUSES, type Status } from '../../domain/words.ts';
import { columns, count, cutMiddle, fitted, paint, plain, publicText } from '../../lib/text.ts';
import { countLine, countsText, type Ending, firstLines, type Tally, troublesOf } from './tally.ts';

interface SummaryFacts
  extends Pick<
    Ending,
    'tally' | 'groupName' | 'results' | 'ledger' | 'sandbox' | 'dryRun' | 'shard' | 'next'
  > {
  /** Whether one person sees it, who may read names. */
  readonly names?: boolean;
  readonly report?: string | undefined;
  readonly toDo?: string | undefined;
  readonly stopped: string | undefined;
}

export const MEANING: Readonly<Record<Status, string>> = {
  added: 'in the group now',
  invited: 'have an invite to accept',
  joined: 'accepted their invite',
  left: 'were in the group, and have left it since',
  already_member: 'were in the group before',
  duplicate: 'the same person and group as another row',
  invalid: 'could not be read; nobody was asked',
  failed: 'the API or WhatsApp refused',
  unknown: 'asked, but nobody knows what came of it',
  not_attempted: 'not asked yet',
  planned: 'would be asked',
};

const MOST_GROUPS = 12;
const MOST_REASONS_SHOWN = 10;

const COLOUR: Readonly<Record<Status, number>> = {
  added: 32,
  invited: 32,
  joined: 32,
  left: 33,
  already_member: 32,
  duplicate: 2,
  invalid: 31,
  failed: 31,
  unknown: 33,
  not_attempted: 33,
  planned: 36,
};

/** Summary of a run for people, on stderr: counts, groups, remedies, and the reason of an early end last. */
export function summaryText(facts: SummaryFacts, colour: boolean, width: number): string {
  const { tally } = facts;
  const lines: string[] = [''];
  const of = facts.shard === undefined ? '' : ` of shard ${facts.shard}`;
  lines.push(`${count(tally.rows, 'row')}${of}${facts.sandbox ? ' (sandbox: nobody was contacted)' : ''}`);
  for (const status of STATUSES) {
    const n = tally.counts[status];
    if (n === 0) continue;
    const name = paint(colour, COLOUR[status], status.padEnd(14));
    lines.push(countLine(n, `${name} ${MEANING[status]}`));
  }
  lines.push('', ...groupLines(facts, width));
  lines.push(...adviceLines(tally, width, facts.names === true));
  if (facts.results) lines.push(`results  ${visible(facts.results)}`);
  if (!facts.dryRun && facts.ledger) lines.push(`ledger   ${visible(facts.ledger)}`);
  if (facts.report) lines.push(`report   ${visible(facts.report)}`);
  if (facts.toDo) lines.push(`to do    ${visible(facts.toDo)}`);
  if (facts.next) lines.push(`next     ${visible(facts.next)}`);
  if (facts.stopped) lines.push(paint(colour, 33, `stopped  ${plain(facts.stopped)}`));
  return `${lines.join('\n')}\n`;
}

/** Summary of existing results, on standard output; no ask was made for them. */
export function summaryOfResults(
  tally: Tally,
  results: string | undefined,
  { report, toDo, names = false }: Pick<SummaryFacts, 'report' | 'toDo' | 'names'> = {},
): string {
  const facts: SummaryFacts = {
    tally,
    groupName: () => '',
    results,
    ledger: undefined,
    report,
    toDo,
    names,
    sandbox: false,
    dryRun: false,
    stopped: undefined,
    next: undefined,
  };
  return summaryText(facts, false, Number.POSITIVE_INFINITY).trimStart();
}

/** Width of the names of groups, in columns, limited by the terminal. */
const GROUP_COLUMNS = { fewest: 12, usual: 34, most: 60 };

function groupLines(facts: SummaryFacts, width: number): string[] {
  const groups = [...facts.tally.groups].filter(([id]) => id !== '');
  if (groups.length === 0) return [];
  const lines = ['groups'];
  const shown = groups.slice(0, MOST_GROUPS).map(([id, counts]) => ({
    name: plain(facts.groupName(id as ChatId) || maskChatId(id)),
    said: countsText(counts),
  }));
  const { fewest, usual, most } = GROUP_COLUMNS;
  const widest = Math.max(...shown.map(({ name }) => columns(name)));
  const left = width - 3 - Math.max(...shown.map(({ said }) => columns(said)));
  const room = Math.max(fewest, Math.min(left, Math.max(usual, Math.min(most, widest))));
  for (const { name, said } of shown) lines.push(`  ${fitted(cutMiddle(name, room), room)} ${said}`);
  if (groups.length > MOST_GROUPS) lines.push(`  … and ${count(groups.length - MOST_GROUPS, 'more group')}`);
  lines.push('');
  return lines;
}

/** Lines of remedies, one for each kind of failure, with its rows; the most frequent first. */
function adviceLines(tally: Tally, width: number, names: boolean): string[] {
  const found = troublesOf(tally.reasons, names);
  if (found.length === 0) return [];
  const lines = firstLines(found, MOST_REASONS_SHOWN, 'reason', ({ reasonCode, rows, which, advice }) => {
    const line = countLine(rows, `${reasonCode.padEnd(26)} ${advice}`);
    // On a narrow terminal the advice is on the next lines, because it must not be cut.
    const said = columns(line) <= width ? line : `${countLine(rows, reasonCode)}\n           ${advice}`;
    return which === '' ? said : `${said}\n           ${which}`;
  });
  return ['what to do', ...lines, ''];
}

/**
 * Summary for a chat tool: without phone numbers and names of people or groups, because everyone in the room reads it.
 */

const MOST_REASONS_IN_CHAT = 5;

/** Body with `text` alone, because Google Chat refuses unknown members. */
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
    countsText(tally.counts),
    ...troublesOf(tally.reasons)
      .slice(0, MOST_REASONS_IN_CHAT)
      .map(({ rows, status, reasonCode, advice }) => `${rows} ${status}, ${reasonCode}: ${advice}`),
    ...(ending.stopped ? [`stopped: ${ending.stopped.message}`] : []),
    ...(ending.next ? [`next: ${ending.next}`] : []),
  ];
  return lines.map((line) => quiet(publicText(line, 1_000))).join('\n');
}

/** Text without mentions: `<!channel>` in Slack, `<users/all>` in Google Chat, `@all` in Mattermost. */
function quiet(text: string): string {
  return text
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replace(/@(?=all|channel|here|everyone)/gi, '@\u200b');
}
