import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { statCohort } from '../../../src/cohort/file/bytes.ts';
import { scratch } from '../../helpers.ts';

describe('the path of a file that is not there', () => {
  const FILES = [
    ...['cohort.csv', 'cohort.results.csv', 'cohort.results.csv.ledger.jsonl', 'cohort.results.csv.lock'],
    ...['Café 2026.csv', 'élèves.csv', 'notes.txt'],
  ];
  it.each([
    ['cohrt.csv', 'cohort.csv'],
    ['Cohort.CSV', 'cohort.csv'],
    ['cohort', 'cohort.csv'],
    ['cohort.cvs', 'cohort.csv'],
    ['cohort.csv ', 'cohort.csv'],
    ['cohort.result.csv', 'cohort.results.csv'],
    ['cafe 2026.csv', 'Café 2026.csv'],
    ['e\u0301le\u0300ves.csv', 'élèves.csv'],
    ['members.csv', undefined],
    ['sub.csv', undefined],
    ['zz', undefined],
  ])('%s: the nearest of its folder is %s', async (typed, near) => {
    const dir = await scratch();
    for (const name of FILES) await writeFile(join(dir, name), 'x\n1\n');
    await mkdir(join(dir, 'sub1.csv'));
    const path = `${dir}/${typed}`;
    const advice = near === undefined ? 'check the path' : `did you mean ${dir}/${near}?`;
    await expect(statCohort(path, path)).rejects.toThrow(`${path} does not exist: ${advice}`);
  });
  it('may lie in a folder that is not there either', async () => {
    const path = join(await scratch(), 'absent', 'cohort.csv');
    await expect(statCohort(path, path)).rejects.toThrow(`${path} does not exist: check the path`);
  });
});
