/** The cohort is a file that others write, too: what becomes of it while a run is under way is said, and costs no row. */
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { PATIENTLY } from '../helpers.ts';
import { type Job, job, onceEach } from './faults/support.ts';
import { cli, csv, GROUP, phone, sandbox, start } from './harness.ts';

const PEOPLE = Array.from({ length: 6 }, (_, i) => phone(i, 1));
const COMES = phone(77, 1);
const replace = async (on: Job, text: string) => {
  const saved = join(on.dir, 'saved.csv');
  await writeFile(saved, text);
  await rename(saved, on.cohort);
};

const CHANGES: readonly (readonly [string, (on: Job) => Promise<unknown>, RegExp])[] = [
  ['emptied', (on) => truncate(on.cohort), /had 6 rows, and is not a cohort any more \(.*is empty/],
  ['cut to its header', (on) => truncate(on.cohort, 19), /had 6 rows, and is not a cohort any more/],
  ['cut in the middle of a row', (on) => truncate(on.cohort, 120), /had 6 rows, and has \d rows? now/],
  [
    'overwritten with fewer',
    (on) => writeFile(on.cohort, csv(PEOPLE.slice(0, 2))),
    /had 6 rows, and has 2 rows now/,
  ],
  [
    'its columns swapped',
    (on) =>
      writeFile(on.cohort, `name,phone,chat_id\n${PEOPLE.map((one) => `A,${GROUP},${one}`).join('\n')}\n`),
    /6 rows now, 6 of them invalid/,
  ],
  [
    'its columns renamed',
    (on) => writeFile(on.cohort, csv(PEOPLE).replace('name,chat_id,phone', 'a,b,c')),
    /had 6 rows, and/,
  ],
  ['deleted', (on) => rm(on.cohort), /had 6 rows, and is gone/],
  [
    'a folder in its place',
    (on) => rm(on.cohort).then(() => mkdir(on.cohort)),
    /a directory is in its place/,
  ],
  [
    'a pipe in its place',
    (on) => rm(on.cohort).then(() => execFileSync('mkfifo', [on.cohort])),
    /a pipe is in its place/,
  ],
  ['replaced', (on) => replace(on, csv([COMES, ...PEOPLE.slice(1)])), /has 6 rows now/],
  ['appended to', (on) => appendFile(on.cohort, `X,${GROUP},${COMES}\n`), /has 7 rows now/],
  ['one digit corrected', (on) => writeFile(on.cohort, csv([COMES, ...PEOPLE.slice(1)])), /has 6 rows now/],
];

describe.each(CHANGES)('%s in mid-run', (_what, change, says) => {
  it('every row that was counted is asked once and in the results, the change is named, 75', async () => {
    const api = await sandbox('--limit', '100', '--latency', '100ms');
    const on = await job(api, csv(PEOPLE));
    const running = on.start('--no-precheck', '--concurrency', '1', '--max-rate', '5/s');
    await vi.waitUntil(async () => (await api.counts()).asks > 0, PATIENTLY);
    await change(on);
    const ended = await running.ended;
    expect([ended.code, ended.stderr]).toEqual([75, expect.stringMatching(says)]);
    expect(ended.stderr).toMatch(/\nstopped {2}cohort\.csv has changed since the run began/);
    expect(await on.rows()).toEqual(PEOPLE.map(() => 'added'));
    expect((await on.records()).map((row) => row['phone'])).toEqual(PEOPLE);
    expect((await readdir(on.dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    onceEach(await api.counts());
    expect((await api.counts()).asks).toBe(PEOPLE.length);
  });
});

it('the next run asks who came, and nobody else', async () => {
  const api = await sandbox('--limit', '100', '--latency', '100ms');
  const on = await job(api, csv(PEOPLE));
  const running = on.start('--no-precheck', '--concurrency', '1', '--max-rate', '5/s');
  await vi.waitUntil(async () => (await api.counts()).asks > 0, PATIENTLY);
  // As programs save: a new file in the place of the old one. Somebody is gone, and somebody has come first.
  await replace(on, csv([COMES, ...PEOPLE.slice(0, 1)]));
  expect((await running.ended).code).toBe(75);
  expect((await on.run()).code).toBe(0);
  expect(await on.rows()).toEqual(['added', 'added']);
  onceEach(await api.counts());
  expect((await api.counts()).asks).toBe(PEOPLE.length + 1);
});

it('saved again as it was: nothing has changed', async () => {
  const api = await sandbox('--limit', '100', '--latency', '100ms');
  const on = await job(api, csv(PEOPLE));
  const running = on.start('--no-precheck', '--concurrency', '1', '--max-rate', '5/s');
  await vi.waitUntil(async () => (await api.counts()).asks > 0, PATIENTLY);
  await replace(on, csv(PEOPLE));
  expect((await running.ended).code).toBe(0);
  expect(await on.rows()).toEqual(PEOPLE.map(() => 'added'));
  expect((await api.counts()).asks).toBe(PEOPLE.length);
});

it('results that go on, and are corrected meanwhile: the correction stays, and counts in the next run', async () => {
  const api = await sandbox('--limit', '100', '--latency', '100ms');
  const on = await job(api, csv(PEOPLE));
  expect((await on.run('--no-precheck', '--limit', '1')).code).toBe(75);
  const again = ['run', on.output, ...api.args, '--no-precheck'];
  const running = start([...again, '--concurrency', '1', '--max-rate', '5/s'], api.env);
  await vi.waitUntil(async () => (await api.counts()).asks > 2, PATIENTLY);
  const corrected = `${await readFile(on.output, 'utf8')}X,${GROUP},${COMES}${','.repeat(11)}\n`;
  await writeFile(on.output, corrected);
  const ended = await running.ended;
  expect([ended.code, ended.stderr]).toEqual([
    75,
    expect.stringMatching(/is not replaced; the ledger has everything/),
  ]);
  expect(await readFile(on.output, 'utf8')).toBe(corrected);
  expect((await cli(again, api.env)).code).toBe(0);
  expect(await on.rows()).toEqual([...PEOPLE, COMES].map(() => 'added'));
  onceEach(await api.counts());
  expect((await api.counts()).asks).toBe(PEOPLE.length + 1);
});
