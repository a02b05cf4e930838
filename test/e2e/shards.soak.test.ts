import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { type Counts, cli, phone, results, sandbox, start } from './harness.ts';

const N = 3;
const group = (i: number) => `1203630000000000${10 + i}@g.us`;
/** A pod of an Indexed Job; Kubernetes counts them from 0. */
const pod = (i: number) => ({ JOB_COMPLETION_INDEX: `${i}`, GROUP_ONBOARD_SHARDS: `${N}` });

/** 12 groups, mixed up, with people who come twice and rows that cannot be used. */
function cohortText(people: number): string {
  const rows = Array.from(
    { length: people },
    (_, i) => `Person ${i},${group((i * 5) % 12)},${phone(i, 1 + (i % 6))}`,
  );
  rows.splice(7, 0, rows[3]!, 'Nobody,,+919874532456', 'No phone,120363000000000010@g.us,');
  rows.push(rows[20]!, 'x,120363000000000011@g.us,9.19E+11');
  return `name,chat_id,phone\n${rows.join('\n')}\n`;
}

function onceEach(counts: Counts): void {
  expect(Object.entries(counts.pairs).filter(([, pair]) => pair.asked > 1)).toEqual([]);
}

/** What does not differ between two runs of the same cohort. */
async function outcomes(path: string) {
  return (await results(path)).map(({ trace_id, asked_at, settled_at, ...row }) => row);
}

describe('three pods of an Indexed Job at once', () => {
  it('ask everybody once, and their results together are those of one run', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '1000');
    const alone = await sandbox('--limit', '1000');
    await writeFile(cohort, cohortText(90));
    const pods = () =>
      Promise.all(
        Array.from({ length: N }, (_, i) => cli(['run', cohort, ...api.args], { ...api.env, ...pod(i) })),
      );

    const first = await pods();
    const counts = await api.counts();
    onceEach(counts);
    expect(Object.keys(counts.pairs)).toHaveLength(90);
    for (const [i, ended] of first.entries()) {
      expect(ended.stderr).toMatch(new RegExp(`^\\d+ rows of shard ${i + 1}/${N}$`, 'm'));
      for (const line of ended.stderr.split('\n').filter((one) => one.startsWith('{')))
        expect(JSON.parse(line)).toMatchObject({ shard: `${i + 1}/${N}` });
    }
    const shards = Array.from({ length: N }, (_, i) =>
      join(dir, `cohort.shard-${i + 1}-of-${N}.results.csv`),
    );
    // No group is in two of them.
    const groups = await Promise.all(
      shards.map(async (path) => new Set((await results(path)).map((row) => row['chat_id']).filter(Boolean))),
    );
    expect(groups.reduce((sum, set) => sum + set.size, 0)).toBe(12);

    const again = await pods();
    expect((await api.counts()).asks).toBe(counts.asks);
    for (const ended of again)
      expect(ended.stderr).toMatch(/already done: (\d+) of \d+ rows \([^)]+\); 0 to ask/);

    const merged = join(dir, 'merged.csv');
    const told = await cli(['merge', ...shards, '--cohort', cohort, '-o', merged]);
    expect([told.code, told.stderr]).toEqual([4, '']);
    const whole = join(dir, 'whole.csv');
    expect((await cli(['run', cohort, ...alone.args, '-o', whole], alone.env)).code).toBe(4);
    expect(await outcomes(merged)).toEqual(await outcomes(whole));

    // The merged file is a results CSV like any other.
    const report = await cli(['report', merged]);
    expect([report.code, report.stdout.split('\nresults')[0]]).toEqual([
      0,
      told.stdout.split('\nresults')[0],
    ]);
    const invited = (await results(merged)).filter((row) => row['status'] === 'invited');
    await api.control({ join: [[invited[0]!['chat_id'], invited[0]!['participant']]] });
    const followed = await cli(['follow-up', merged, ...api.args], api.env);
    expect(followed.code).toBe(4);
    const joined = (await results(merged)).filter((row) => row['status'] === 'joined');
    expect(joined.map((row) => row['participant'])).toEqual([invited[0]!['participant']]);
    const failed = (await results(merged)).filter((row) => row['status'] === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    const retry = ['run', merged, ...api.args, '--only-status', 'failed', '--retry', 'failed'];
    expect((await cli(retry, api.env)).code).toBe(2);
    await cli(['rebuild-ledger', merged, '--base-url', new URL(api.url).origin]);
    await cli(retry, api.env);
    const asked = Object.entries((await api.counts()).pairs).filter(([, pair]) => pair.received > 1);
    expect(asked.map(([pair]) => pair.split(' ')[1]).sort()).toEqual(
      failed.map((row) => row['participant'] as string).sort(),
    );
  });

  it('lose nobody to kill -9: merge waits for the pod that was killed', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    // However late it is killed, it cannot have come to its end: the window is over long after that.
    const api = await sandbox('--limit', '7', '--window', '10m');
    await writeFile(cohort, cohortText(60));
    const shards = Array.from({ length: N }, (_, i) =>
      join(dir, `cohort.shard-${i + 1}-of-${N}.results.csv`),
    );
    const run = (i: number) =>
      start(['run', cohort, ...api.args, '--no-precheck', '--concurrency', '2'], { ...api.env, ...pod(i) });
    const killed = run(0);
    while ((await api.counts()).asks < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    killed.child.kill('SIGKILL');
    await killed.ended;
    await api.control({ limit: 1000 });
    for (const ended of await Promise.all([run(1).ended, run(2).ended])) expect([0, 4]).toContain(ended.code);

    const merged = join(dir, 'merged.csv');
    const args = ['merge', '--cohort', cohort, '-o', merged];
    const early = await cli([...args, ...shards.slice(1)]);
    expect([early.code, early.stdout]).toEqual([75, '']);
    expect(early.stderr).toMatch(
      /^group-onboard: \S+ row \d+ has no result, and \S+shard-1-of-3\S+ says that they were asked/,
    );

    const on = await run(0).ended;
    expect(on.stderr).toMatch(/already done: \d+ of \d+ rows/);
    expect([0, 4]).toContain(on.code);
    expect([0, 4]).toContain((await cli([...args, ...shards])).code);
    const rows = await results(merged);
    expect(rows.map((row) => row['row'])).toEqual(Array.from({ length: 65 }, (_, i) => `${i + 2}`));
    expect(rows.filter((row) => row['status'] === 'not_attempted')).toEqual([]);
    onceEach(await api.counts());
  });
});

