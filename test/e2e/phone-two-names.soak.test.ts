import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, GROUP, phone, results, SENDER, sandbox } from './harness.ts';

const ID = 'phone-bqzvyibhmwkaergr';

const cohortOf = (senders: readonly string[]) =>
  `chat_id,phone,sender\n${senders.map((sender, i) => `${GROUP},${phone(i)},${sender}`).join('\n')}\n`;

async function workplace() {
  const api = await sandbox('--limit', '100');
  const cohort = join(await scratch(), 'cohort.csv');
  return {
    api,
    run: async (senders: readonly string[], ...flags: string[]) => {
      await writeFile(cohort, cohortOf(senders));
      return cli(['run', cohort, '--base-url', api.url, '--log-format', 'json', ...flags], api.env);
    },
    asked: async () => {
      const { pairs } = await api.counts();
      return Object.values(pairs).map(({ asked }) => asked);
    },
    rows: async () => (await results(cohort.replace('.csv', '.results.csv'))).map((row) => row['status']),
  };
}

describe.each([[[]], [['--no-precheck']]])('a phone that is a number here and an id there: %j', (flags) => {
  it('has one daily cap in one run', async () => {
    const on = await workplace();
    const ended = await on.run([SENDER, ID, SENDER, ID, SENDER, ID, ID, ID], '--daily-cap', '5', ...flags);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toContain('are one phone: one pace and one daily cap for both');
    expect((await on.rows()).filter((status) => status === 'added')).toHaveLength(5);
    expect(await on.asked()).toEqual([1, 1, 1, 1, 1]);
  });

  it.each([
    [SENDER, ID],
    [ID, SENDER],
  ])('has one daily cap across runs: %s, then %s', async (first, then) => {
    const on = await workplace();
    expect((await on.run([first, first, first], '--daily-cap', '5', ...flags)).code).toBe(0);
    const more = [first, first, first, then, then, then, then];
    expect((await on.run(more, '--daily-cap', '5', ...flags)).code).toBe(75);
    expect((await on.rows()).filter((status) => status === 'added')).toHaveLength(5);
    expect(await on.asked()).toEqual([1, 1, 1, 1, 1]);
  });

  it('asks each person once without a cap, and another phone keeps its own', async () => {
    const on = await workplace();
    const other = '919811122233';
    const ended = await on.run([SENDER, ID, other, other, ID, other], '--daily-cap', '3', ...flags);
    expect(ended.code).toBe(0);
    expect(await on.asked()).toEqual([1, 1, 1, 1, 1, 1]);
    const { senders } = await on.api.counts();
    expect(senders).toEqual({ [SENDER]: 3, [other]: 3 });
  });

  it('has one daily cap beside the run’s own phone', async () => {
    const on = await workplace();
    const ended = await on.run(['', ID, '', ID, ID], '--daily-cap', '3', '--phone', SENDER, ...flags);
    expect(ended.code).toBe(75);
    expect(await on.asked()).toEqual([1, 1, 1]);
  });

  it('has one gap', async () => {
    const on = await workplace();
    const began = performance.now();
    const ended = await on.run([SENDER, ID, SENDER, ID, SENDER], '--gap', '500ms..500ms', ...flags);
    expect(ended.code).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(4 * 500);
    expect(await on.asked()).toEqual([1, 1, 1, 1, 1]);
  });

  it.each([
    ['--daily-cap', '3'],
    ['--gap', '1ms..2ms'],
  ])('is not asked through with %s %s when the API does not tell its names', async (flag, value) => {
    const on = await workplace();
    await on.api.control({ reads: 'error' });
    const ended = await on.run([SENDER, ID, SENDER, ID], flag, value, ...flags);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain(
      'name each sending phone in one way, by its number or by its id (phone-…)',
    );
    expect(ended.stderr).not.toContain(SENDER);
    expect(new Set(await on.rows())).toEqual(new Set(['not_attempted']));
    expect(await on.asked()).toEqual([]);
  });

  it('is not asked through after a run under its other name, when the API does not tell its names', async () => {
    const on = await workplace();
    expect((await on.run([SENDER, SENDER], '--daily-cap', '3')).code).toBe(0);
    await on.api.control({ reads: 'error' });
    const ended = await on.run([SENDER, SENDER, ID, ID], '--daily-cap', '3', ...flags);
    expect(ended.code).toBe(5);
    expect(await on.rows()).toEqual(['added', 'added', 'not_attempted', 'not_attempted']);
    expect(await on.asked()).toEqual([1, 1]);
  });
});

it('--no-precheck reads no phone that is named in one way', async () => {
  const on = await workplace();
  await on.api.control({ reads: 'error' });
  expect((await on.run([SENDER, SENDER], '--daily-cap', '3', '--no-precheck')).code).toBe(0);
  expect(await on.asked()).toEqual([1, 1]);
});
