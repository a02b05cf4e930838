import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, csv, phone, sandbox } from './harness.ts';

const cohort = async (phones: readonly string[]) => {
  const dir = await scratch();
  const path = join(dir, 'cohort.csv');
  await writeFile(path, csv(phones));
  return { dir, path };
};

describe('--ok-codes', () => {
  it('ends a daily cap as 0; summary, metrics and log have the real code, and the next run goes on', async () => {
    const { dir, path } = await cohort([phone(1), phone(2), phone(3)]);
    const api = await sandbox();
    const files = ['--summary-json', join(dir, 's.json'), '--metrics-file', join(dir, 'm.prom')];
    const args = ['run', path, ...api.args, '--daily-cap', '2', ...files];
    const ended = await cli([...args, '--ok-codes', '4,75'], api.env);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('exit code 75, which ends as 0 (--ok-codes)');
    expect(JSON.parse(await readFile(join(dir, 's.json'), 'utf8'))).toMatchObject({ exit_code: 75 });
    const metrics = await readFile(join(dir, 'm.prom'), 'utf8');
    expect(metrics).toMatch(/group_onboard_exit_code\{.*\} 75\n/);
    expect(metrics).toMatch(/last_success_timestamp_seconds\{.*\} 0\n/);
    expect(await cli([...args, '--ok-codes', '4'], api.env)).toMatchObject({ code: 75 });
    const { code } = await cli(args, { ...api.env, GROUP_ONBOARD_OK_CODES: '75' });
    expect(code).toBe(0);
    expect((await api.counts()).asks).toBe(2);
  });

  it('says the real code in the line of an error, and lets no configuration end as 0', async () => {
    const { dir, path } = await cohort([phone(1)]);
    const api = await sandbox();
    const args = ['run', path, ...api.args];
    const usage = await cli([...args, '--ok-codes', '2'], api.env);
    expect(usage).toMatchObject({ code: 2, stdout: '' });
    expect(usage.stderr).toContain('“2” cannot end as 0');
    expect(await cli(['run', join(dir, 'none.csv'), ...api.args, '--ok-codes', '4'], api.env)).toMatchObject({
      code: 3,
    });
    expect((await api.counts()).asks).toBe(0);
  });

  it('is not touched by a summary that could not be posted', async () => {
    const { path } = await cohort([phone(1)]);
    const api = await sandbox();
    const env = { ...api.env, GROUP_ONBOARD_NOTIFY: 'http://127.0.0.1:1/s3cret' };
    const ended = await cli(['run', path, ...api.args, '--log-format', 'json'], env);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('the summary was not posted (--notify): ECONNREFUSED');
    expect(ended.stderr).not.toContain('s3cret');
    expect(JSON.parse(ended.stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ msg: 'summary' });
    expect((await api.counts()).asks).toBe(1);
  });

  it('is there for check, too', async () => {
    const { path } = await cohort(['123', phone(2)]);
    expect(await cli(['check', path])).toMatchObject({ code: 4 });
    const ended = await cli(['check', path, '--ok-codes', '4']);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain('exit code 4, which ends as 0');
  });
});
