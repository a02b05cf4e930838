/** The pace of a careful account is hours: a scheduled run ends at its deadline, or with its container, and the next goes on. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { until } from './faults/support.ts';
import { csv, type Ended, phone, results, sandbox, start } from './harness.ts';

const PEOPLE = 20;
const SHORTEST_MS = 1200;

/** Runs until the end, each run up to its deadline; `killed` of them are replaced in mid-run. */
async function scheduled(killed: number) {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  // However late one is killed, it cannot have come to its end: the window is over long after that.
  const api = await sandbox('--limit', '5', '--window', killed > 0 ? '10m' : '1s');
  await writeFile(cohort, csv(Array.from({ length: PEOPLE }, (_, i) => phone(i))));
  const args = ['run', cohort, ...api.args, '--no-precheck', '--concurrency', '1'];
  const runs: { readonly ended: Ended; readonly asked: number }[] = [];
  let deadlineMs = SHORTEST_MS;
  do {
    expect(runs.length).toBeLessThan(2 * PEOPLE);
    const { asks: before, requests } = await api.counts();
    const kill = runs.length < killed;
    // A run that finds somebody in doubt reads the group first, and reads count, too.
    const used = Object.values(requests).flatMap((byStatus) => Object.values(byStatus));
    const limit = used.reduce((sum, count) => sum + count, 0) + 5;
    if (killed > 0) await api.control({ limit: kill ? limit : 1000 });
    const running = start(kill ? args : [...args, '--deadline', `${deadlineMs}ms`], api.env);
    if (kill) {
      await until(async () => (await api.counts()).asks >= before + 2 || running.child.exitCode !== null);
      running.child.kill('SIGKILL');
    }
    const asked = { ended: await running.ended, asked: (await api.counts()).asks - before };
    runs.push(asked);
    // On a machine that takes all of it to begin, a user would give it longer.
    deadlineMs = asked.asked === 0 ? 2 * deadlineMs : SHORTEST_MS;
  } while (runs.at(-1)?.ended.code === 75 || runs.at(-1)?.ended.signal === 'SIGKILL');
  const { pairs } = await api.counts();
  const rows = await results(join(dir, 'cohort.results.csv'));
  return { runs, pairs, rows };
}

/** The line that a run begins with, as JSON. */
function alreadyDone({ stderr }: Ended): Record<string, unknown> | undefined {
  const line = stderr.split('\n').find((one) => one.includes('"already done: '));
  return line === undefined ? undefined : JSON.parse(line).known;
}

describe('a run with a deadline, again and again', () => {
  it('asks everybody once, says what was done before, and comes to its end', async () => {
    const { runs, pairs, rows } = await scheduled(0);
    expect(runs.length).toBeGreaterThan(1);
    expect(runs.map(({ ended }) => ended.code)).toEqual([...runs.slice(1).map(() => 75), 0]);
    expect(Object.values(pairs).map((pair) => pair.asked)).toEqual(new Array(PEOPLE).fill(1));
    expect(rows.map((row) => row['status'])).toEqual(new Array(PEOPLE).fill('added'));
    expect(alreadyDone(runs[0]!.ended)).toBeUndefined();
    let done = 0;
    for (const { ended, asked } of runs) {
      if (done > 0)
        expect(alreadyDone(ended)).toMatchObject({
          done,
          rows: PEOPLE,
          to_ask: PEOPLE - done,
          by_status: { added: done },
          last_asked_at: expect.any(String),
        });
      done += asked;
    }
  });

  it('does so when its container is killed, too', async () => {
    const { runs, pairs, rows } = await scheduled(3);
    expect(runs.slice(0, 3).map(({ ended }) => ended.signal)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
    expect(Object.values(pairs).filter((pair) => pair.asked > 1)).toEqual([]);
    // One ask in flight at each kill: where it did not get to the API, nobody knows, and nobody asks again.
    const open = rows.filter((row) => row['status'] !== 'added');
    expect(open.length).toBeLessThanOrEqual(3);
    expect(open.every((row) => row['status'] === 'unknown')).toBe(true);
    expect(Object.keys(pairs).length).toBeGreaterThanOrEqual(PEOPLE - open.length);
    expect(runs.at(-1)!.ended.code).toBe(open.length > 0 ? 4 : 0);
    for (const { ended } of runs.slice(1)) expect(alreadyDone(ended)).toBeDefined();
  });
});
