import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, GROUP, results, sandbox } from './harness.ts';

it('asks nobody whose bare number may be somebody else’s, and those in the API’s form', async () => {
  const dir = await scratch();
  const api = await sandbox('--limit', '100');
  const cells = [
    '(516) 555-0132',
    '(51) 98765-4321',
    '13123456789',
    '532 123 45 67',
    '516-555-0132',
    '919876543210',
    '91 98765 43211',
    '4915123456789',
  ];
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, `phone\n${cells.join('\n')}\n`);
  const run = await cli(['run', cohort, '--chat-id', GROUP, '--no-precheck', ...api.args], api.env);
  expect(run.code).toBe(4);

  // The results are a cohort again: what was asked stays what it was, whatever the column says of its cells.
  const first = await results(join(dir, 'cohort.results.csv'));
  expect(first[2]?.['message']).toContain(
    '+13123456789 or, without a country code, as +8613123456789 (China)',
  );
  const again = await cli(
    [
      'run',
      join(dir, 'cohort.results.csv'),
      '--output',
      join(dir, 'again.csv'),
      '--no-precheck',
      ...api.args,
    ],
    api.env,
  );
  expect(again.code).toBe(4);
  const second = await results(join(dir, 'again.csv'));
  for (const rows of [first, second]) {
    expect(rows.map((row) => row['participant'] || row['reason_code'])).toEqual([
      ...Array.from({ length: 5 }, () => 'phone_ambiguous'),
      '919876543210',
      '919876543211',
      '4915123456789',
    ]);
  }

  const asked = Object.keys((await api.counts()).pairs).map((pair) => /\d+(?=\D*$)/.exec(pair)?.[0]);
  expect(asked.sort()).toEqual(['4915123456789', '919876543210', '919876543211']);
});
