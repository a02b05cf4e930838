import { createHash } from 'node:crypto';
import type { Status } from '../../domain/words.ts';
import { count } from '../../lib/text.ts';
import type { Tally } from '../summary/tally.ts';
import type { AskTimes } from './asks.ts';
import type { Attention } from './attention.ts';
import { bar, legend } from './bar.ts';
import type { AboutGroup, ReportFacts } from './facts.ts';
import { groupsSection } from './groups.ts';
import { headline } from './headline.ts';
import { PATTERNS } from './looks.ts';
import { Html, html, NOTHING } from './markup.ts';
import type { PeopleList } from './people.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { clock, timelineSection } from './timeline.ts';

/** How a report begins, so that one is known when it is to be replaced. */
export const REPORT_MARK = '<!doctype html>\n<!-- group-onboard report -->\n';

export interface PageParts {
  readonly facts: ReportFacts;
  readonly tally: Tally;
  readonly about: AboutGroup;
  readonly meaning: Readonly<Record<Status, string>>;
  readonly people: PeopleList;
  readonly attention: Attention;
  readonly asks: AskTimes;
}

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded, nothing is sent, and no script or style runs but the two that are here, whatever a cell holds. */
const POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`;

/** The whole page, piece by piece. */
export function* page(parts: PageParts): Generator<string> {
  const { facts, tally, about } = parts;
  yield REPORT_MARK;
  yield head(headline(tally)).markup;
  yield top(parts).markup;
  yield '<main>\n';
  yield groupsSection(tally, about).markup;
  yield parts.attention.section(tally).markup;
  const timeline = parts.asks.timeline();
  if (timeline) {
    yield html`<section id="pace" aria-labelledby="h-pace">
<h2 id="h-pace">Pace</h2>
${timelineSection(timeline, facts.pace)}
</section>
`.markup;
  }
  yield* parts.people.section(tally);
  yield html`</main>
<footer><p>Made by group-onboard, ${moment(facts.writtenAt)}. This page holds whole phone numbers: pass it on only to people who may see them.</p></footer>
</body>
</html>
`.markup;
}

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

function top({ facts, tally, meaning }: PageParts): Html {
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
${legend(tally.counts, meaning)}
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
  const iso = new Date(epochMs).toISOString();
  return html`<time datetime="${iso}">${clock(epochMs, 60_000)} UTC</time>`;
}
