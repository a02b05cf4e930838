import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../../helpers.ts';
import { cli, csv, GROUP, phone, results, sandbox } from '../harness.ts';

test('a rerun leaves an unknown as it was, until the group lists the person', async () => {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  const out = join(dir, 'cohort.results.csv');
  const api = await sandbox('--limit', '100');
  await writeFile(cohort, csv([phone(1, 1), phone(2, 70)]));
  const args = ['run', cohort, ...api.args];
  expect((await cli(args, api.env)).code).toBe(4);
  const [text, ledger] = [await readFile(out, 'utf8'), await readFile(`${out}.ledger.jsonl`, 'utf8')];
  const unknown = (await results(out))[1]!;
  expect([unknown['status'], unknown['message']]).toEqual(['unknown', expect.stringContaining('connection')]);

  expect((await cli(args, api.env)).code).toBe(4);
  expect(await readFile(out, 'utf8')).toBe(text);
  expect(await readFile(`${out}.ledger.jsonl`, 'utf8')).toBe(ledger);

  await api.control({ join: [[GROUP, phone(2, 70)]] });
  expect((await cli(args, api.env)).code).toBe(0);
  expect((await results(out))[1]).toMatchObject({ status: 'added', reason_code: 'confirmed_by_membership' });
  expect((await api.counts()).asks).toBe(2);
});
