import { existsSync } from 'node:fs';
import fs, { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  isTemporaryFor,
  openAtomicFile,
  probeAtomicFile,
  removeTemporaries,
  settled,
  sweepLitter,
  temporaryBeside,
} from '../../src/lib/atomic-file.ts';
import { scratch } from '../helpers.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

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
  await sweepLitter([path]);
  expect(existsSync(litter)).toBe(false);
  expect(kept.every(existsSync)).toBe(true);
  await writing.commit(); // what is being written now was left alone
  await sweepLitter([join(dir, 'absent', 'out.csv')]);
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

describe('a file that cannot even be closed', () => {
  /** The next file that is opened reports, once it is closed, what a network disk does; and cannot be made public. */
  function closingFails() {
    const open = fs.open;
    vi.spyOn(fs, 'open').mockImplementationOnce(async (...args) => {
      const file = await open(...args);
      const close = file.close;
      file.close = async () => {
        await close.call(file);
        throw Object.assign(new Error('EIO: i/o error, close'), { code: 'EIO' });
      };
      file.chmod = () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' }));
      return file;
    });
    syncBuiltinESMExports();
  }

  it('is gone when it is given up, and that is no error of its own', async () => {
    const dir = await scratch();
    closingFails();
    const file = await openAtomicFile(join(dir, 'out.csv'));
    await file.write('x');
    await file.abort();
    expect(await readdir(dir)).toEqual([]);
    await file.abort();
  });

  it('is not put in place: what was there stays, and nothing beside it', async () => {
    const dir = await scratch();
    await writeFile(join(dir, 'out.csv'), 'before');
    closingFails();
    const file = await openAtomicFile(join(dir, 'out.csv'));
    await file.write('after');
    await expect(file.commit()).rejects.toMatchObject({ code: 'EIO' });
    await file.abort();
    expect(await readFile(join(dir, 'out.csv'), 'utf8')).toBe('before');
    expect(await readdir(dir)).toEqual(['out.csv']);
  });

  it('is gone where it could not be made readable for others, and that is the error', async () => {
    const dir = await scratch();
    closingFails();
    await expect(openAtomicFile(join(dir, 'public.json'), 0o644)).rejects.toMatchObject({ code: 'EPERM' });
    expect(await readdir(dir)).toEqual([]);
  });

  it('is gone after it was tried whether there is room, and that is the error', async () => {
    const dir = await scratch();
    closingFails();
    await expect(probeAtomicFile(join(dir, 'out.csv'))).rejects.toMatchObject({ code: 'EIO' });
    expect(await readdir(dir)).toEqual([]);
  });
});
