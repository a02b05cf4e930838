/** Pipes, sockets, devices and folders in the place of a file: one line at once, nobody is asked, and nothing hangs. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { built } from '../built.ts';
import { SOAK, scratch } from '../helpers.ts';
import { cli, csv, phone, sandbox } from './harness.ts';

const CLI = built('cli.js');

/** One of each kind, by its name. */
async function specials(dir: string): Promise<Readonly<Record<string, string>>> {
  const at = (name: string) => join(dir, name);
  execFileSync('mkfifo', [at('pipe')]);
  execFileSync('ln', ['-s', 'pipe', at('link')]);
  await mkdir(at('folder'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  onTestFinished(() => void server.close());
  return {
    pipe: at('pipe'),
    link: at('link'),
    folder: at('folder'),
    socket: at('socket'),
    zero: '/dev/zero',
  };
}

it('wherever a file is named', async () => {
  const dir = await scratch();
  const cohort = join(dir, 'c.csv');
  await writeFile(cohort, csv([phone(1)]));
  const api = await sandbox();
  const kinds = await specials(dir);
  const places: readonly (readonly [
    string,
    number,
    (path: string) => { args?: string[]; env?: Record<string, string> },
  ])[] = [
    ['cohort', 3, (path) => ({ args: [path, '-o', join(dir, 'r.csv')] })],
    ['--output', 2, (path) => ({ args: [cohort, '-o', path, '--ledger', join(dir, 'l.jsonl')] })],
    ['--ledger', 2, (path) => ({ args: [cohort, '--ledger', path] })],
    ['--report', 2, (path) => ({ args: [cohort, '--report', path] })],
    ['--summary-json', 2, (path) => ({ args: [cohort, '--summary-json', path] })],
    ['--junit', 2, (path) => ({ args: [cohort, '--junit', path] })],
    ['--metrics-file', 2, (path) => ({ args: [cohort, '--metrics-file', path] })],
    ['key', 2, (path) => ({ args: [cohort], env: { PERISKOPE_API_KEY_FILE: path } })],
    ['redis', 2, (path) => ({ args: [cohort], env: { ...api.env, GROUP_ONBOARD_REDIS_URL_FILE: path } })],
  ];
  for (const [place, code, of] of places) {
    const runs = Object.entries(kinds)
      .filter(([kind]) => SOAK || kind === 'pipe')
      // What is written to /dev/zero is gone, as in /dev/null: that may be meant.
      .filter(([kind]) => kind !== 'zero' || code === 3 || ['--ledger', 'key', 'redis'].includes(place))
      .map(async ([kind, path]) => {
        const { args = [], env = api.env } = of(path);
        const ended = await cli(['run', ...args, ...api.args, '--log-level', 'error'], env);
        const lines = ended.stderr.trimEnd().split('\n');
        expect([place, kind, ended.code, lines.length], ended.stderr).toEqual([place, kind, code, 1]);
        expect(lines[0], `${place} ${kind}`).toMatch(
          /^group-onboard: .*(?:pipe|socket|device|directory|EISDIR|file)/,
        );
        expect(lines[0]).not.toMatch(/defect/);
      });
    await Promise.all(runs);
  }
  expect((await api.counts()).asks).toBe(0);
});

it('what the shell makes of a command', async () => {
  const dir = await scratch();
  const cohort = join(dir, 'c.csv');
  await writeFile(cohort, csv([phone(1)]));
  const api = await sandbox();
  const run = (words: string) => {
    const command = `"$0" "$1" run ${words} --base-url ${api.url} --phone 919876543210 --log-level error 2>err; echo $?`;
    const text = execFileSync('bash', ['--norc', '-c', command, process.execPath, CLI], {
      cwd: dir,
      env: { PATH: process.env['PATH'], ...api.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return String(text).trim().split('\n');
  };
  expect(run('<(cat c.csv) -o r.csv')).toEqual(['3']);
  expect(await readFile(join(dir, 'err'), 'utf8')).toMatch(
    /is a pipe, which can be read only once.*give - and pipe it in/,
  );
  expect(run('/dev/stdin -o r.csv < <(cat c.csv)')).toEqual(['3']);
  expect((await api.counts()).asks).toBe(0);
  expect(run('/dev/stdin -o r.csv < c.csv')).toEqual(['0']);
  expect(run('- -o r.csv < <(cat c.csv)')).toEqual(['0']);
  expect((await api.counts()).asks).toBe(1);
});
