import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, GROUP, results, sandbox } from './harness.ts';

it('asks those whom the columns say together, and nobody by one of them alone', async () => {
  const dir = await scratch();
  const api = await sandbox('--limit', '100');
  const to = ['--chat-id', GROUP, '--no-precheck', ...api.args];
  const run = async (name: string, text: string, ...flags: string[]) => {
    await writeFile(join(dir, `${name}.csv`), text);
    return cli(['run', join(dir, `${name}.csv`), ...to, ...flags], api.env);
  };

  const split = await run(
    'split',
    'Country Code,Phone Number,CEP\n+55,51987654321,01310-100\n86,13123456789,\n91,919876543211,\n+55,+51987654322,\nx,51987654323,\n',
  );
  expect([split.code, split.stderr]).toEqual([4, expect.stringContaining('Country Code')]);
  const rows = await results(join(dir, 'split.results.csv'));
  expect(rows.map((row) => row['participant'] || row['reason_code'])).toEqual([
    '5551987654321',
    '8613123456789',
    '919876543211',
    'phone_conflict',
    'phone_no_country',
  ]);

  const refused = [
    await run('title', 'WhatsApp contact list - Batch 5,,\nPhone,Name,Batch\n+919876543212,Asha,5\n'),
    await run('two', 'phone1,phone2\n,+919876543213\n+919876543214,\n'),
    await run('parents', 'Nome,Telefone do responsável,CEP\nAna,+5511987654321,01310-100\n'),
  ];
  expect(refused.map(({ code }) => code)).toEqual([3, 3, 3]);
  // `env` as well as the flag; and off, each number is what it says.
  const env = { ...api.env, GROUP_ONBOARD_COUNTRY_COLUMN: 'none' };
  await writeFile(join(dir, 'off.csv'), 'Country,Phone\nBrazil,+919876543215\n');
  await cli(['run', join(dir, 'off.csv'), ...to], env);

  const asked = Object.keys((await api.counts()).pairs).map((pair) => /\d+(?=\D*$)/.exec(pair)?.[0]);
  expect(asked.sort()).toEqual(['5551987654321', '8613123456789', '919876543211', '919876543215'].sort());
});
