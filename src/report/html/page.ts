/** HTML report: one self-contained file. Takes rows one by one, and yields the page in pieces. */

import { createHash } from 'node:crypto';
import { OnboardError } from '../../domain/errors.ts';
import type { ChatId } from '../../domain/words.ts';
import { openAtomicFile } from '../../lib/atomic-file.ts';
import { describeFailure } from '../../lib/files.ts';
import { count } from '../../lib/text.ts';
import { MEANING } from '../summary/summary.ts';
import { type Tally, TallyMaker } from '../summary/tally.ts';
import { SCRIPT, STYLE } from './assets.ts';
import { attentionCount, attentionList } from './attention.ts';
import { bar, Html, html, inWords, legend, NOTHING, number, PATTERNS } from './markup.ts';
import {
  type AboutGroup,
  groupName,
  type OwnColumns,
  peopleList,
  type ReportFacts,
  type ReportRow,
} from './people.ts';
import { AskTimes, timeAt, timelineSection, zoneAt } from './timeline.ts';

/** Collects the rows of a report, in bounded memory: the page shows limited numbers of people, groups and asks. */
export function htmlReport(columns: OwnColumns, about: AboutGroup) {
  const tally = new TallyMaker();
  const people = peopleList(columns, about);
  const attention = attentionList(columns, about);
  const asks = new AskTimes();

  /** Adds a row, in input order. */
  function add(row: ReportRow): void {
    tally.add(row.chatId, row.status, row.reasonCode, () => row);
    people.add(row);
    attention.add(row);
    if (row.askedAt !== undefined && row.status !== 'duplicate') {
      asks.add(row.chatId, row.askedAt, row.traceId);
    }
  }

  function* page(facts: ReportFacts): Generator<string> {
    yield REPORT_MARK;
    yield head(headline(tally)).markup;
    yield top(facts, tally).markup;
    yield '<main>\n';
    yield groupsSection(tally, about).markup;
    yield attention.section(tally).markup;
    const timeline = asks.timeline();
    if (timeline) {
      yield html`<section id="pace" aria-labelledby="h-pace">
<h2 id="h-pace">Pace</h2>
${timelineSection(timeline, facts.pace)}
</section>
`.markup;
    }
    yield* people.section(tally);
    yield html`</main>
<footer><p>Made by group-onboard, ${moment(facts.writtenAt)}. This page holds whole phone numbers: pass it on only to people who may see them.</p></footer>
</body>
</html>
`.markup;
  }
  return { tally: tally as Tally, add, page };
}

export type HtmlReport = ReturnType<typeof htmlReport>;

/** First bytes of a report, by which a replaceable file is recognized. */
export const REPORT_MARK = '<!doctype html>\n<!-- group-onboard report -->\n';

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Content security policy: no network, and no script or style except these two, for any content of cells. */
const POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`;

function head(title: string): Html {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="format-detection" content="telephone=no">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
<script>${new Html(SCRIPT)}</script>
</head>
<body>
${PATTERNS}
`;
}

function top(facts: ReportFacts, tally: Tally): Html {
  const groups = [...tally.groups.keys()].filter((id) => id !== '').length;
  const kind = facts.sandbox
    ? ' · sandbox: nobody was contacted'
    : facts.dryRun
      ? ' · dry run: nobody was asked'
      : '';
  return html`<header>
<p class="brand"><b>group-onboard</b> report${kind}</p>
<h1>${headline(tally)}</h1>
<p class="sub"><span dir="auto">${facts.source}</span> · ${count(tally.rows, 'row')} · ${count(groups, 'group')} · ${moment(facts.writtenAt)}</p>
${banner(facts)}
${bar(tally.counts, 30)}
${legend(tally.counts, MEANING)}
</header>
`;
}

function banner({ stopped, next, unreadable }: ReportFacts): Html {
  const lines: Html[] = [];
  if (stopped)
    lines.push(
      html`<p class="banner">The run ended early: ${stopped}.${next ? html` To go on: ${next}.` : NOTHING}</p>`,
    );
  if (unreadable > 0) {
    lines.push(
      html`<p class="banner">${count(unreadable, 'row')} of the file ${unreadable === 1 ? 'holds' : 'hold'} no status, and ${unreadable === 1 ? 'is' : 'are'} not in this report: somebody has edited the file.</p>`,
    );
  }
  return html`${lines}`;
}

function moment(epochMs: number): Html {
  return html`${timeAt(epochMs, 60_000)} ${zoneAt(epochMs)}`;
}

/** Result in one sentence. */
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

/** Most groups on the page; the results CSV has all. */
const MOST_GROUPS = 200;
/** Number of groups shown at first; the others are folded. */
const FIRST = 12;

function groupsSection(tally: Tally, about: AboutGroup): Html {
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

/**
 * Writes the page as a whole, readable by its owner only.
 * @throws OnboardError RESULTS_FAILED; the results CSV is in place by then, and the report can be made from it.
 */
export async function writePage(path: string, page: Iterable<string>): Promise<void> {
  try {
    const file = await openAtomicFile(path);
    try {
      for (const piece of page) await file.write(piece);
      await file.commit();
    } finally {
      await file.abort();
    }
  } catch (error) {
    throw new OnboardError(
      'RESULTS_FAILED',
      `${path}: the report could not be written: ${describeFailure(error)}; nothing is lost: put that right and make it with group-onboard report`,
      { cause: error },
    );
  }
}