describe('--shard', () => {
  it('asks nobody again because the cohort is dealt otherwise', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '1000');
    await writeFile(cohort, cohortText(30));
    const run = (...flags: string[]) =>
      cli(['run', cohort, ...api.args, '--log-level', 'warn', ...flags], api.env);
    expect((await run('--shard', '1/3')).code).toBe(4);
    const { asks } = await api.counts();
    expect(asks).toBeGreaterThan(0);
    for (const flags of [[], ['--shard', '1/4'], ['--shard', '2/4', '--dry-run']]) {
      const ended = await run(...flags);
      expect([ended.code, ended.stderr]).toEqual([
        2,
        expect.stringMatching(
          /^group-onboard: \S+cohort\.shard-1-of-3\.results\.csv\.ledger\.jsonl is of a run in 3 shards, .*\n$/,
        ),
      ]);
    }
    expect((await api.counts()).asks).toBe(asks);
    // The way out that the line names: the merged results know everybody.
    for (const i of [2, 3]) await run('--shard', `${i}/3`);
    const all = (await api.counts()).asks;
    const merged = join(dir, 'merged.csv');
    const parts = [1, 2, 3].map((i) => join(dir, `cohort.shard-${i}-of-3.results.csv`));
    await cli(['merge', ...parts, '--cohort', cohort, '-o', merged]);
    for (const i of [1, 2]) {
      const shard = ['--shard', `${i}/2`];
      expect((await cli(['run', merged, ...api.args, ...shard], api.env)).code).toBe(2);
      const origin = new URL(api.url).origin;
      expect((await cli(['rebuild-ledger', merged, ...shard, '--base-url', origin])).code).toBe(0);
      expect((await cli(['run', merged, ...api.args, ...shard], api.env)).code).toBe(4);
    }
    expect((await api.counts()).asks).toBe(all);
    onceEach(await api.counts());
  });

  it('has files of its own, all of them, and a plan of its own', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, cohortText(30));
    const summary = join(dir, 'summary.json');
    const metrics = join(dir, 'onboard.prom');
    const ended = await cli(
      [
        'run',
        cohort,
        '--sandbox',
        '-o',
        join(dir, 'o.csv'),
        '--summary-json',
        summary,
        '--metrics-file',
        metrics,
      ],
      { GROUP_ONBOARD_SHARD: '2/3' },
    );
    expect(ended.code).toBe(4);
    const rows = await results(join(dir, 'o.shard-2-of-3.csv'));
    expect(rows.length).toBeGreaterThan(0);
    const written = JSON.parse(await readFile(join(dir, 'summary.shard-2-of-3.json'), 'utf8'));
    expect(written).toMatchObject({ shard: '2/3', rows: rows.length, exit_code: 4 });
    expect(await readFile(join(dir, 'onboard.shard-2-of-3.prom'), 'utf8')).toContain(
      'group_onboard_exit_code{cohort="cohort.csv",shard="2/3"} 4',
    );
    const plan = await cli(['check', cohort, '--shard', '2/3']);
    expect(plan.stdout).toMatch(new RegExp(`^${rows.length} rows of shard 2/3: `, 'm'));
    const dry = await cli(['run', cohort, '--dry-run', '--shard', '2/3', '-o', join(dir, 'dry.csv')]);
    expect(dry.code).toBe(0);
    expect((await results(join(dir, 'dry.shard-2-of-3.csv'))).map((row) => row['row'])).toEqual(
      rows.map((row) => row['row']),
    );
  });

  it('is missed, loudly, in an Indexed Job that does not say how many pods there are', async () => {
    const cohort = join(await scratch(), 'cohort.csv');
    await writeFile(cohort, cohortText(30));
    const ended = await cli(['run', cohort, '--dry-run'], { JOB_COMPLETION_INDEX: '1' });
    expect(ended.stderr).toMatch(/"level":"warn".*this pod takes the whole cohort/);
    const unknown = await cli(['run', cohort, '--dry-run'], { GROUP_ONBOARD_SHARDS: '4' });
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringMatching(/^group-onboard: GROUP_ONBOARD_SHARDS=4, .*\n$/),
    ]);
  });
});
