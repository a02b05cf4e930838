/** JUnit XML for CI servers: one test case per group. */

import { EXIT } from '../../domain/errors.ts';
import { maskChatId } from '../../domain/ids.ts';
import { type ChatId, STATUSES, type Status } from '../../domain/words.ts';
import { publicName, publicText } from '../../lib/text.ts';
import { type Counts, countsText, type Ending, type Tally, troublesOf } from './tally.ts';

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
    ...troubles.map(
      ({ status, reasonCode, rows, which, meaning, advice }) =>
        `${rows} ${status}, ${reasonCode}: ${meaning}; ${advice}${which === '' ? '' : ` (${which})`}`,
    ),
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

/** Text escaped for elements and attributes. */
export function escapeXml(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}
