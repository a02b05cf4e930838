/** Results that people have worked on are run again: whoever was asked is not asked by mistake. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Job, job } from './faults/support.ts';
import { cli, csv, phone, sandbox } from './harness.ts';

/** added, invited, failed */
const PEOPLE = [phone(1, 1), phone(2, 3), phone(3, 6)];

async function done(): Promise<{ api: Awaited<ReturnType<typeof sandbox>>; on: Job }> {
  const api = await sandbox('--limit', '100');
  const on = await job(api, csv(PEOPLE));
  expect((await on.run()).code).toBe(4);
  expect(await on.rows()).toEqual(['added', 'invited', expect.stringMatching(/^failed/)]);
  return { api, on };
}

/** The results, changed, as the cohort. */
async function again(
  { api, on }: Awaited<ReturnType<typeof done>>,
  change: (lines: string[]) => string[],
  ...flags: string[]
) {
  const lines = (await readFile(on.output, 'utf8')).trimEnd().split('\n');
  const path = on.output;
  await writeFile(path, `${change(lines).join('\n')}\n`);
  const ended = await cli(['run', path, ...api.args, '--no-precheck', ...flags], api.env);
  return { ended, asks: (await api.counts()).asks };
}

const append = (lines: string[]) => lines.map((line, i) => `${line},${i === 0 ? 'Remarks' : 'called'}`);

describe('a results CSV as the cohort', () => {
  it.each([
    ['a column added at its end', append],
    ['its last column deleted', (lines: string[]) => lines.map((line) => line.replace(/,[^,]*$/, ''))],
  ])('%s: refused in one line, as nobody knows who was asked', async (_what, change) => {
    for (const flags of [[], ['--only-status', 'failed']]) {
      const { ended, asks } = await again(await done(), change, ...flags);
      expect([ended.code, asks]).toEqual([3, 3]);
      expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(
        /cohort\.results\.csv was a results CSV, but its columns .* before “row”/,
      );
    }
  });

  it.each([[[]], [['--only-status', 'failed']]])(
    'a status that somebody has changed: that row is invalid, and says so (%j)',
    async (flags) => {
      const state = await done();
      const { asks } = await again(
        state,
        (lines) =>
          lines.map((line, i) =>
            i === 1 ? line.replace(',added,', ',done ✓,') : i === 2 ? line.replace(',invited,', ',,') : line,
          ),
        ...flags,
      );
      expect(asks).toBe(3);
      const text = await readFile(state.on.output, 'utf8');
      expect(text.match(/invalid,status_edited,[^\n]*the status is now “done ✓”/g)).toHaveLength(1);
      expect(text.match(/invalid,status_edited,[^\n]*the status was cleared/g)).toHaveLength(1);
    },
  );

  it('a row that somebody has added to it is asked, and not one whose results were cleared', async () => {
    const state = await done();
    const { ended, asks } = await again(state, (lines) => {
      const [header = '', first = '', ...rest] = lines;
      const own = first.split(',').slice(0, header.split(',').length - 11);
      const blank = (cells: string[]) => [...cells, ...Array(11).fill('')].join(',');
      const fresh = own.map((cell) => cell.replace(phone(1, 1), phone(4, 1)));
      return [header, blank(own), ...rest, blank(fresh)];
    });
    expect([ended.code, asks]).toEqual([4, 4]);
  });

  it('--only-status with a cohort that is none: refused, and nobody is asked', async () => {
    const { api, on } = await done();
    const args = ['run', on.cohort, ...api.args, '-o', join(on.dir, 'fresh.csv'), '--only-status', 'failed'];
    const ended = await cli(args, api.env);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(
      /--only-status goes by the results of an earlier run, and .*cohort\.csv has none/,
    );
    expect((await api.counts()).asks).toBe(3);
  });
});

describe('what a run has left', () => {
  it('is not replaced by a plan, which would hide that the ledger is lost', async () => {
    const { on } = await done();
    const before = await readFile(on.output, 'utf8');
    const plan = await cli(['check', on.cohort, '-o', on.output]);
    expect(plan.code).toBe(2);
    expect(plan.stderr).toMatch(
      /cohort\.results\.csv, row 2, says that people were asked: give --output another file/,
    );
    expect(await readFile(on.output, 'utf8')).toBe(before);
    await rename(on.ledger, join(on.dir, 'gone'));
    expect((await on.run()).code).toBe(2);
  });

  it('a plan takes the place of a plan', async () => {
    const api = await sandbox();
    const on = await job(api, csv(PEOPLE));
    for (let i = 0; i < 2; i++) expect((await cli(['check', on.cohort, '-o', on.output])).code).toBe(0);
  });

  it.each(['--summary-json', '--junit', '--metrics-file'])(
    '%s takes the place of its like, and of nothing else, however it is spelled',
    async (flag) => {
      const { api, on } = await done();
      const own = join(on.dir, 'own');
      for (let i = 0; i < 2; i++) expect((await on.run(flag, own)).code).toBe(4);
      const other = join(on.dir, 'other.csv');
      await writeFile(other, 'a,b\n1,2\n');
      const kept = [on.cohort, on.output, on.ledger, other];
      const before = await Promise.all(kept.map((path) => readFile(path, 'utf8')));
      const around = (path: string) =>
        path.replace('/cohort', '/../'.concat(on.dir.split('/').at(-1) ?? '', '/cohort'));
      for (const path of [...kept.map(around), other]) {
        const ended = await on.run(flag, path);
        expect([path, ended.code]).toEqual([path, 2]);
        expect(ended.stderr).toMatch(/is used already|exists and is no .* of ours: give --/);
      }
      const follow = await cli(['follow-up', on.output, ...api.args, flag, on.cohort], api.env);
      expect(follow.code).toBe(2);
      const nowhere = await on.run(flag, join(on.dir, 'absent', 'file'));
      expect(nowhere.stderr).toMatch(new RegExp(`cannot be written there: .*give another ${flag}\\n$`));
      expect(await Promise.all(kept.map((path) => readFile(path, 'utf8')))).toEqual(before);
    },
  );

  it('the ledger is not where the results go, however that is spelled', async () => {
    const { on } = await done();
    const ended = await on.run(
      '--ledger',
      join(on.dir, '.', 'x', '..', 'cohort.results.csv').replace(on.dir, `${on.dir}/./`),
    );
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/--ledger .* is used already/);
  });
});

it('a timeout that no timer can hold is refused', async () => {
  const { on } = await done();
  const ended = await on.run('--request-timeout', '25d');
  expect(ended.code).toBe(2);
  expect(ended.stderr).toBe(
    'group-onboard: --request-timeout is longer than a day: no answer takes that long; give 30s or so\n',
  );
});
