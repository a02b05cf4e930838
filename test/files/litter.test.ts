import { existsSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAtomicFile, sweepLitter } from '../../src/files/atomic-file.ts';
import { scratch } from '../helpers.ts';

it('removes what a killed process left, and nothing else', async () => {
  const dir = await scratch();
  const path = join(dir, 'out.csv');
  const id = '0b7f9b0e-6c1c-4a53-9a55-9d2e1c3f4a5b';
  const litter = join(dir, `.out.csv.${id}.tmp`);
  const kept = [
    join(dir, `.other.csv.${id}.tmp`),
    join(dir, '.out.csv.mine.tmp'),
    join(dir, `.out.csv.${id}.tmp.bak`),
    path,
  ];
  for (const file of [litter, ...kept]) {
    await writeFile(file, 'x');
    await utimes(file, 0, 0);
  }
  const writing = await openAtomicFile(path);
  await writing.write('new');
  await sweepLitter(path, Date.now());
  expect(existsSync(litter)).toBe(false);
  expect(kept.every(existsSync)).toBe(true);
  await writing.commit(); // what is being written now was left alone
  await sweepLitter(join(dir, 'absent', 'out.csv'), Date.now());
});
