/** What a kill -9 left beside an output holds people's numbers: the next command that writes there removes it. */
import { existsSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { api, desk } from './in-process.ts';

const ID = '0b7f9b0e-6c1c-4a53-9a55-9d2e1c3f4a5b';
const FRESH = '1b7f9b0e-6c1c-4a53-9a55-9d2e1c3f4a5b';

async function bench() {
  const dir = await scratch();
  const at = (name: string) => join(dir, name);
  const to = await api();
  await writeFile(at('cohort.csv'), 'chat_id,phone\n120363371308389685@g.us,919870001003\n');
  return {
    at,
    command: (...args: string[]) => desk(to.env).run(...args),
    args: to.args,
    /** Old and fresh temporary files of every one of these; gives back which are there after the command. */
    litter: async (...names: string[]) => {
      for (const name of names) {
        await writeFile(at(`.${name}.${ID}.tmp`), '919870001003');
        await utimes(at(`.${name}.${ID}.tmp`), 0, 0);
        await writeFile(at(`.${name}.${FRESH}.tmp`), '919870001003');
      }
      return () => ({
        old: names.filter((name) => existsSync(at(`.${name}.${ID}.tmp`))),
        fresh: names.filter((name) => existsSync(at(`.${name}.${FRESH}.tmp`))),
      });
    },
  };
}

it('run, report, follow-up, check and merge, each beside all that it writes', async () => {
  const { at, command, args, litter } = await bench();
  const beside = async (names: string[], ...typed: string[]) => {
    const left = await litter(...names);
    const { code } = await command(...typed);
    expect([typed[0], code, left()]).toEqual([typed[0], 0, { old: [], fresh: names }]);
  };
  const results = at('cohort.results.csv');
  await beside(
    ['cohort.results.csv', 'cohort.results.csv.ledger.jsonl', 'page.html', 's.json', 'j.xml', 'm.prom'],
    ...['run', at('cohort.csv'), ...args, '--report', at('page.html'), '--summary-json', at('s.json')],
    ...['--junit', at('j.xml'), '--metrics-file', at('m.prom')],
  );
  await beside(['again.html'], 'report', results, '--report', at('again.html'));
  await beside(
    ['cohort.results.csv', 'f.json'],
    ...['follow-up', results, ...args, '--summary-json', at('f.json')],
  );
  await beside(['plan.csv'], 'check', at('cohort.csv'), '-o', at('plan.csv'));
  await beside(['merged.csv'], 'merge', results, '-o', at('merged.csv'));
});

it('but not in a dry run: it holds no lock, and leaves everything as it is', async () => {
  const { at, command, args, litter } = await bench();
  const names = ['cohort.results.csv', 'page.html'];
  const left = await litter(...names);
  await command('run', at('cohort.csv'), ...args, '--dry-run', '--report', at('page.html'));
  expect(left().old).toEqual(names);
});
