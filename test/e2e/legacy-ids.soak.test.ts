import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cli, csv, phone, results, sandbox } from './harness.ts';

const CREATOR = '905301234567';
const LEGACY = `${CREATOR}-1574073754@g.us`;

/** A group's id of the old kind begins with the phone number of whoever made the group. */
test('whoever made a group is named in results and ledger alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'legacy-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const cohort = join(dir, 'cohort.csv');
  // 0055: the connection breaks after the ask was done, so that it is in doubt, and the log says so.
  const people = [phone(1), phone(2, 55)];
  await writeFile(cohort, `${csv(people, LEGACY)}Odd,${LEGACY},+233 23 123 4573 / +233 23 123 4586\n`);
  const api = await sandbox();
  // Nothing can be read of the group, so that its id stands for its name.
  await api.control({ reads: 'error' });
  const shown: string[] = [];
  const told = async (...args: readonly string[]) => {
    const ended = await cli(args, api.env);
    shown.push(ended.stdout + ended.stderr);
    return ended;
  };
  const files = ['--summary-json', join(dir, 's.json'), '--junit', join(dir, 'j.xml')];
  const flags = [...api.args, '--no-precheck', '--log-level', 'debug'];
  const ended = await told('run', cohort, ...flags, ...files, '--chat-id', LEGACY);
  expect(ended.code, ended.stderr).toBe(4);
  await told('check', cohort);
  await told('report', join(dir, 'cohort.results.csv'));
  for (const file of ['s.json', 'j.xml']) shown.push(await readFile(join(dir, file), 'utf8'));

  for (const text of shown) {
    expect(text).toContain('9053•••••567-1574073754@g.us');
    expect(text).not.toMatch(/905301234567|23 123 45|233231234/);
    for (const person of people) expect(text).not.toContain(person);
  }
  const rows = await results(join(dir, 'cohort.results.csv'));
  expect(rows.map((row) => row['chat_id'])).toEqual([LEGACY, LEGACY, '']);
  expect(await readFile(join(dir, 'cohort.results.csv.ledger.jsonl'), 'utf8')).toContain(LEGACY);
  const counts = await api.counts();
  for (const { asked } of Object.values(counts.pairs)) expect(asked).toBe(1);
});
