import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REASON_CODES, type ReasonCode } from '../../src/domain/reasons.ts';
import { STATUSES } from '../../src/domain/words.ts';
import { OUTCOME_ENDINGS } from '../../src/sandbox/endings.ts';
import { defaultMembers } from '../../src/sandbox/groups.ts';
import { SOAK, scratch, soakTest } from '../helpers.ts';
import { job, onceEach } from './faults/support.ts';
import { cli, FIXTURES, GROUP, phone, results, sandbox } from './harness.ts';

/** Every status and reason code that the README lists, and where it can be seen: the demo, the sandbox, or a test. */
const shown = new Set<string>();
const show = (rows: readonly Readonly<Record<string, string>>[]) => {
  for (const row of rows) for (const column of ['status', 'reason_code']) shown.add(row[column] ?? '');
};

/** By ending of a phone. */
const ENDINGS: Readonly<Record<string, string>> = {
  '0001': 'added',
  '0002': 'added',
  '0003': 'invited',
  '0004': 'already_member',
  '0005': 'failed/not_on_whatsapp',
  '0006': 'failed/privacy_blocked',
  '0007': 'invited',
  '0008': 'failed/recently_left',
  '0009': 'failed/community_blocked',
  '0010': 'failed/group_full',
  '0011': 'invited/pending_approval',
  '0012': 'failed/not_admin',
  '0015': 'failed/other',
  '0020': 'added',
  '0021': 'added',
  '0022': 'added',
  '0023': 'added',
  '0024': 'added',
  '0025': 'failed/refused_by_person',
  '0026': 'failed/removed_by_admin',
  '0027': 'failed/not_acceptable',
  '0028': 'failed/community_blocked',
  '0029': 'failed/group_full',
  '0030': 'unknown/no_answer',
  '0031': 'invited/pending_approval',
  '0032': 'failed/sender_not_in_group',
  '0033': 'failed/chat_not_found',
  '0035': 'invited',
  '0036': 'added/confirmed_by_membership',
  '0037': 'added/confirmed_by_membership',
  '0038': 'unknown/no_answer',
  '0039': 'unknown/no_answer',
  '0040': 'unknown/no_answer',
  '0041': 'unknown/no_answer',
  '0042': 'unknown/no_answer',
  '0044': 'added',
  '0045': 'unknown/no_answer',
  // Faults.
  '0063': 'failed/bad_request',
  '0070': 'unknown/no_answer',
};
/** Endings with another end: WhatsApp's throttling, and a success that says no more, which the end of the run settles. */
const OTHER_ENDINGS = ['0013', '0014', '0034', '0043'];

/** By the group's id and the number of people asked for: what becomes of the last of them. */
const GROUPS: readonly [string, number, string][] = [
  ['120363371308380401@g.us', 2, 'failed/not_admin'],
  ['120363371308380402@g.us', 4, 'failed/not_admin'],
  ['120363371308380403@g.us', 2, 'failed/not_admin'],
  ['120363371308380404@g.us', 2, 'failed/chat_not_found'],
  ['120363371308380405@g.us', 2, 'failed/not_admin'],
  ['120363371308380406@g.us', 2, 'failed/chat_not_found'],
  ['120363371308380419@g.us', 2, 'failed/group_full'],
  ['120363371308380450@g.us', 2, 'failed/group_full'],
  // Nobody can tell whether those were added or invited.
  ['120363371308380500@g.us', 1, 'added/unconfirmed'],
];

/** Cells of a cohort, and what they are. */
const CELLS: readonly [chatId: string, phone: string, code: ReasonCode][] = [
  ['', phone(900), 'chat_id_missing'],
  ['919537851844@c.us', phone(901), 'chat_id_not_a_group'],
  ['Data Science', phone(902), 'group_name_unknown'],
  ['12036337130838968', phone(903), 'chat_id_invalid'],
  [GROUP, '919877000000', 'phone_rounded'],
  [GROUP, '-9876543119', 'phone_calculated'],
  [GROUP, '+91 98xxx xx119', 'phone_masked'],
  [GROUP, '+91 98745 32456 ext. 12', 'phone_extension'],
  [GROUP, '+91 98745', 'phone_too_short'],
  [GROUP, '+91 98745 32456 9999', 'phone_too_long'],
  [GROUP, '+999 98745 32456', 'phone_unknown_country'],
  [GROUP, 'ask her', 'phone_not_a_number'],
  [GROUP, '7. 8123456789', 'phone_ambiguous'],
];

