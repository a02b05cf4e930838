/** Answers whose key is not the number that was asked, and people who have two numbers. Source: api/FACTS.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, csv, GROUP, results, type SandboxProcess, sandbox } from './harness.ts';

/** The two numbers of one person; 0024 answers under the other one. */
const TWO: [string, string, string][] = [
  ['Mexico', '525512340024', '5215512340024'],
  ['Argentina', '541123450024', '5491123450024'],
  ['Brazil', '5511977650024', '551177650024'],
];

async function run(dir: string, api: SandboxProcess, phones: readonly string[], ...flags: string[]) {
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, csv(phones.map((phone) => `+${phone}`)));
  const ended = await cli(['run', cohort, ...api.args, ...flags], api.env);
  const rows = await results(join(dir, 'cohort.results.csv'));
  return { ended, rows, status: rows.map((row) => row['status']) };
}

const asked = async (api: SandboxProcess) =>
  Object.fromEntries(
    Object.entries((await api.counts()).pairs).map(([pair, n]) => [pair.split(' ')[1], n.asked]),
  );

describe('a key that differs from the number asked', () => {
  const numbers = [
    '919870000020',
    '919870000021',
    '919870000022',
    '919870000023',
    ...TWO.map(([, one]) => one),
  ];

  test('one person per ask: each is matched, and what was sent is what was given', async () => {
    const api = await sandbox('--limit', '100');
    const { ended, rows, status } = await run(await scratch(), api, numbers);
    expect([ended.code, status]).toEqual([0, numbers.map(() => 'added')]);
    // Matched by the answer, not by reading the membership afterwards.
    expect(rows.map((row) => row['reason_code'])).toEqual(numbers.map(() => ''));
    expect(rows.map((row) => row['participant'])).toEqual(numbers);
    expect(await asked(api)).toEqual(Object.fromEntries(numbers.map((number) => [number, 1])));
  });

  test('in one batch: matched where it is certain; a LID names nobody, and is in doubt', async () => {
    const api = await sandbox('--limit', '100');
    const { ended, rows } = await run(await scratch(), api, numbers, '--batch-size', '7');
    const by = Object.fromEntries(rows.map((row) => [row['participant'], row['status']]));
    const lid = '919870000022';
    expect(ended.code).toBe(by[lid] === 'unknown' ? 4 : 0);
    expect(rows.filter((row) => row['participant'] !== lid).map((row) => row['status'])).toEqual(
      numbers.slice(1).map(() => 'added'),
    );
    expect(rows.find((row) => row['participant'] === lid)).toMatchObject(
      by[lid] === 'unknown'
        ? { reason_code: 'no_answer' }
        : { status: 'added', reason_code: 'confirmed_by_membership' },
    );
    expect((await api.counts()).asks).toBe(1);
  });
});

describe.each(TWO)('one person with two numbers: %s', (_country, one, other) => {
  test('in the same cohort, the second is a duplicate', async () => {
    const api = await sandbox('--limit', '100');
    const { ended, rows, status } = await run(await scratch(), api, [one, other, one]);
    expect([ended.code, status]).toEqual([0, ['added', 'duplicate', 'duplicate']]);
    expect(rows[1]!['message']).toBe('the same person and group as row 2');
    expect(await asked(api)).toEqual({ [one]: 1 });
  });

  test('in a later run, the other is not asked again, and shows what is known', async () => {
    const dir = await scratch();
    const api = await sandbox('--limit', '100');
    await run(dir, api, [one], '--no-precheck');
    const { ended, status } = await run(dir, api, [other], '--no-precheck');
    expect([ended.code, status]).toEqual([0, ['added']]);
    expect(await asked(api)).toEqual({ [one]: 1 });
    // In the results as it was written in the cohort, in the ledger as it was asked.
    const ledger = await readFile(join(dir, 'cohort.results.csv.ledger.jsonl'), 'utf8');
    expect(ledger.includes(one) && !ledger.includes(`"${other}"`)).toBe(true);
  });

  test('a member under the other number is a member', async () => {
    const api = await sandbox('--limit', '100');
    await api.control({ join: [[GROUP, other]] });
    const { ended, rows } = await run(await scratch(), api, [one]);
    expect([ended.code, rows[0]!['status']]).toEqual([0, 'already_member']);
    expect(await asked(api)).toEqual({});
  });

  test('killed while it was in flight, it is found in the group under the other number', async () => {
    const dir = await scratch();
    const api = await sandbox('--limit', '100');
    const preload = new URL('kill/preload.mjs', import.meta.url).pathname;
    const killed = { NODE_OPTIONS: `--import ${preload}`, GO_KILL_AT: 'ask.answer:after:1' };
    await writeFile(join(dir, 'cohort.csv'), csv([`+${one}`]));
    const ended = await cli(['run', join(dir, 'cohort.csv'), ...api.args], { ...api.env, ...killed });
    expect(ended.signal).toBe('SIGKILL');
    const again = await run(dir, api, [other]);
    expect(again.rows[0]).toMatchObject({ status: 'added', reason_code: 'confirmed_by_membership' });
    expect(await asked(api)).toEqual({ [one]: 1 });
  });
});
