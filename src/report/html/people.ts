import { REASONS } from '../../domain/reasons.ts';
import type { ChatId, Status } from '../../domain/words.ts';
import type { ResultRow } from '../results/results.ts';
import type { Tally } from '../summary/tally.ts';
import { type Html, html, NOTHING, number, present, statusWord } from './markup.ts';
import type { Pace } from './timeline.ts';

/** One row of the results for the report. Every text is untrusted and raw. */
export interface ReportRow
  extends Pick<
    ResultRow,
    'chatId' | 'participant' | 'status' | 'reasonCode' | 'message' | 'traceId' | 'askedAt'
  > {
  /** Row number of the cohort in a spreadsheet. */
  readonly number: number;
  /** Line in the cohort's file, if it is known and differs. */
  readonly line?: number;
  /** Name of the person; '' if unknown. */
  readonly name: string;
  /** Cells of the cohort, in the order of its header. */
  readonly own: readonly string[];
}

/** Known facts of a group besides its id. Raw. */
export interface GroupAbout {
  readonly name: string;
  readonly inviteLink: string;
  readonly members: number | undefined;
}

/** Header of the cohort, and the indices of the columns for group, phone (-1: none) and name. */
export interface OwnColumns {
  readonly names: readonly string[];
  readonly chatAt: number;
  readonly phoneAt: number;
  readonly nameAt: readonly number[];
}

/** Content of a report besides the rows. */
export interface ReportFacts {
  readonly source: string;
  /** Epoch ms. */
  readonly writtenAt: number;
  readonly sandbox: boolean;
  readonly dryRun: boolean;
  readonly stopped: string | undefined;
  readonly next: string | undefined;
  /** Number of rows that are not shown because they have no status. */
  readonly unreadable: number;
  /** Pace of the run; undefined in a report made from results, which do not contain it. */
  readonly pace: Pace | undefined;
}

export type AboutGroup = (chatId: ChatId) => GroupAbout | undefined;

/** Name of a group, else its id; an invalid row has neither. */
export function groupName(chatId: string, about: AboutGroup): string {
  return about(chatId as ChatId)?.name || chatId;
}

/** Invite link, if it has WhatsApp's form: nothing else becomes a link in the page. */
export function safeInviteLink(link: string | undefined): string | undefined {
  return link !== undefined && /^https:\/\/chat\.whatsapp\.com\/[\w-]{4,64}$/.test(link) ? link : undefined;
}

/** Most people on one page: phones cannot open a larger one. The results CSV lists everyone. */
const MOST_PEOPLE = 10_000;
/** Number of the cohort's columns shown with a person. */
const OWN_COLUMNS = 3;
const PER_CHUNK = 200;
/** Most groups in the filter. */
const MOST_CHOICES = 300;

/** Statuses whose message has no information. */
const QUIET: readonly Status[] = ['added', 'invited', 'joined', 'already_member'];

/** Column names for the time of a form's entry (Google Forms and others), which does not identify a person. */
const TIMESTAMP =
  /^(?:time ?stamp|start time|completion time|submitted(?: at| on)?|submission date|date(?: submitted)?|created(?: at)?|zeitstempel|datum|marca temporal|carimbo de data(?:\/hora)?|horodateur|cap waktu|tijdstempel|informazioni cronologiche|отметка времени|zaman damgası|طابع زمني|टाइमस्टैम्प|时间戳记?|タイムスタンプ)$/i;

/** Indices of the cohort's columns shown with the name: the first few except group and phone, with times last. */
export function shownColumns({ names, chatAt, phoneAt, nameAt }: OwnColumns): readonly number[] {
  const isTime = (at: number) => TIMESTAMP.test(names[at]?.trim() ?? '');
  return names
    .map((_, at) => at)
    .filter((at) => at !== chatAt && at !== phoneAt && !nameAt.includes(at) && names[at]?.trim() !== '')
    .sort((a, b) => Number(isTime(a)) - Number(isTime(b)))
    .slice(0, OWN_COLUMNS - Math.min(1, nameAt.length));
}

export function statusCell(status: Status): Html {
  return html`<span class="st st-${status}">${statusWord(status)}</span>`;
}

/** Cell with the spreadsheet's row number, and the line of the file. */
export function numberCell({ number, line }: ReportRow): Html {
  const title = line === undefined ? NOTHING : html` title="line ${line} of the file"`;
  return html`<td class="num line"${title}>${number}</td>`;
}

/** Cell with the name, else the first of the cohort's columns, and the other columns below it. */
export function personCell(row: ReportRow, own: readonly number[]): Html {
  const cells = [row.name, ...own.map((at) => row.own[at] ?? '')]
    .filter((text) => text.trim() !== '')
    .map((text, i) => html`<span class="${i === 0 ? 'lead' : 'own'}" dir="auto">${text}</span>`);
  return html`<th scope="row" class="person">${cells}</th>`;
}

