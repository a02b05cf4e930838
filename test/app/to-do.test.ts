import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { reportConfig } from '../../src/config/other-commands.ts';
import { filePaths, reportFiles } from '../../src/config/outputs.ts';
import { REASON_CODES } from '../../src/domain/reasons.ts';
import { STATUSES } from '../../src/domain/words.ts';
import { whatToDo } from '../../src/report/results/to-do.ts';
import { phone } from '../e2e/harness.ts';
import { scratch } from '../helpers.ts';
import { api, desk } from './in-process.ts';

const GROUP = '120363371308389685@g.us';
const rowsOf = async (path: string) =>
  parse(await readFile(path), { columns: true, bom: true }) as Record<string, string>[];

async function trial() {
  const dir = await scratch();
  const at = (name: string) => join(dir, name);
  const people = [
    `Added,+${phone(1, 1)}`,
    `Invited,+${phone(2, 3)}`,
    `"=cmd|' /C calc'!A0",+${phone(3, 5)}`,
    `Pending,+${phone(4, 11)}`,
    `"Two\nlines",12 nonsense`,
    `Again,${phone(2, 3)}`,
    `Member,+${phone(5, 4)}`,
  ];
  await writeFile(at('c.csv'), `name,phone,chat_id\n${people.map((one) => `${one},${GROUP}`).join('\n')}\n`);
  const { sandbox, args, env } = await api();
  const run = (...flags: string[]) =>
    desk(env).run(...['run', at('c.csv'), '-o', at('r.csv'), '--to-do', at('t.csv')], ...args, ...flags);
  return { at, args, env, sandbox, run };
}

describe('the to-do list', () => {
  it('of a run has who needs something, with the link of the group and of the person', async () => {
    const on = await trial();
    const told = await on.run('--progress', 'off');
    expect(told.code).toBe(4);
    expect(told.stderr).toContain(`to do    ${on.at('t.csv')}\n`);
    const rows = await rowsOf(on.at('t.csv'));
    expect(rows.map(({ row, name, status, reason_code }) => [row, name, status, reason_code])).toEqual([
      ['3', 'Invited', 'invited', ''],
      ['4', "'=cmd|' /C calc'!A0", 'failed', 'not_on_whatsapp'],
      ['5', 'Pending', 'invited', 'pending_approval'],
      ['6', 'Two lines', 'invalid', 'phone_not_a_number'],
    ]);
    for (const { group, chat_id, what_to_do, invite_link } of rows) {
      expect(what_to_do).not.toBe('');
      const isKnown = chat_id !== '';
      expect(group !== '').toBe(isKnown);
      expect(invite_link).toMatch(isKnown ? /^https:\/\/chat\.whatsapp\.com\/\S+$/ : /^$/);
    }
    expect(rows[0]).toMatchObject({
      phone: phone(2, 3),
      chat_id: GROUP,
      whatsapp_link: `https://wa.me/${phone(2, 3)}`,
    });
    expect(rows[3]).toMatchObject({ phone: '12 nonsense', whatsapp_link: '' });
    expect((await stat(on.at('t.csv'))).mode & 0o777).toBe(0o600);
    // Again: the list of the last time is replaced, and nobody is asked.
    const asks = on.sandbox.counts().asks;
    expect((await on.run('-q', '--excel')).code).toBe(4);
    expect((await on.run('-q', '--excel')).code).toBe(4);
    expect(await rowsOf(on.at('t.csv'))).toHaveLength(4);
    expect(on.sandbox.counts().asks).toBe(asks);
  });

  it('of report and of follow-up', async () => {
    const on = await trial();
    await on.run('-q');
    const asks = on.sandbox.counts().asks;
    await desk().run('report', on.at('r.csv'), '--to-do', on.at('a.csv'));
    const follow = ['follow-up', on.at('r.csv'), '--to-do', on.at('b.csv')];
    const told = await desk(on.env).run(...follow, ...on.args);
    expect(told.stdout).toContain(`to do    ${on.at('b.csv')}\n`);
    const said = ({ invite_link: _, group: __, ...row }: Record<string, string>) => row;
    const first = (await rowsOf(on.at('t.csv'))).map(said);
    expect((await rowsOf(on.at('a.csv'))).map(said)).toEqual(first);
    const rows = await rowsOf(on.at('b.csv'));
    expect(rows.map(said)).toEqual(first);
    expect(rows[0]).toMatchObject({ invite_link: expect.stringMatching(/^https:\/\/chat\.whatsapp/) });
    expect(on.sandbox.counts().asks).toBe(asks);
  });

  it('takes the place of nothing else, and is no other output', async () => {
    const on = await trial();
    await writeFile(on.at('t.csv'), 'precious,list\n');
    await expect(on.run()).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/--to-do/) });
    expect(await readFile(on.at('t.csv'), 'utf8')).toBe('precious,list\n');
    const paths = filePaths('c.csv', {});
    for (const toDo of ['c.csv', './c.results.csv', 'c.results.csv.ledger.jsonl', 'p.html', '-'])
      expect(() => reportFiles('c.csv', { toDo, report: 'p.html' }, paths)).toThrow(/--to-do/);
    for (const toDo of ['r.csv', 'r.html', '-'])
      expect(() => reportConfig('r.csv', { toDo })).toThrow(/--to-do/);
    expect(on.sandbox.counts().asks).toBe(0);
  });

  it('says something to do exactly where somebody has to do it', () => {
    const acts = ['invited', 'invalid', 'failed', 'unknown', 'left'];
    for (const status of STATUSES) {
      for (const reasonCode of [...REASON_CODES, ''] as const) {
        const what = whatToDo({ status, reasonCode, message: 'words' });
        expect([status, what !== undefined && what !== '']).toEqual([status, acts.includes(status)]);
      }
    }
  });
});
