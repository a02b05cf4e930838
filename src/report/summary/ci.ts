/**
 * Output for CI servers: annotations, job page and log sections for GitHub and GitLab, and JUnit XML.
 *
 * GitHub's runner reads workflow commands from stdout and from stderr alike (both streams
 * use the same OutputManager: actions/runner, src/Runner.Worker/Handlers/ScriptHandler.cs), so stdout stays data.
 * It keeps 10 warnings and 10 errors of a step (`_maxCountPerIssueType` in ExecutionContext.cs).
 */

import { EXIT } from '../../domain/errors.ts';
import { maskChatId } from '../../domain/ids.ts';
import { type ChatId, STATUSES, type Status } from '../../domain/words.ts';
import { count, publicName, publicText } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';
import { type Counts, countsText, type Ending, type Tally, type Trouble, troublesOf } from './tally.ts';

const MOST_ANNOTATIONS = 10;
/** Most bytes of a step's summary: GitHub drops it above 1 MiB, and a note on omissions needs some room. */
export const MOST_BYTES = 1024 * 1024 - 1024;

/** Workflow command with its line break: `::warning title=…::…`. */
export function workflowCommand(
  name: string,
  properties: Readonly<Record<string, string>>,
  text = '',
): string {
  const given = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`);
  return `::${name}${given.length > 0 ? ` ${given.join(',')}` : ''}::${escapeData(text)}\n`;
}

/** Source of both: actions/runner, src/Runner.Common/ActionCommand.cs. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/**
 * Text in which the runner does not find a command: `::` at the start of a line, and `##[` anywhere (the older form,
 * still read), get a zero-width space in the middle. A group could be called `::add-mask::a`.
 */
export function harmless(text: string): string {
  return text.replace(/^([\s\u0085]*:)(?=:)/gm, '$1\u200b').replaceAll('##[', '##\u200b[');
}

export function folded(title: string, text: string): string {
  return `${workflowCommand('group', {}, title)}${harmless(text)}${workflowCommand('endgroup', {})}`;
}

/** Annotations of the problems, one per reason: at most 10, because GitHub keeps no more. */
export function annotations(ending: Ending): string {
  const troubles = troublesOf(ending.tally.reasons);
  const stopped = ending.stopped
    ? [workflowCommand('error', { title: 'group-onboard stopped' }, publicText(ending.stopped.message))]
    : [];
  const room = MOST_ANNOTATIONS - stopped.length;
  const shown = troubles.length > room ? troubles.slice(0, room - 1) : troubles;
  const rest = troubles.slice(shown.length);
  const others =
    rest.length > 0
      ? [
          workflowCommand(
            'warning',
            { title: `${count(rowsOf(rest), 'row')} for ${rest.length} other reasons` },
            rest.map(({ reasonCode, rows }) => `${reasonCode} (${rows})`).join(', '),
          ),
        ]
      : [];
  return [...stopped, ...shown.map(annotation), ...others].join('');
}

function annotation(trouble: Trouble): string {
  const { status, reasonCode, rows } = trouble;
  const title = `${count(rows, 'row')} ${status}: ${reasonCode}`;
  return workflowCommand('warning', { title }, remedyOf(trouble));
}

function remedyOf({ meaning, advice, which }: Trouble): string {
  return `${meaning}; ${advice}${which === '' ? '' : ` (${which})`}`;
}

function rowsOf(troubles: readonly Trouble[]): number {
  return troubles.reduce((sum, { rows }) => sum + rows, 0);
}

/**
 * Summary on the job page: a table of groups by status, and the remedies. No phone numbers.
 * @param room bytes left in the step's summary
 */
export function stepSummary(ending: Ending, room = MOST_BYTES): string {
  const { tally } = ending;
  const shown = STATUSES.filter((status) => tally.counts[status] > 0);
  const head = [
    `## group-onboard ${ending.command}: ${headline(ending)}`,
    '',
    ...(ending.stopped ? [`**Stopped:** ${markdown(publicText(ending.stopped.message))}`, ''] : []),
    ...(ending.sandbox ? ['_Sandbox: nobody was contacted._', ''] : []),
    ...whatToDo(tally),
    ...(ending.next ? [`**Next:** ${markdown(publicText(ending.next, 1_000))}`, ''] : []),
    `| group | ${shown.join(' | ')} | rows |`,
    `| :-- |${' --: |'.repeat(shown.length + 1)}`,
    row('**all**', tally.counts, shown),
  ].join('\n');
  const foot = `\n${factsLine(ending)}\n\n`;
  const cut = (left: number) => `\n_… and ${count(left, 'more group')}: the page has no room for them._\n`;

  const lines: string[] = [];
  let left = room - bytes(head) - bytes(foot) - bytes(cut(tally.groups.size));
  const groups = [...tally.groups];
  for (const [id, counts] of groups) {
    const line = `\n${row(id === '' ? '_no group_' : label(ending, id), counts, shown)}`;
    left -= bytes(line);
    if (left < 0) break;
    lines.push(line);
  }
  const missing = groups.length - lines.length;
  const all = `${head}${lines.join('')}\n${missing > 0 ? cut(missing) : ''}${foot}`;
  return bytes(all) <= room ? all : '';
}

function headline({ command, tally, exit, shard }: Ending): string {
  const open = tally.counts.failed + tally.counts.unknown + tally.counts.invalid;
  const left = tally.counts.not_attempted;
  const parts = [
    count(tally.rows, 'row') + (shard === undefined ? '' : ` of shard ${shard}`),
    ...(command === 'follow-up' ? [`${tally.counts.joined} joined, ${tally.counts.invited} still out`] : []),
    ...(open > 0 ? [`${open.toLocaleString('en-US')} to look at`] : []),
    ...(left > 0 ? [`${left.toLocaleString('en-US')} still to ask`] : []),
  ];
  return `${parts.join(', ')} (exit code ${exit})`;
}

