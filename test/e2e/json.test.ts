import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SummarySchema } from '../../src/report/summary/summary-json.ts';
import { scratch } from '../helpers.ts';
import { cli, csv, phone, sandbox } from './harness.ts';

const JSON_LOG = ['--log-format', 'json'];

/** Every line of a text as an object. */
function records(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function cohort(phones: readonly string[] = [phone(1), phone(2, 2), '123']) {
  const dir = await scratch();
  const path = join(dir, 'cohort.csv');
  await writeFile(path, csv(phones));
  return { dir, path };
}

describe('--log-format json', () => {
  it('makes JSON of all that a run says, with the summary as the last record', async () => {
    const { path } = await cohort();
    const api = await sandbox();
    const ended = await cli(['run', path, ...api.args, ...JSON_LOG], {
      ...api.env,
      GITHUB_ACTIONS: 'true',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      DEBUG: '*',
      NODE_DEBUG: 'http',
    });
    expect(ended.code).toBe(4);
    const all = records(ended.stderr);
    const last = all.at(-1);
    expect(last).toMatchObject({ msg: 'summary', exit_code: 4, rows: 3, next: expect.any(String) });
    expect(SummarySchema.safeParse(last).success).toBe(true);
    expect(ended.stderr).not.toContain(phone(1));
    expect((await api.counts()).asks).toBe(2);
  });

  it.each<[string, string[], Record<string, string>, number]>([
    ['no key', ['run', 'COHORT', ...JSON_LOG], {}, 2],
    ['no such flag', ['run', 'COHORT', ...JSON_LOG, '--no-such-flag'], {}, 2],
    ['a flag before it that is wrong', ['run', 'COHORT', '--gap', 'x', '--log-format=json'], {}, 2],
    ['no cohort', ['run', ...JSON_LOG], {}, 2],
    ['a variable', ['run', 'COHORT', '--gap', 'x'], { GROUP_ONBOARD_LOG_FORMAT: 'json' }, 2],
    ['a command without a log', ['merge', 'none.csv', '-o', 'x'], { GROUP_ONBOARD_LOG_FORMAT: 'json' }, 3],
    ['no such file', ['run', 'none.csv', '--sandbox', ...JSON_LOG], {}, 3],
    ['no such command', ['go', ...JSON_LOG], {}, 2],
  ])('tells an error so, too: %s', async (_, args, env, code) => {
    const { path } = await cohort();
    const ended = await cli(
      args.map((word) => (word === 'COHORT' ? path : word)),
      env,
    );
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(records(ended.stderr).at(-1)).toMatchObject({ level: 'error', msg: expect.any(String) });
  });

  it('leaves text where text was asked for, whatever the environment says', async () => {
    const { stderr } = await cli(['run', ...JSON_LOG, '--log-format', 'text'], {
      GROUP_ONBOARD_LOG_FORMAT: 'json',
    });
    expect(stderr).toMatch(/^group-onboard: /);
  });

  it('tells the end of check in the log, and its words on stdout', async () => {
    const { path } = await cohort();
    const ended = await cli(['check', path, ...JSON_LOG]);
    expect(ended.stdout).toContain('3 rows');
    expect(records(ended.stderr).at(-1)).toMatchObject({ command: 'check', exit_code: 4 });
    const plan = await cli(['check', path, '-o', '-', ...JSON_LOG]);
    expect(plan.stdout).toMatch(/^name,/);
    expect(records(plan.stderr).at(-1)).toMatchObject({ command: 'check', exit_code: 4 });
  });
});

describe('--json', () => {
  it('prints the record of each command on stdout, and nothing else', async () => {
    const { dir, path } = await cohort();
    const api = await sandbox();
    const results = join(dir, 'cohort.results.csv');
    await cli(['run', path, ...api.args], api.env);
    const told = async (...args: string[]) => {
      const ended = await cli([...args, '--json'], api.env);
      expect(ended.stdout.split('\n')).toHaveLength(2);
      const record = SummarySchema.parse(JSON.parse(ended.stdout));
      expect(record.exit_code).toBe(ended.code);
      return record;
    };
    const open = { added: 2, invalid: 1 };
    expect(await told('check', path)).toMatchObject({
      command: 'check',
      rows: 3,
      status: { planned: 2, invalid: 1 },
    });
    expect(await told('report', results)).toMatchObject({ command: 'report', rows: 3, status: open });
    expect(await told('merge', results, '-o', join(dir, 'm.csv'))).toMatchObject({
      command: 'merge',
      status: open,
    });
    expect(await told('follow-up', results, ...api.args)).toMatchObject({ command: 'follow-up', rows: 3 });
    expect((await api.counts()).asks).toBe(2);
  });

  it.each(['check', 'merge', 'follow-up'])('%s refuses a second text for stdout', async (command) => {
    const { path } = await cohort();
    const ended = await cli([command, path, '--json', '-o', '-'], { GROUP_ONBOARD_SANDBOX: 'true' });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('--json and --output - both write to standard output');
  });
});
