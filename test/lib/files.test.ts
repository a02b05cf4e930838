import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cwd } from 'node:process';
import { describe, expect, test } from 'vitest';
import { withOwnFiles } from '../../src/app/going-on/own-files.ts';
import { mergeConfig } from '../../src/config/other-commands.ts';
import { filePaths, reportFiles } from '../../src/config/outputs.ts';
import type { RunConfig } from '../../src/config/run.ts';
import { canonicalPath, describeFailure, errorCode, isSameFile } from '../../src/lib/files.ts';
import { scratch } from '../helpers.ts';

test('system errors in words, others in their own', () => {
  expect(describeFailure(Object.assign(new Error('ENOSPC: write /secret/path'), { code: 'ENOSPC' }))).toBe(
    'disk full (ENOSPC)',
  );
  expect(describeFailure(Object.assign(new Error('odd'), { code: 'EODD' }))).toBe('odd');
  expect(describeFailure('a string')).toBe('a string');
  expect([
    errorCode('x'),
    errorCode(new Error('x')),
    errorCode(Object.assign(new Error('x'), { code: 7 })),
  ]).toEqual(['', '', '']);
});

/** A folder with every way to lead to `real.csv`, which is there, and to `later.csv`, which is not. */
async function ways(): Promise<(name: string) => string> {
  const dir = await scratch();
  const at = (name: string) => join(dir, name);
  mkdirSync(at('folder'));
  writeFileSync(at('real.csv'), 'name\n');
  writeFileSync(at('copy.csv'), 'name\n');
  linkSync(at('real.csv'), at('hard.csv'));
  symlinkSync('real.csv', at('soft.csv'));
  symlinkSync(at('soft.csv'), at('twice.csv'));
  symlinkSync('later.csv', at('dangling.csv'));
  symlinkSync('../dangling.csv', at('folder/dangling-too.csv'));
  symlinkSync('.', at('here'));
  symlinkSync(at('circle'), at('circle'));
  return at;
}

test.each([
  ['real.csv', 'real.csv', true],
  ['real.csv', './folder/../real.csv', true],
  ['real.csv', 'soft.csv', true],
  ['real.csv', 'twice.csv', true],
  ['real.csv', 'hard.csv', true],
  ['soft.csv', 'hard.csv', true],
  ['real.csv', 'here/here/real.csv', true],
  ['later.csv', 'dangling.csv', true],
  ['later.csv', 'folder/dangling-too.csv', true],
  ['dangling.csv', 'here/folder/dangling-too.csv', true],
  ['here/later.csv', 'later.csv', true],
  ['nowhere/later.csv', 'nowhere/later.csv', true],
  ['circle', 'circle', true],
  ['real.csv', 'copy.csv', false],
  ['real.csv', 'later.csv', false],
  ['real.csv', 'circle', false],
  ['later.csv', 'nowhere/later.csv', false],
])('%s and %s: %s', async (one, other, same) => {
  const at = await ways();
  expect(isSameFile(at(one), at(other))).toBe(same);
  expect(isSameFile(at(other), relative(cwd(), at(one)))).toBe(same);
});

test('standard output is no file, and devices may be named twice', () => {
  expect(isSameFile('-', '-')).toBe(false);
  expect(isSameFile('/dev/null', '/dev/zero')).toBe(false);
});

test('the name of what a link will make, and of a circle none', async () => {
  const at = await ways();
  expect(canonicalPath(at('folder/dangling-too.csv'))).toBe(canonicalPath(at('later.csv')));
  expect(() => canonicalPath(at('circle'))).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  expect(() => canonicalPath(at('nowhere/later.csv'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

describe('no file of a command takes the place of another, whatever leads to it', () => {
  const links = ['soft.csv', 'hard.csv', 'twice.csv', 'here/real.csv'];
  const refused = expect.objectContaining({ code: 'CONFIG', exitCode: 2 });

  test.each(links)('%s', async (link) => {
    const at = await ways();
    const [real, other] = [at('real.csv'), at(link)];
    const [cohort, output] = [at('copy.csv'), at('out.csv')];
    const named = { output: undefined, ledger: undefined };
    const config = { cohort: { path: real }, output: other, ledger: at('l'), named, shard: undefined };
    await expect(withOwnFiles(config as unknown as RunConfig)).rejects.toEqual(refused);
    expect(() => filePaths(real, { output, ledger: other })).toThrow(refused);
    expect(() => filePaths(cohort, { output: real, ledger: other })).toThrow(refused);
    for (const flag of ['report', 'summaryJson', 'junit', 'metricsFile'] as const) {
      const files = { [flag]: other };
      expect(() => reportFiles(real, files, { output, ledger: undefined })).toThrow(refused);
      expect(() => reportFiles(cohort, files, { output: real, ledger: undefined })).toThrow(refused);
      expect(() => reportFiles(cohort, files, { output, ledger: real })).toThrow(refused);
    }
    expect(() => reportFiles(cohort, { report: real, junit: other }, { output, ledger: undefined })).toThrow(
      refused,
    );
    expect(() => mergeConfig([cohort, real], { output: other })).toThrow(refused);
  });

  test('a link to what is still to be made', async () => {
    const at = await ways();
    const [cohort, output, link] = [at('real.csv'), at('later.csv'), at('folder/dangling-too.csv')];
    expect(() => filePaths(cohort, { output, ledger: link })).toThrow(refused);
    expect(() => reportFiles(cohort, { report: link }, { output, ledger: undefined })).toThrow(refused);
    expect(() => reportFiles(cohort, { report: link }, { output: at('o'), ledger: output })).toThrow(refused);
  });
});