export function personHead({ names, nameAt }: OwnColumns, own: readonly number[]): string {
  const name = nameAt.length === 0 ? [] : [nameAt.map((at) => names[at]).join(' ')];
  return [...name, ...own.map((at) => names[at])].join(' · ') || 'Person';
}

/** Cell with the number that was asked, or the unreadable input. */
export function phoneCell(row: ReportRow, { phoneAt }: OwnColumns): Html {
  if (row.participant !== '') return html`<span class="tel">+${row.participant}</span>`;
  return quoted(row.own[phoneAt]);
}

export function quoted(cell = ''): Html {
  return cell.trim() === '' ? html`<span class="soft">empty</span>` : html`<q>${cell}</q>`;
}

/** Text of the result: the reason's meaning, or the server's message. */
function happened(row: ReportRow): string {
  const meaning = row.reasonCode === '' ? '' : REASONS[row.reasonCode].meaning;
  if (QUIET.includes(row.status)) return meaning;
  return row.status === 'invalid' || meaning === '' || row.reasonCode === 'other'
    ? row.message || meaning
    : meaning;
}

/**
 * List of all people, in input order. Rows are kept as bytes of the page, because slices of a cohort's text would keep
 * the whole text in memory.
 */
export function peopleList(columns: OwnColumns, about: AboutGroup) {
  const own = shownColumns(columns);
  const chunks: Buffer[] = [];
  let pending: string[] = [];
  let listed = 0;

  function add(row: ReportRow): void {
    if (listed === MOST_PEOPLE) return;
    listed++;
    pending.push(rowOf(row).markup);
    if (pending.length >= PER_CHUNK) pack();
  }

  function rowOf(row: ReportRow): Html {
    const group = row.chatId === '' ? (row.own[columns.chatAt] ?? '') : groupName(row.chatId, about);
    const what = happened(row);
    const why = what === '' ? NOTHING : html`<span class="why" dir="auto">${what}</span>`;
    return html`<tr data-s="${row.status}" data-g="${row.chatId}">${numberCell(row)}${personCell(row, own)}<td class="phone">${phoneCell(row, columns)}</td><td class="group" dir="auto">${group}</td><td class="what">${statusCell(row.status)}${why}</td></tr>\n`;
  }

  function pack(): void {
    chunks.push(Buffer.from(pending.join('')));
    pending = [];
  }

  function* section(tally: Tally): Generator<string> {
    pack();
    const all = tally.rows;
    const note =
      all > listed
        ? html`<p class="note">The first ${number(listed)} of ${number(all)} rows are listed here. The results CSV has all of them.</p>`
        : NOTHING;
    yield html`<section id="everyone" aria-labelledby="h-everyone">
<h2 id="h-everyone">Everyone</h2>
${note}
${controls(tally, about)}
<p class="note" id="shown" role="status">${number(listed)} rows</p>
<table class="people" id="people">${WIDTHS}<thead><tr><th scope="col" class="num">Row</th><th scope="col" dir="auto">${personHead(columns, own)}</th><th scope="col">Phone</th><th scope="col">Group</th><th scope="col">What happened</th></tr></thead>
<tbody>
`.markup;
    for (const chunk of chunks) yield chunk.toString();
    yield `</tbody></table>
<p class="more"><button type="button" id="more" hidden>Show more</button></p>
</section>
`;
  }
  return { add, section };
}

/** Fixed column widths, so that long text does not displace other cells, and many rows are laid out fast. */
const WIDTHS = html`<colgroup><col class="c-line"><col class="c-person"><col class="c-phone"><col class="c-group"><col></colgroup>`;

/** Search and filters, shown only if the page's script runs, because they need it. */
function controls(tally: Tally, about: AboutGroup): Html {
  const statuses = present(tally.counts).map(
    (status) =>
      html`<label class="chip"><input type="checkbox" name="status" value="${status}"> <span class="st st-${status}">${statusWord(status)}</span> <span class="soft">${number(tally.counts[status])}</span></label>`,
  );
  const groups = [...tally.groups.keys()].filter((id) => id !== '');
  const choices = groups
    .slice(0, MOST_CHOICES)
    .map((id) => html`<option value="${id}">${groupName(id, about)}</option>`);
  const choose =
    groups.length > 1
      ? html`<p><label for="group">Group</label><select id="group"><option value="">all ${number(groups.length)} groups</option>${choices}</select></p>`
      : NOTHING;
  return html`<form class="controls" id="controls" role="search" aria-label="People">
<p class="grow"><label for="search">Search</label><input type="search" id="search" autocomplete="off" spellcheck="false" placeholder="name, number, group, reason"></p>
${choose}
<fieldset><legend>Status</legend>${statuses}</fieldset>
</form>`;
}
