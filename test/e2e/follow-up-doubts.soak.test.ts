import { readFile, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cli, type Trial, trial } from './follow-up-trial.ts';
import { GROUP, phone, results, SENDER } from './harness.ts';

const STALE = '120363371308380304@g.us';
const HIDDEN = '120363371308380500@g.us';
const OTHER_SENDER = '919811122233';

/** People by number: their group, and the ending of their phone. 55 is added, 70 invited; the answer is lost. */
const PEOPLE: readonly (readonly [chatId: string, ending: number])[] = [
  [GROUP, 55],
  [GROUP, 55],
  [GROUP, 70],
  [GROUP, 70],
  [STALE, 55],
  [STALE, 55],
  [HIDDEN, 55],
];
const who = (i: number) => phone(i, PEOPLE[i]?.[1]);
const COHORT = `name,chat_id,phone\n${PEOPLE.map(([chatId], i) => `n,${chatId},${who(i)}\n`).join('')}`;

/** No group can be read while people are asked: everybody is in doubt. */
const DARK = { reads: 'error' };
const FLAGS = ['--no-precheck', '--concurrency', '1', '--breaker', '1000'];

const found = async (out: string) =>
  (await results(out)).map((row) => `${row['status']}/${row['reason_code']}`);

async function received({ api }: Trial): Promise<(number | undefined)[]> {
  const { pairs } = await api.counts();
  return PEOPLE.map(([chatId], i) => pairs[`${chatId} ${who(i)}`]?.received);
}

describe('follow-up of those in doubt', () => {
  it('settles them by the notifications and the members; nobody who is confirmed is asked again', async () => {
    const on = await trial([], FLAGS, COHORT, DARK);
    const { api, cohort, out, followUp } = on;
    expect(await found(out)).toEqual(PEOPLE.map(() => 'unknown/no_answer'));
    const asked = (await api.counts()).asks;

    const before = await readFile(out, 'utf8');
    const unread = await followUp();
    expect([unread.code, unread.stdout]).toEqual([4, expect.stringMatching(/7 {2}in doubt still: /)]);
    expect(await readFile(out, 'utf8')).toBe(before);

    await api.control({
      reads: 'ok',
      leave: [
        [GROUP, who(1)],
        [STALE, who(5)],
      ],
      join: [[GROUP, who(2)]],
    });
    const ended = await followUp();
    expect(ended.code).toBe(4);
    expect(ended.stdout).toContain('1 person invited, 4 people in doubt\n');
    expect(ended.stdout).toMatch(/2 {2}added: /);
    expect(ended.stdout).toMatch(/1 joined, 1 added, 1 left, 1 in doubt\n/);
    expect(ended.stdout).not.toMatch(/\b9198\d{8}\b/);
    expect(await found(out)).toEqual([
      'added/confirmed_by_notification',
      'left/left_since',
      'joined/accepted_invite',
      'unknown/no_answer',
      'added/confirmed_by_notification',
      'left/left_since',
      'unknown/no_answer',
    ]);
    expect((await api.counts()).asks).toBe(asked);

    // The ledger knows it too: the next run writes the very same bytes.
    const followed = await readFile(out, 'utf8');
    await cli(['run', cohort, ...api.args, ...FLAGS], api.env);
    expect(await readFile(out, 'utf8')).toBe(followed);
    await cli(['run', cohort, ...api.args, ...FLAGS, '--retry', 'unknown'], api.env);
    expect(await received(on)).toEqual([1, 1, 1, 2, 1, 1, 2]);
  });

  it('by the members alone, where the API has no notifications', async () => {
    const on = await trial([], FLAGS, COHORT, DARK);
    const { api, out, followUp } = on;
    await api.control({ reads: 'ok', notifications: false, leave: [[GROUP, who(1)]] });
    expect((await followUp()).code).toBe(4);
    expect(await found(out)).toEqual([
      'added/confirmed_by_membership',
      ...PEOPLE.slice(1).map(() => 'unknown/no_answer'),
    ]);
    expect(await received(on)).toEqual(PEOPLE.map(() => 1));
  });

  it('without a ledger the results tell a later run', async () => {
    const on = await trial([], FLAGS, COHORT, DARK);
    const { api, out, followUp } = on;
    await api.control({ reads: 'ok' });
    await rm(`${out}.ledger.jsonl`);
    expect((await followUp()).code).toBe(4);
    const again = ['--only-status', 'unknown', '--retry', 'unknown', '-o', `${out}.2.csv`];
    expect((await cli(['run', out, ...api.args, ...FLAGS, ...again], api.env)).code).toBe(2);
    expect(await received(on)).toEqual(PEOPLE.map(() => 1));
    const origin = new URL(api.args[1] ?? '').origin;
    expect((await cli(['rebuild-ledger', out, '--base-url', origin])).code).toBe(0);
    await cli(['run', out, ...api.args, ...FLAGS, ...again], api.env);
    expect(await received(on)).toEqual([1, 1, 2, 2, 1, 1, 2]);
  });

  it('each phone knows its own adds, whoever reads the group', async () => {
    const rows = [SENDER, OTHER_SENDER].map((sender, i) => `n,${STALE},${phone(i, 55)},${sender}\n`);
    const text = `name,chat_id,phone,sender\n${rows.join('')}`;
    const { api, out, followUp } = await trial([], FLAGS, text, DARK);
    await api.control({ reads: 'ok' });
    expect((await followUp()).code).toBe(0);
    expect(await found(out)).toEqual(['added/confirmed_by_notification', 'added/confirmed_by_notification']);
    expect((await api.counts()).asks).toBe(2);
  });
});
