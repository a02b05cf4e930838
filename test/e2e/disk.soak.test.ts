/** The disk and the lock, through the CLI: full, read-only, taken away, elsewhere; and two runs that want one ledger. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fill, smallDisk } from '../full-disk.ts';
import { scratch } from '../helpers.ts';
import { cli, csv, phone, type Running, results, type SandboxProcess, sandbox, start } from './harness.ts';

const people = (count: number) => Array.from({ length: count }, (_, i) => phone(i, i % 2 === 0 ? 1 : 3));

/** Resolves when the sandbox has been asked so often. */
async function asked(api: SandboxProcess, times: number, running: Running): Promise<void> {
  while ((await api.counts()).asks < times) {
    if (running.child.exitCode !== null) throw new Error(`ended early: ${(await running.ended).stderr}`);
    await sleep(5);
  }
}

async function onceEach(api: SandboxProcess, cohort: readonly string[]): Promise<void> {
  const { pairs } = await api.counts();
  expect(Object.values(pairs).map((pair) => pair.asked)).toEqual(cohort.map(() => 1));
}

/** What a person reads at the end: the lines that are no log. */
const words = (stderr: string) =>
  stderr
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');

describe('a disk that fills in mid-run', () => {
  test('the ledger’s: no more asks, said so, 75, and goes on when there is room', async (context) => {
    const disk = await smallDisk(context, 512 * 1024);
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const ledger = join(disk, 'ledger.jsonl');
    const everybody = people(80);
    await writeFile(cohort, csv(everybody));
    const api = await sandbox('--limit', '10', '--window', '1s');
    const args = ['run', cohort, ...api.args, '--ledger', ledger, '--no-precheck'];
    const running = start(args, api.env);
    await asked(api, 5, running);
    const ballast = fill(disk);
    const ended = await running.ended;
    expect(ended.code).toBe(75);
    expect(words(ended.stderr)).toMatch(/ledger could not be written: disk full \(ENOSPC\).*\n$/);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(rows).toHaveLength(80);
    const left = rows.filter((row) => row['status'] === 'not_attempted');
    expect(new Set(left.map((row) => row['reason_code']))).toEqual(new Set(['ledger_failed']));
    const { asks } = await api.counts();
    expect(left.length).toBeGreaterThan(0);
    expect(asks).toBeLessThan(80);

    // Still full: nobody is asked, and the file is left sound.
    const full = await cli(args, api.env);
    expect([2, 75]).toContain(full.code);
    expect((await api.counts()).asks).toBe(asks);

    rmSync(ballast);
    await api.control({ limit: 1000 });
    const again = await cli(args, api.env);
    const after = await results(join(dir, 'cohort.results.csv'));
    const unknown = after.filter((row) => row['status'] === 'unknown').length;
    expect(again.code).toBe(unknown > 0 ? 4 : 0);
    // Those in flight when the disk was full; whom the group lists is known.
    expect(unknown).toBeLessThanOrEqual(10);
    const { pairs: sent } = await api.counts();
    // Nobody who was recorded and not asked is left in doubt.
    for (const row of after)
      expect([row['row'], sent[`${row['chat_id']} ${row['participant']}`]?.asked]).toEqual([row['row'], 1]);
    expect(after.filter((row) => row['status'] === 'not_attempted')).toEqual([]);
    const { pairs } = await api.counts();
    expect(Object.values(pairs).filter((pair) => pair.asked > 1)).toEqual([]);
  });

  test('the results’ too: the ledger has everything, and the next run writes them', async (context) => {
    const disk = await smallDisk(context, 512 * 1024);
    const cohort = join(disk, 'cohort.csv');
    const everybody = people(60);
    await writeFile(cohort, csv(everybody));
    const api = await sandbox('--limit', '10', '--window', '1s');
    const args = ['run', cohort, ...api.args, '--no-precheck'];
    const running = start(args, api.env);
    await asked(api, 5, running);
    const ballast = fill(disk);
    const ended = await running.ended;
    expect(ended.code).toBe(75);
    expect(words(ended.stderr)).toMatch(/disk full \(ENOSPC\)/);
    expect(words(ended.stderr).trimEnd().split('\n')).toHaveLength(1);
    expect(readdirSync(disk).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    rmSync(ballast);
    await api.control({ limit: 1000 });
    const again = await cli(args, api.env);
    expect([0, 4]).toContain(again.code);
    expect(await results(join(disk, 'cohort.results.csv'))).toHaveLength(60);
    const { pairs } = await api.counts();
    expect(Object.values(pairs).filter((pair) => pair.asked > 1)).toEqual([]);
  });
});

test('a read-only disk: nothing is sent, exit 2', async (context) => {
  const disk = await smallDisk(context, 256 * 1024);
  const cohort = join(disk, 'cohort.csv');
  await writeFile(cohort, csv(people(2)));
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const api = await sandbox();
  const ended = await cli(['run', cohort, ...api.args], api.env);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/read-only.*\n$/);
  const elsewhere = join(await scratch(), 'out.csv');
  const byLedger = await cli(
    ['run', cohort, ...api.args, '-o', elsewhere, '--ledger', join(disk, 'l')],
    api.env,
  );
  expect([byLedger.code, existsSync(elsewhere)]).toEqual([2, false]);
  expect((await api.counts()).asks).toBe(0);
});