/** Codes that need a stopped run, a changed file or a second program: the test that brings each about. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  joined: 'e2e/follow-up.soak.test.ts',
  accepted_invite: 'e2e/follow-up.soak.test.ts',
  planned: 'app/run.test.ts',
  not_attempted: 'e2e/faults/breakers.soak.test.ts',
  whatsapp_throttled: 'e2e/faults/account.soak.test.ts',
  throttled: 'e2e/faults/network.soak.test.ts',
  redirected: 'send/dispatcher.test.ts',
  interrupted: 'app/run.test.ts',
  row_corrected: 'e2e/results-go-on.test.ts',
  cohort_changed: 'app/outputs/project.test.ts',
  confirmed_by_notification: 'send/groups/reconciler.test.ts',
  left: 'e2e/follow-up.soak.test.ts',
  left_since: 'e2e/follow-up.soak.test.ts',
  breaker: 'e2e/faults/breakers.soak.test.ts',
  max_errors: 'e2e/faults/breakers.soak.test.ts',
  deadline: 'app/run.test.ts',
  daily_cap: 'e2e/senders.soak.test.ts',
  api_unreachable: 'send/dispatcher.test.ts',
  redis_unreachable: 'e2e/redis/trouble.soak.test.ts',
  ledger_failed: 'e2e/disk.soak.test.ts',
  no_result: 'app/merge/merge.test.ts',
  limit: 'app/outputs/project.test.ts',
  phone_conflict: 'e2e/columns.test.ts',
  phone_invalid: 'cohort/phone/phone-cell.test.ts',
  group_name_ambiguous: 'app/inputs/group-names.test.ts',
  sender_missing: 'e2e/senders.soak.test.ts',
  sender_unreadable: 'e2e/senders.soak.test.ts',
  too_many_fields: 'cohort/cohort.test.ts',
  status_edited: 'e2e/changed-results.soak.test.ts',
  unreadable_row: 'cohort/cohort.test.ts',
};

soakTest('the demo', async () => {
  // A copy: beside the fixture lies the ledger of a demo that somebody ran.
  const dir = await scratch();
  await copyFile(join(FIXTURES, 'cohort.csv'), join(dir, 'cohort.csv'));
  await cli(['run', join(dir, 'cohort.csv'), '--sandbox', '-q']);
  const rows = await results(join(dir, 'cohort.sandbox.results.csv'));
  expect(rows).toHaveLength(65);
  show(rows);
});

test('the sandbox gives each answer, and it is told as what it is', async () => {
  const api = await sandbox('--limit', '1000');
  const expected: string[] = [];
  const lines: string[] = [];
  const add = (chatId: string, digits: string, found: string) => {
    lines.push(`n,${chatId},"${digits}"`);
    expected.push(found);
  };
  // Each in a group of its own: some close theirs.
  Object.entries(ENDINGS).forEach(([ending, found], i) => {
    const who = ending === '0024' ? '5215512340024' : phone(i, Number(ending));
    add(`1203633713083${10_001 + i}@g.us`, who, found);
  });
  const [member = ''] = defaultMembers(GROUP);
  add(GROUP, member, 'already_member/listed_as_member');
  for (const [chatId, people, found] of GROUPS) {
    for (let i = 1; i <= people; i++) {
      const ending = found.endsWith('unconfirmed') ? 14 : 1;
      add(chatId, phone(100 + i, ending), i === people ? found : '');
    }
  }
  for (const [chatId, cell, code] of CELLS) add(chatId, cell, `invalid/${code}`);
  const on = await job(api, `name,chat_id,phone\n${lines.join('\n')}\n`);
  const ended = await on.run('--concurrency', '1', '--breaker', '1000');
  expect(ended.code, ended.stderr).toBe(4);
  const rows = await on.rows();
  expect(rows.map((row, i) => (expected[i] === '' ? '' : row))).toEqual(expected);
  show(await on.records());
  onceEach(await api.counts());
});

/** Faults that are about the account, the sending phone or the way to the API: the run stops, and nobody is failed. */
const stops: readonly [ending: string, code: string][] = [
  ['0067', 'key_rejected'],
  ['0068', 'phone_not_connected'],
  ['0073', 'not_the_api'],
  ['0074', 'not_the_api'],
  ['0075', 'payment_required'],
  ['0076', 'account_refused'],
  ['0077', 'sender_refused'],
  ['0079', 'phone_blocked'],
];
/** Those whose ask may have been done: the answer is an HTTP 500. */
const PERHAPS_DONE = ['0068', '0079'];
test.each(SOAK ? stops : stops.slice(2, 3))(
  'an ask that meets …%s stops the run: %s',
  async (ending, code) => {
    const api = await sandbox('--limit', '1000');
    const people = [phone(1, Number(ending)), phone(2, 1), phone(3, 1)];
    const on = await job(api, `name,chat_id,phone\n${people.map((who) => `n,${GROUP},${who}\n`).join('')}`);
    const ended = await on.run('--concurrency', '1');
    expect(ended.code, ended.stderr).toBe(5);
    const rows = await on.rows();
    expect(rows.slice(1)).toEqual([`not_attempted/${code}`, `not_attempted/${code}`]);
    expect(rows[0]).toBe(PERHAPS_DONE.includes(ending) ? 'unknown/no_answer' : `not_attempted/${code}`);
    show(await on.records());
    onceEach(await api.counts());
    expect((await api.counts()).asks).toBe(PERHAPS_DONE.includes(ending) ? 1 : 0);
  },
);

test('a blocked number is told before anybody is asked', async () => {
  const api = await sandbox();
  await api.control({ phoneBlocked: true });
  const on = await job(api, `name,chat_id,phone\nn,${GROUP},${phone(1, 1)}\n`);
  const ended = await on.run();
  expect([ended.code, ended.stderr]).toEqual([5, expect.stringContaining('WhatsApp has blocked')]);
  expect(await on.rows()).toEqual(['not_attempted/phone_blocked']);
  show(await on.records());
  expect((await api.counts()).asks).toBe(0);
});

test('every ending of a phone has its status in the table above', () => {
  const known = [...Object.keys(ENDINGS), ...OTHER_ENDINGS];
  expect(OUTCOME_ENDINGS.map(({ ending }) => ending).filter((ending) => !known.includes(ending))).toEqual([]);
});

soakTest('every status and reason code of the README can be seen', async () => {
  const unseen: string[] = [];
  for (const code of [...STATUSES, ...REASON_CODES]) {
    if (shown.has(code)) continue;
    const file = ELSEWHERE[code];
    const text =
      file === undefined ? '' : await readFile(join(FIXTURES, '..', 'test', file), 'utf8').catch(() => '');
    if (!new RegExp(`\\b${code}\\b`).test(text)) unseen.push(code);
  }
  expect(unseen).toEqual([]);
});
