/** What the system refuses is said in one line, and is no defect of this tool. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { built } from '../../built.ts';
import { scratch } from '../../helpers.ts';
import { cli, csv, phone, sandbox } from '../harness.ts';

const PRELOAD = fileURLToPath(new URL('preload-refusal.mjs', import.meta.url));
const PEOPLE = Array.from({ length: 6 }, (_, i) => phone(i, 1));

/** `once`: the first time that `operation` meets a path like this; the code; and what comes of it. */
const CASES: readonly [operation: string, like: string, from: number, code: string, exit: number][] = [
  ['open', 'jsonl$', 1, 'EMFILE', 2],
  ['open', 'jsonl$', 1, 'EDQUOT', 2],
  ['open', 'jsonl$', 1, 'EROFS', 2],
  ['open', 'tmp$', 1, 'ENFILE', 2],
  ['mkdir', 'lock$', 1, 'EDQUOT', 2],
  ['datasync', 'jsonl$', 4, 'EDQUOT', 75],
  ['datasync', 'jsonl$', 4, 'EIO', 75],
  ['write', 'jsonl$', 4, 'EDQUOT', 75],
  ['write', 'jsonl$', 4, 'EROFS', 75],
  ['stat', 'jsonl$', 8, 'ESTALE', 75],
  // Of the results; the copy of the cohort is beside the ledger, and is made before anything is sent.
  ['write', 'csv\\.(?!ledger).*tmp$', 2, 'EDQUOT', 75],
  ['write', 'ledger.*tmp$', 1, 'EDQUOT', 2],
  ['sync', 'tmp$', 1, 'EDQUOT', 75],
  ['rename', 'tmp$', 1, 'EDQUOT', 75],
  // Wherever nobody thought of it.
  ['unlooked-for', 'ask', 1, 'EMFILE', 75],
  ['unlooked-for', 'ask', 1, 'ENOMEM', 75],
];

test.each(CASES)('%s of %s, the %ith time: %s ends with %i', async (operation, like, from, code, exit) => {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, csv(PEOPLE));
  const api = await sandbox('--limit', '1000');
  const args = [
    'run',
    cohort,
    ...api.args,
    '--log-level',
    'error',
    '--progress',
    'off',
    '--concurrency',
    '1',
  ];
  const refusal = { GO_REFUSE: JSON.stringify({ operation, like, from, code }) };
  const ended = await cli(args, { ...api.env, ...refusal, NODE_OPTIONS: `--import ${PRELOAD}` });
  expect([ended.code, ended.stderr]).toEqual([exit, expect.stringContaining(`(${code})`)]);
  expect(ended.stderr).not.toMatch(/defect|at .*\.js:/);
  const { asks } = await api.counts();
  if (exit === 2) expect(asks).toBe(0);

  // And goes on where it was.
  expect([0, 4]).toContain((await cli(args, api.env)).code);
  const { pairs } = await api.counts();
  expect(Object.values(pairs).map((pair) => pair.asked)).toEqual(PEOPLE.map(() => 1));
});

test.each([64, 100, 128])('with %i handles: no defect', async (handles) => {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, csv(PEOPLE));
  const command = `ulimit -n ${handles}; exec "${process.execPath}" "${built('cli.js')}" run "${cohort}" --sandbox`;
  const [code, said] = await new Promise<[unknown, string]>((resolve) => {
    execFile('sh', ['-c', command], { env: { PATH: process.env['PATH'] } }, (error, _stdout, stderr) =>
      resolve([error === null ? 0 : error.code, stderr]),
    );
  });
  expect([code, said]).toEqual([
    expect.toSatisfy((one: number) => [0, 2, 75].includes(one)),
    expect.anything(),
  ]);
  expect(said).not.toContain('defect');
});
