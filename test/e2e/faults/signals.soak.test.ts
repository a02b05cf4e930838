import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { built } from '../../built.ts';
import { bestOfThree, scratch } from '../../helpers.ts';
import { csv, phone, results, sandbox } from '../harness.ts';
import { type Job, job, lastLine, onceEach, until } from './support.ts';

const CLI = built('cli.js');
const people = (n: number) => Array.from({ length: n }, (_, i) => phone(i, 1));
const temporary = async (dir: string) => (await readdir(dir)).filter((name) => name.includes('.tmp'));

async function recorded(on: Job, kind: string): Promise<number> {
  return (await readFile(on.ledger, 'utf8').catch(() => '')).split(`"is":"${kind}"`).length - 1;
}

/** Whoever waits after a signal waits ten seconds, less what the test is late to look: in less than this, nothing waited. */
const GRACE_MS = 9_000;
/** And so quick are they: what else the machine does would have to be too slow three times in a row. */
const OUT_MS = 2_000;

async function took(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

describe('while waiting out a window of ten minutes', () => {
  it.each([
    ['SIGTERM', 143, []],
    ['SIGINT', 130, []],
    ['--deadline', 75, ['--deadline', '5s']],
  ] as const)('%s: out in two seconds, results written', async (what, code, flags) => {
    const once = async () => {
      const api = await sandbox('--limit', '3', '--window', '10m');
      const on = await job(api, csv(people(10)));
      const running = on.start('--no-precheck', ...flags);
      await running.shows(' for the rate limit');
      await until(async () => (await api.counts()).asks === 3);
      if (what !== '--deadline') running.child.kill(what);
      const ms = (await took(running.ended)) - (what === '--deadline' ? 5_000 : 0);
      expect(ms).toBeLessThan(GRACE_MS);
      const ended = await running.ended;
      expect(ended.code).toBe(code);
      expect(lastLine(ended.stderr)).toMatch(
        what === '--deadline' ? /^stopped .*--deadline/ : /^stopped .*(?:SIGTERM|Ctrl-C)/,
      );
      const reason = what === '--deadline' ? 'deadline' : 'interrupted';
      // The third tried whether the window is a second long.
      const rows = [...Array(3).fill('added'), ...Array(7).fill(`not_attempted/${reason}`)];
      expect(await on.rows()).toEqual(rows);
      await api.control({ limit: 1000 });
      expect((await on.run('--no-precheck')).code).toBe(0);
      const counts = await api.counts();
      expect(counts.asks).toBe(10);
      onceEach(counts);
      return ms;
    };
    expect(await bestOfThree(once, (ms) => ms < OUT_MS)).toBeLessThan(OUT_MS);
  });
});

describe('with a request in flight', () => {
  it('a second Ctrl-C: out at once, and the ledger goes on', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv(people(5)));
    await api.control({ holdMs: 60_000 });
    const running = on.start('--no-precheck');
    await until(async () => (await recorded(on, 'asked')) > 0);
    running.child.kill('SIGINT');
    await running.shows('no new asks');
    running.child.kill('SIGINT');
    expect(await took(running.ended)).toBeLessThan(GRACE_MS);
    expect((await running.ended).code).toBe(130);
    expect(existsSync(on.output)).toBe(false);

    await api.control({ holdMs: 0 });
    expect([0, 4]).toContain((await on.run()).code);
    const rows = await on.rows();
    expect(rows.slice(1)).toEqual(Array(4).fill('added'));
    expect(rows[0]).toMatch(/^added\/confirmed|^unknown/);
    onceEach(await api.counts());
  });

  it('asks may end for ten seconds; then they are given up, and are in doubt', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv(people(3)));
    await api.control({ holdMs: 60_000 });
    const running = on.start('--no-precheck');
    await until(async () => (await recorded(on, 'asked')) > 0);
    running.child.kill('SIGTERM');
    const ms = await took(running.ended);
    expect(ms).toBeGreaterThan(GRACE_MS);
    // The answers are held back for a minute, and a request may take as long.
    expect(ms).toBeLessThan(50_000);
    expect((await running.ended).code).toBe(143);
    expect(await on.rows()).toEqual([
      'unknown/no_answer',
      'not_attempted/interrupted',
      'not_attempted/interrupted',
    ]);
    await api.control({ holdMs: 0 });
    await on.run();
    expect((await on.rows()).slice(1)).toEqual(['added', 'added']);
    onceEach(await api.counts());
  });

  it('a read is given up at once: nothing comes of it', async () => {
    const once = async () => {
      const api = await sandbox('--limit', '1000');
      const on = await job(api, csv(people(2)));
      await api.control({ holdMs: 60_000 });
      const running = on.start();
      await running.shows('cohort read');
      running.child.kill('SIGTERM');
      const ms = await took(running.ended);
      expect(ms).toBeLessThan(GRACE_MS);
      const ended = await running.ended;
      expect([ended.code, ended.stderr]).toEqual([143, expect.stringMatching(/stopped by SIGTERM\n$/)]);
      expect(await on.rows()).toEqual(['not_attempted/interrupted', 'not_attempted/interrupted']);
      expect((await api.counts()).asks).toBe(0);
      return ms;
    };
    expect(await bestOfThree(once, (ms) => ms < OUT_MS)).toBeLessThan(OUT_MS);
  });
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s to a command that has nothing to finish: it ends itself, as nobody else would end PID 1',
  async (what, code) => {
    const dir = await scratch();
    const child = spawn(process.execPath, [CLI, 'check', '-'], {
      env: { PATH: process.env['PATH'], TMPDIR: dir },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    child.stdin.on('error', () => {});
    // More than a pipe holds: it is being read.
    await new Promise<void>((resolve) => {
      child.stdin.write(csv(people(10_000)), () => resolve());
    });
    const ended = new Promise((resolve) => {
      child.on('close', (...how) => resolve(how));
    });
    // It is kept in a file, as it is read more than once; people's numbers are in it.
    expect(await temporary(dir)).toHaveLength(1);
    child.kill(what);
    expect(await ended).toEqual([code, null]);
    expect(await readdir(dir)).toEqual([]);
  },
);

describe('a reader that goes away', () => {
  const shell = promisify(execFile);

  it.each([
    ['stderr', '2>&1 >/dev/null | head -c 1 >/dev/null'],
    ['both', '2>&1 | head -n 1 >/dev/null'],
    ['stderr, shut from the start', '2>&-'],
    ['stdout, shut from the start', '2>/dev/null >&-'],
  ])('%s: the run completes, with its results and its exit code', async (_what, pipe) => {
    const api = await sandbox('--limit', '100');
    const on = await job(api, csv([...people(25), phone(30, 5)]));
    const command = `"$0" "$@" --log-level debug ${pipe}; exit "\${PIPESTATUS[0]}"`;
    const args = ['-c', command, process.execPath, CLI, 'run', on.cohort, ...api.args];
    const ended = shell('bash', args, { env: { PATH: process.env['PATH'], ...api.env } });
    await expect(ended).rejects.toMatchObject({ code: 4 });
    expect(await on.rows()).toEqual([...Array(25).fill('added'), 'failed/not_on_whatsapp']);
    onceEach(await api.counts());
  });

  it('of the results themselves: everybody is asked, and the loss is said', async () => {
    const api = await sandbox('--limit', '1000');
    const wide = csv(people(40)).replaceAll('Person', 'x'.repeat(5_000));
    const on = await job(api, wide);
    const command = `"$0" "$@" -o - | head -n 1 >/dev/null; exit "\${PIPESTATUS[0]}"`;
    const args = ['-c', command, process.execPath, CLI, 'run', on.cohort, ...api.args];
    const ended = shell('bash', args, { env: { PATH: process.env['PATH'], ...api.env } });
    await expect(ended).rejects.toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/standard output: the results could not be written/),
    });
    expect((await api.counts()).asks).toBe(40);
    // The same command with a file to write to asks nobody.
    await on.run();
    expect(await on.rows()).toEqual(Array(40).fill('added'));
    expect((await api.counts()).asks).toBe(40);
  });
});

