import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, phone, results, sandbox } from './harness.ts';

const A = '120363371308386001@g.us';
const B = '120363371308386002@g.us';

it('a form’s export goes from its names to the groups, by a list that was corrected, and nobody is asked twice', async () => {
  const dir = await scratch();
  const at = (name: string) => join(dir, name);
  const api = await sandbox('--limit', '100');
  await api.control({
    named: [
      [A, 'Batch A – mornings'],
      [B, 'Batch B – evenings'],
    ],
  });
  const names = ['Batch A - mornings', 'batch b – EVENINGS', 'Batch C', 'Batch A - mornings'];
  const rows = names.map((name, i) => `2026/01/01 10:0${i},Person ${i},+${phone(i)},${name}`);
  await writeFile(
    at('form.csv'),
    `Timestamp,Your name,Your WhatsApp number?,Which batch are you joining?\n${rows.join('\n')}\n`,
  );

  const offline = await cli(['check', at('form.csv')]);
  expect(offline.code).toBe(3);
  expect(offline.stdout).toBe('');
  expect(offline.stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/holds 3 names and no chat_id: /),
  ]);

  const online = await cli(['check', at('form.csv'), '--online', ...api.args], api.env);
  expect(online.code).toBe(4);
  expect(online.stdout).toContain(
    '“Batch A - mornings” is not the name of a group (the phone’s 10 groups); the nearest: “Batch A – mornings”',
  );

  expect((await cli(['groups', '-o', at('groups.csv'), ...api.args], api.env)).code).toBe(0);
  const list = await readFile(at('groups.csv'), 'utf8');
  // The name that people typed into the form stands for the group that is meant, because somebody says so.
  await writeFile(at('groups.csv'), list.replace('Batch A – mornings,', 'Batch A - mornings,'));
  const run = () => cli(['run', at('form.csv'), '--groups', at('groups.csv'), ...api.args], api.env);
  expect((await run()).code).toBe(4);
  expect((await run()).code).toBe(4);
  const found = (await results(at('form.results.csv'))).map((row) => row['chat_id'] || row['reason_code']);
  expect(found).toEqual([A, B, 'group_name_unknown', A]);
  const { pairs } = await api.counts();
  expect(
    Object.entries(pairs)
      .map(([pair, { asked }]) => [pair, asked])
      .sort(),
  ).toEqual(
    [
      [`${A} ${phone(0)}`, 1],
      [`${A} ${phone(3)}`, 1],
      [`${B} ${phone(1)}`, 1],
    ].sort(),
  );
});