function whatToDo(tally: Ending['tally']): string[] {
  const troubles = troublesOf(tally.reasons);
  if (troubles.length === 0) return [];
  return [
    '| rows | status | reason | what to do |',
    '| --: | :-- | :-- | :-- |',
    ...troubles.map(
      ({ rows, status, reasonCode, which, meaning, advice }) =>
        `| ${rows} | ${status} | \`${reasonCode}\`: ${markdown(meaning)} | ${markdown(advice)}${which === '' ? '' : ` (${which})`} |`,
    ),
    '',
  ];
}

function row(name: string, counts: Counts, shown: readonly Status[]): string {
  const total = STATUSES.reduce((sum, status) => sum + counts[status], 0);
  return `| ${name} | ${shown.map((status) => counts[status] || '').join(' | ')} | ${total} |`;
}

function label(ending: Ending, id: ChatId): string {
  return markdown(publicName(ending.groupName(id), 80) || maskChatId(id));
}

function factsLine(ending: Ending): string {
  const waited = [...ending.waitedMs.values()].reduce((sum, ms) => sum + ms, 0);
  return [
    count(ending.asks, 'ask'),
    `${ending.throttled} throttled`,
    `${formatDuration(ending.elapsedMs)}${waited >= 1_000 ? `, of which ${formatDuration(waited)} waiting` : ''}`,
  ].join(' · ');
}

/** Untrusted text as literal Markdown: every special character is written as a numeric entity. */
export function markdown(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Foldable section of a GitLab job log. https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
export function section(name: string, title: string, text: string, epochMs: number): string {
  const mark = (which: string) => `\u001b[0K${which}:${Math.floor(epochMs / 1_000)}:${name}\r\u001b[0K`;
  return `${mark('section_start')}${title}\n${text}${mark('section_end')}\n`;
}

export const JUNIT_BEGINS = '<?xml version="1.0" encoding="UTF-8"?>';

const SUITE = 'group-onboard';
const FAILED: readonly Status[] = ['failed', 'unknown', 'left', 'invalid'];
const SKIPPED: readonly Status[] = ['not_attempted', 'planned'];

interface Case {
  readonly name: string;
  /** Verdict of the case; '' if it passed. */
  readonly verdict: '' | 'failure' | 'skipped' | 'error';
  readonly message: string;
  readonly details: string;
}

/** JUnit XML: one test case per group. */
export function junitXml(ending: Ending): string {
  const cases = casesOf(ending);
  const many = (verdict: Case['verdict']) => cases.filter((one) => one.verdict === verdict).length;
  const seconds = (ending.elapsedMs / 1_000).toFixed(3);
  const totals = `tests="${cases.length}" failures="${many('failure')}" errors="${many('error')}" skipped="${many('skipped')}" time="${seconds}"`;
  const timestamp = new Date(ending.startedAt).toISOString().slice(0, 19);
  return [
    JUNIT_BEGINS,
    `<testsuites name="${SUITE}" ${totals}>`,
    `  <testsuite name="${SUITE} ${ending.command}" ${totals} timestamp="${timestamp}">`,
    ...cases.map(caseXml),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function casesOf(ending: Ending): Case[] {
  const { tally, stopped, exit } = ending;
  const cases: Case[] = [];
  // With skipped groups alone, a run with a rejected key would be green.
  if (stopped && exit === EXIT.safety) {
    const message = publicText(stopped.message);
    cases.push({ name: 'the run', verdict: 'error', message, details: stopped.code });
  }
  for (const [id, counts] of tally.groups) cases.push(groupCase(ending, id, counts));
  return cases;
}

function groupCase(ending: Ending, id: ChatId | '', counts: Counts): Case {
  const name = id === '' ? 'rows without a group' : caseName(ending, id);
  const verdict = FAILED.some((status) => counts[status] > 0)
    ? 'failure'
    : SKIPPED.some((status) => counts[status] > 0)
      ? 'skipped'
      : '';
  const shown = verdict === 'failure' ? [...FAILED, ...SKIPPED] : SKIPPED;
  const message = countsText(
    Object.fromEntries(
      STATUSES.map((status) => [status, shown.includes(status) ? counts[status] : 0]),
    ) as Counts,
  );
  return { name, verdict, message, details: detailsOf(ending.tally, id, counts) };
}

/** Name of a test case; it includes the id, because groups may share a name, and CI servers identify a test by it. */
function caseName(ending: Ending, id: ChatId): string {
  const name = publicName(ending.groupName(id), 100);
  return name === '' ? maskChatId(id) : `${name} (${maskChatId(id)})`;
}

function detailsOf(tally: Tally, id: ChatId | '', counts: Counts): string {
  const troubles = troublesOf(tally.groupReasons.get(id) ?? new Map());
  return [
    countsText(counts),
    ...troubles.map((one) => `${one.rows} ${one.status}, ${one.reasonCode}: ${remedyOf(one)}`),
  ].join('\n');
}

function caseXml({ name, verdict, message, details }: Case): string {
  const open = `    <testcase classname="${SUITE}" name="${escapeXml(name)}" time="0"`;
  if (verdict === '') return `${open}/>`;
  const type = verdict === 'skipped' ? '' : ` type="${verdict}"`;
  return `${open}>\n      <${verdict} message="${escapeXml(message)}"${type}>${escapeXml(details)}</${verdict}>\n    </testcase>`;
}

/** Characters that XML 1.0 forbids even when escaped: https://www.w3.org/TR/xml/#charsets */
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export function escapeXml(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}
