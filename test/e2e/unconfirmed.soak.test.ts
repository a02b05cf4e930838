import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { chatReads, cli } from './follow-up-trial.ts';
import { phone, results, sandbox } from './harness.ts';

const FRESH = '120363398840217746@g.us';
const STALE = '120363398840210304@g.us';
const UNREADABLE = '120363398840210500@g.us';

/** Two people in each group whose answer is a success alone. */
async function trial(...flags: string[]) {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  const api = await sandbox('--limit', '100');
  const rows = [FRESH, STALE, UNREADABLE].flatMap((group, g) =>
    [0, 1].map((i) => `${group},${phone(2 * g + i, 14)}`),
  );
  await writeFile(cohort, `chat_id,phone\n${rows.join('\n')}\n`);
  const run = (...more: string[]) => cli(['run', cohort, ...api.args, ...flags, ...more], api.env);
  const outcomes = async () =>
    (await results(join(dir, 'cohort.results.csv'))).map(
      ({ status, reason_code }) => `${status}/${reason_code}`,
    );
  return { api, run, outcomes };
}

const SETTLED = [
  ...['added/confirmed_by_membership', 'added/confirmed_by_membership'],
  ...['invited/unconfirmed', 'invited/unconfirmed'],
  ...['added/unconfirmed', 'added/unconfirmed'],
];

describe('a success that does not say what was done', () => {
  it.each([[[]], [['--batch-size', '2']]])(
    'is settled by one read of its group at the end %j',
    async (flags) => {
      const { api, run, outcomes } = await trial(...flags);
      expect((await run('--no-precheck')).code).toBe(0);
      expect(await outcomes()).toEqual(SETTLED);
      expect(await chatReads(api)).toBe(3);
      // What is settled is not looked at again; what could not be read is.
      await run('--no-precheck');
      expect(await outcomes()).toEqual(SETTLED);
      expect(await chatReads(api)).toBe(4);
      expect(Object.values((await api.counts()).pairs).every(({ asked }) => asked === 1)).toBe(true);
      expect(Object.values((await api.counts()).pairs)).toHaveLength(6);
    },
  );

  it('is settled too when the run ends early', async () => {
    const { api, run, outcomes } = await trial('--no-precheck');
    expect((await run('--daily-cap', '3')).code).toBe(75);
    const rest = Array(3).fill('not_attempted/daily_cap');
    expect(await outcomes()).toEqual([...SETTLED.slice(0, 3), ...rest]);
    expect(await chatReads(api)).toBe(2);
    expect((await run()).code).toBe(0);
    expect(await outcomes()).toEqual(SETTLED);
    expect(Object.values((await api.counts()).pairs).every(({ asked }) => asked === 1)).toBe(true);
  });

  it('is settled by the next run where the membership could not be read', async () => {
    const { api, run, outcomes } = await trial('--no-precheck');
    await api.control({ reads: 'error' });
    await run();
    expect(await outcomes()).toEqual(Array(6).fill('added/unconfirmed'));
    await api.control({ reads: 'ok' });
    await run();
    expect(await outcomes()).toEqual(SETTLED);
    expect(Object.values((await api.counts()).pairs).every(({ asked }) => asked === 1)).toBe(true);
  });
});
