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

describe('a phone that is a number here and an id there', () => {
  it('has one daily cap in one run', async () => {
    const on = await workplace();
    const ended = await on.run([SENDER, ID, SENDER, ID, SENDER, ID, ID, ID], '--daily-cap', '5');
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
    expect((await on.run([first, first, first], '--daily-cap', '5')).code).toBe(0);
    const more = [first, first, first, then, then, then, then];
    expect((await on.run(more, '--daily-cap', '5')).code).toBe(75);
    expect((await on.rows()).filter((status) => status === 'added')).toHaveLength(5);
    expect(await on.asked()).toEqual([1, 1, 1, 1, 1]);
  });

  it('asks each person once without a cap, and another phone keeps its own', async () => {
    const on = await workplace();
    const other = '919811122233';
    const ended = await on.run([SENDER, ID, other, other, ID, other], '--daily-cap', '3');
    expect(ended.code).toBe(0);
    expect(await on.asked()).toEqual([1, 1, 1, 1, 1, 1]);
    const { senders } = await on.api.counts();
    expect(senders).toEqual({ [SENDER]: 3, [other]: 3 });
  });
});