describe('standard input as the cohort', () => {
  function piped(on: Job, api: { args: readonly string[]; env: Record<string, string> }, ...flags: string[]) {
    const args = [CLI, 'run', '-', '-o', on.output, '--no-precheck', ...api.args, ...flags];
    const env = { PATH: process.env['PATH'] ?? '', ...api.env };
    const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    child.stdin.on('error', () => {});
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', resolve);
    });
    return { child, ended };
  }

  it('--deadline while it is still coming: 75, and nothing is left behind', async () => {
    const api = await sandbox();
    const on = await job(api, '');
    const { child, ended } = piped(on, api, '--deadline', '1s');
    child.stdin.write(csv(people(5)));
    expect(await ended).toBe(75);
    expect((await readdir(on.dir)).sort()).toEqual(['cohort.csv']);
    expect((await api.counts()).asks).toBe(0);
  });

  it('SIGINT while it is still coming: nothing is left behind', async () => {
    const api = await sandbox();
    const on = await job(api, '');
    const { child, ended } = piped(on, api);
    child.stdin.write(csv(people(5)));
    await until(async () => (await temporary(on.dir)).length > 0);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect((await readdir(on.dir)).sort()).toEqual(['cohort.csv']);
    expect((await api.counts()).asks).toBe(0);
  });

  it('a second signal while the answer is waited for: nothing is left but the ledger', async () => {
    const api = await sandbox();
    await api.control({ holdMs: 60_000 });
    const on = await job(api, '');
    const { child, ended } = piped(on, api);
    child.stdin.end(csv(people(1)));
    await until(async () => (await recorded(on, 'asked')) > 0);
    expect(await temporary(on.dir)).toHaveLength(1);
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect([130, 143]).toContain(await ended); // two at once may come in either order
    expect(await temporary(on.dir)).toEqual([]);
    expect(await recorded(on, 'outcome')).toBe(0);
  });

  it('kill -9: the next run with the same ledger removes the copy, once nobody can be using it', async () => {
    const api = await sandbox();
    const on = await job(api, '');
    const killed = piped(on, api);
    killed.child.stdin.write(csv(people(5)));
    await until(async () => (await temporary(on.dir)).length > 0);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const [left = ''] = await temporary(on.dir);
    const again = async () => {
      const { child, ended } = piped(on, api);
      child.stdin.end(csv(people(2)));
      expect(await ended).toBe(0);
    };
    await again();
    expect(await temporary(on.dir)).toEqual([left]);
    await utimes(join(on.dir, left), 0, 0);
    await again();
    expect(await temporary(on.dir)).toEqual([]);
  });

  it('SIGINT while it is read: every row is in the results, and no temporary file is left', async () => {
    const api = await sandbox();
    const on = await job(api, '');
    const { child, ended } = piped(on, api);
    const rows = Array.from({ length: 60_000 }, (_, i) => `9198${String(12_345_678 + i)}`);
    child.stdin.end(csv(rows));
    await until(() => existsSync(on.ledger));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(await temporary(on.dir)).toEqual([]);
    const written = await results(on.output);
    expect(written).toHaveLength(60_000);
    const { asks } = await api.counts();
    expect(written.filter((row) => row['status'] === 'not_attempted')).toHaveLength(60_000 - asks);
  });
});

it('--deadline in good order: asks in flight end, the rest is for the next run', async () => {
  const api = await sandbox('--limit', '5', '--window', '1s');
  const on = await job(api, csv(people(40)));
  const ended = await on.run('--deadline', '2s');
  expect(ended.code).toBe(75);
  expect(lastLine(ended.stderr)).toBe('stopped  the run reached its --deadline');
  const { asks } = await api.counts();
  const rows = await on.rows();
  expect(rows.filter((row) => row === 'added')).toHaveLength(asks);
  expect(rows.filter((row) => row === 'not_attempted/deadline')).toHaveLength(40 - asks);
  await api.control({ limit: 1000 });
  expect((await on.run()).code).toBe(0);
  onceEach(await api.counts());
});
