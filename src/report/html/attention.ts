import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import type { ChatId, Status } from '../../domain/words.ts';
import type { Reason, Tally } from '../summary/tally.ts';
import { Html, html, NOTHING, number, swatch } from './markup.ts';
import {
  type AboutGroup,
  groupName,
  numberCell,
  type OwnColumns,
  personCell,
  personHead,
  phoneCell,
  quoted,
  type ReportRow,
  safeInviteLink,
  shownColumns,
  statusCell,
} from './people.ts';

/** Most people under one reason; the full list, or the results CSV, has the others. */
const MOST_PER_REASON = 100;

/** Statuses that need action; `not_attempted` needs only the same command again. */
const PROBLEMS: readonly Status[] = ['failed', 'unknown', 'invalid', 'not_attempted'];
/** Reasons that need action although the ask was accepted. */
const ALSO: readonly ReasonCode[] = ['pending_approval'];
/** Reasons for which the group's invite link helps. */
const LINK_HELPS: readonly ReasonCode[] = [
  'privacy_blocked',
  'recently_left',
  'removed_by_admin',
  'refused_by_person',
  'not_acceptable',
  'community_blocked',
];

/** Number of the cohort's columns shown here, enough to identify a person. */
const OWN_COLUMNS = 2;
const NO_REASON = { meaning: 'no reason was given', advice: 'read the message in the results CSV' };
const THREE = html`<colgroup><col class="c-line"><col class="c-someone"><col></colgroup>`;
const FOUR = html`<colgroup><col class="c-line"><col class="c-someone"><col class="c-phone"><col></colgroup>`;
const WRONG = 'What is wrong';
/** Reasons that only the row's message explains. */
const TWO_READINGS: readonly ReasonCode[] = ['phone_ambiguous', 'phone_conflict'];
/** Longest list shown whole; of a longer one, `FIRST` people are shown, and the others are folded. */
const SHORT = 25;
const FIRST = 10;

interface Listed {
  readonly people: Html[];
  readonly groups: Set<string>;
}

function needsAction(status: Status, code: ReasonCode | ''): boolean {
  return PROBLEMS.includes(status) || (code !== '' && ALSO.includes(code));
}

/** Number of rows that need more than the same command again. */
export function attentionCount(tally: Tally): number {
  return [...tally.reasons.values()]
    .filter(({ status, reasonCode }) => status !== 'not_attempted' && needsAction(status, reasonCode))
    .reduce((sum, { rows }) => sum + rows, 0);
}

/** People who need action, by reason: a limited number of each, so that memory does not grow with the cohort. */
export function attentionList(columns: OwnColumns, about: AboutGroup) {
  const own = shownColumns(columns).slice(0, OWN_COLUMNS - Math.min(1, columns.nameAt.length));
  const allListed = new Map<string, Listed>();

  function add(row: ReportRow): void {
    if (!needsAction(row.status, row.reasonCode) || row.status === 'not_attempted') return;
    const key = `${row.status} ${row.reasonCode}`;
    let listed = allListed.get(key);
    if (!listed) {
      listed = { people: [], groups: new Set() };
      allListed.set(key, listed);
    }
    if (listed.people.length >= MOST_PER_REASON) return;
    // Copied through bytes, because a slice would keep the cohort's text in memory.
    listed.people.push(new Html(Buffer.from(person(row).markup).toString()));
    if (row.chatId !== '') listed.groups.add(row.chatId);
  }

  function person(row: ReportRow): Html {
    const last = lastColumn(row.status, row.reasonCode);
    const cell =
      last === undefined
        ? NOTHING
        : html`<td class="what" dir="auto">${last === WRONG ? row.message : groupName(row.chatId, about)}</td>`;
    return html`<tr>${numberCell(row)}${personCell(row, own)}<td class="phone">${cellAtFault(row, columns)}</td>${cell}</tr>`;
  }

  /** Section of all reasons: the most frequent first, those that the same command resolves last. */
  function section(tally: Tally): Html {
    const found = [...tally.reasons.values()]
      .filter(({ status, reasonCode }) => needsAction(status, reasonCode))
      .sort((a, b) => rank(a.status) - rank(b.status) || b.rows - a.rows);
    if (found.length === 0) return NOTHING;
    return html`<section id="attention" aria-labelledby="h-attention">
<h2 id="h-attention">Who needs you</h2>
${found.map((reason) => reasonArticle(reason))}
</section>
`;
  }

  function reasonArticle({ status, reasonCode: code, rows }: Reason): Html {
    const found = allListed.get(`${status} ${code}`);
    const { meaning, advice } = code === '' ? NO_REASON : REASONS[code];
    const people = found?.people ?? [];
    const more = rows - people.length;
    const note =
      more > 0 && people.length > 0
        ? html`<p class="note">${number(more)} more are not listed here: choose the status below, or filter the results CSV.</p>`
        : NOTHING;
    const last = lastColumn(status, code);
    const widths = last === undefined ? THREE : FOUR;
    const heads = html`<th scope="col" class="num">Row</th><th scope="col" dir="auto">${personHead(columns, own)}</th><th scope="col">${status === 'invalid' ? 'Cell' : 'Phone'}</th>${last === undefined ? NOTHING : html`<th scope="col">${last}</th>`}`;
    const table = (some: readonly Html[]) =>
      html`<table class="people">${widths}<thead><tr>${heads}</tr></thead><tbody>${some}</tbody></table>`;
    const at = people.length <= SHORT ? people.length : FIRST;
    const rest = people.slice(at);
    const list = html`${people.length === 0 ? NOTHING : table(people.slice(0, at))}${rest.length === 0 ? NOTHING : html`<details><summary>${number(rest.length)} more</summary>${table(rest)}</details>`}${note}`;
    return html`<article class="reason">
<div>
<h3>${swatch(status)}<span class="count">${number(rows)}</span> <span>${meaning}</span></h3>
<p class="do">${advice}</p>
${links(code, found)}
<p class="code">${statusCell(status)}${code === '' ? NOTHING : html` <code>${code}</code>`}</p>
</div>
<div>${list}</div>
</article>
`;
  }

  function links(code: ReasonCode | '', found: Listed | undefined): Html {
    if (code === '' || !LINK_HELPS.includes(code)) return NOTHING;
    const known = [...(found?.groups ?? [])].flatMap((id) => {
      const link = safeInviteLink(about(id as ChatId)?.inviteLink);
      return link
        ? html`<li><span dir="auto">${groupName(id, about)}</span> <a href="${link}" rel="noreferrer noopener">${link}</a></li>`
        : [];
    });
    return known.length === 0 ? NOTHING : html`<ul class="links">${known}</ul>`;
  }
  return { add, section };
}

/** Rank of a status in the section; one that the same command resolves comes last. */
function rank(status: Status): number {
  return status === 'not_attempted' ? 1 : 0;
}

/** Heading of the last column: the group, or the row's message if the reason is too general to act on. */
function lastColumn(status: Status, code: ReasonCode | ''): string | undefined {
  if (code === 'other' || code === '') return WRONG;
  if (status !== 'invalid') return 'Group';
  // A faulty cell explains itself; a faulty row needs its message.
  return /^(?:phone|chat_id)_/.test(code) && !TWO_READINGS.includes(code) ? undefined : WRONG;
}

/** Unreadable cell: the phone's, or the group's if that is at fault. */
function cellAtFault(row: ReportRow, columns: OwnColumns): Html {
  if (row.status !== 'invalid' || !row.reasonCode.startsWith('chat_id')) return phoneCell(row, columns);
  return quoted(row.own[columns.chatAt]);
}