test.each([
  ['removed', (ledger: string) => rmSync(ledger)],
  [
    'replaced by another',
    (ledger: string) => {
      execFileSync('cp', [ledger, `${ledger}.copy`]);
      execFileSync('mv', [`${ledger}.copy`, ledger]);
    },
  ],
])(
  'a ledger that is %s in mid-run: no more asks, 75, and what is known is in the results',
  async (_what, harm) => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv(people(60)));
    const api = await sandbox('--limit', '10', '--window', '1s');
    const running = start(['run', cohort, ...api.args, '--no-precheck'], api.env);
    await asked(api, 15, running);
    harm(join(dir, 'cohort.results.csv.ledger.jsonl'));
    const ended = await running.ended;
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/has lost the ledger: .*\n$/);
    const rows = await results(join(dir, 'cohort.results.csv'));
    const counts = await api.counts();
    expect(rows).toHaveLength(60);
    const known = rows.filter((row) => /^(?:added|invited)$/.test(row['status']!)).length;
    const unknown = rows.filter((row) => row['status'] === 'unknown').length;
    expect(known).toBeGreaterThanOrEqual(5);
    expect(known + unknown).toBe(counts.asks);
    expect(Object.values(counts.pairs).filter((pair) => pair.asked > 1)).toEqual([]);
  },
);

test('results on another file system than the temporary directory', async (context) => {
  const [disk, dir] = [await smallDisk(context, 512 * 1024), await scratch()];
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, csv(people(3)));
  const api = await sandbox('--limit', '100');
  const out = join(disk, 'out.csv');
  expect((await stat(disk)).dev).not.toBe((await stat(dir)).dev);
  for (const TMPDIR of [dir, disk, '/nonexistent']) {
    const ended = await cli(['run', cohort, ...api.args, '-o', out], { ...api.env, TMPDIR });
    expect([ended.code, ended.stderr]).toEqual([0, expect.not.stringMatching(/EXDEV/)]);
  }
  expect(await results(out)).toHaveLength(3);
  expect(readdirSync(disk).sort()).toEqual(['out.csv', 'out.csv.ledger.jsonl']);
  await onceEach(api, people(3));
});

describe('two runs and one ledger', () => {
  test('the second leaves with 6 and names the holder; a suspended holder lives', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv(people(30)));
    const api = await sandbox('--limit', '5', '--window', '1s');
    const args = ['run', cohort, ...api.args, '--no-precheck'];
    const first = start(args, api.env);
    await asked(api, 3, first);
    const before = await readFile(join(dir, 'cohort.results.csv.ledger.jsonl'));
    for (const stop of [false, true, true]) {
      if (stop) first.child.kill('SIGSTOP');
      const second = await cli(args, api.env);
      expect(second.code).toBe(6);
      expect(words(second.stderr)).toMatch(
        new RegExp(`held by the run with pid ${first.child.pid} on .*\n$`),
      );
      expect(existsSync(join(dir, 'cohort.results.csv'))).toBe(false);
    }
    const held = await readFile(join(dir, 'cohort.results.csv.ledger.jsonl'));
    expect(held.subarray(0, before.length).equals(before)).toBe(true);
    await api.control({ limit: 1000 });
    first.child.kill('SIGCONT');
    expect((await first.ended).code).toBe(0);
    await onceEach(api, people(30));
  });

  test('a holder that was killed is followed at once', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv(people(30)));
    const api = await sandbox('--limit', '5', '--window', '1s');
    const args = ['run', cohort, ...api.args, '--no-precheck'];
    const first = start(args, api.env);
    await asked(api, 3, first);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(readdirSync(join(dir, 'cohort.results.csv.ledger.jsonl.lock'))).toHaveLength(1);
    await api.control({ limit: 1000 });
    const began = performance.now();
    const next = await cli(args, api.env);
    const tookMs = performance.now() - began;
    // The killed run's ask may have left somebody unknown.
    expect([0, 4]).toContain(next.code);
    // Where only a heartbeat could tell, it would have been watched for 15 s.
    expect(tookMs).toBeLessThan(15_000);
    const { pairs } = await api.counts();
    expect(Object.values(pairs).filter((pair) => pair.asked > 1)).toEqual([]);
    expect(existsSync(join(dir, 'cohort.results.csv.ledger.jsonl.lock'))).toBe(false);
  });

  test('of several that start at once, one runs', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv(people(12)));
    const api = await sandbox('--limit', '4', '--window', '2s');
    const args = ['run', cohort, ...api.args, '--no-precheck'];
    const ended = await Promise.all([1, 2, 3].map(() => cli(args, api.env)));
    expect(ended.map(({ code }) => code).sort()).toEqual([0, 6, 6]);
    await onceEach(api, people(12));
  });
});
