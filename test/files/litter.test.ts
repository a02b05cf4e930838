import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAtomicFile, probeAtomicFile, sweepLitter } from '../../src/files/atomic-file.ts';
import { isTemporaryFor, removeTemporaries, settled, temporaryBeside } from '../../src/files/temporary.ts';
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

describe('the process ends in the midst of it', () => {
  it('what is being written goes, what was written stays', async () => {
    const dir = await scratch();
    const done = await openAtomicFile(join(dir, 'done.csv'));
    await done.write('whole');
    await done.commit();
    const given = await openAtomicFile(join(dir, 'given-up.csv'));
    await given.abort();
    await probeAtomicFile(join(dir, 'probed.csv'));
    const writing = await openAtomicFile(join(dir, 'half.csv'));
    await writing.write('x'.repeat(300_000));
    expect(await readdir(dir)).toHaveLength(2);
    removeTemporaries();
    expect(await readdir(dir)).toEqual(['done.csv']);
    expect(await readFile(join(dir, 'done.csv'), 'utf8')).toBe('whole');
    await writing.abort();
    removeTemporaries();
  });

  it('a name that was settled is nobody’s business any more', async () => {
    const dir = await scratch();
    const path = temporaryBeside(join(dir, 'x'.repeat(255)));
    expect(isTemporaryFor(join(dir, 'x'.repeat(255)), path.slice(dir.length + 1))).toBe(true);
    await writeFile(path, '');
    settled(path);
    removeTemporaries();
    expect(existsSync(path)).toBe(true);
  });

  it('what cannot be removed is no reason not to end', async () => {
    const dir = join(await scratch(), 'in');
    await mkdir(dir);
    const gone = temporaryBeside(join(dir, 'a'));
    const directory = temporaryBeside(join(dir, 'b'));
    await mkdir(directory);
    await writeFile(gone, '');
    await chmod(dir, 0o500);
    expect(removeTemporaries).not.toThrow();
    await chmod(dir, 0o700);
    await rm(dir, { recursive: true });
  });
});
