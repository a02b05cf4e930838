import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SOAK, scratch, soakTest } from '../helpers.ts';
import { cli, csv, type Ended, phone, SENDER, sandbox } from './harness.ts';

const KEY = { PERISKOPE_API_KEY: 'pk_secret_of_the_test' };
const API = ['--base-url', 'http://127.0.0.1:9/v1', '--phone', SENDER];

/** What the person sees: one line that begins with the tool’s name, no stack trace, never the key. */
function oneLine(ended: Ended): string {
  const lines = ended.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  expect(lines).toHaveLength(1);
  expect(ended.stderr).not.toContain('    at ');
  expect(ended.stdout + ended.stderr).not.toContain('pk_secret_of_the_test');
  return lines[0]!;
}

describe('a cohort that cannot be used: exit 3, one line, nothing touched', () => {
  const unusable: [string, string | Buffer | undefined, RegExp][] = [
    ['absent', undefined, /cohort\.csv/],
    ['empty', '', /empty/],
    ['a header only', 'chat_id,phone\n', /header|no rows/i],
    ['no phone column', 'chat_id,name\n1,2\n', /name/],
    ['no chat_id column', 'phone,name\n919874532456,x\n', /--chat-id/],
    [
      'binary',
      Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 8, 0, 0xff, 0xfe, 0, 1, 2, 0, 0, 0]),
      /text|spreadsheet|CSV/i,
    ],
  ];
  it.each(SOAK ? unusable : unusable.slice(4))('%s', async (_what, content, says) => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    if (content !== undefined) await writeFile(cohort, content);
    const ended = await cli(['run', cohort, ...API], KEY);
    expect(oneLine(ended)).toMatch(says);
    expect(ended.code).toBe(3);
    expect(existsSync(join(dir, 'cohort.results.csv'))).toBe(false);
    expect(existsSync(join(dir, 'cohort.results.csv.ledger.jsonl'))).toBe(false);
    expect((await cli(['check', cohort])).code).toBe(3);
  });

  it('a directory', async () => {
    const ended = await cli(['run', await scratch(), ...API], KEY);
    expect([ended.code, oneLine(ended)]).toEqual([3, expect.stringMatching(/directory/)]);
  });

  const spoken: [string, string[], number][] = [
    ['a path', ['check', 'a\u001b[31mb\nc\u202ed.csv'], 3],
    ['a command', ['a\u001b[31mb\nc\u202ed'], 2],
    ['a value', ['run', 'cohort.csv', '--concurrency', 'a\u001b[31mb\nc\u202ed'], 2],
  ];
  it.each(SOAK ? spoken : spoken.slice(0, 1))(
    '%s cannot speak to the terminal',
    async (_what, args, code) => {
      const ended = await cli(args);
      expect([ended.code, oneLine(ended)]).toEqual([
        code,
        expect.stringContaining('a\\u001b[31mb c\\u202ed'),
      ]);
    },
  );

  it('a mistyped column suggests the right one', async () => {
    const cohort = join(await scratch(), 'cohort.csv');
    await writeFile(cohort, csv([phone(1)]));
    const ended = await cli(['check', cohort, '--phone-column', 'phnoe']);
    expect([ended.code, oneLine(ended)]).toEqual([3, expect.stringMatching(/“?phone”?/)]);
  });
});

describe('a configuration that cannot be meant: exit 2, one line, nothing sent', () => {
  const cases: [string, string[], Record<string, string>, RegExp][] = [
    ['no key', [...API], {}, /PERISKOPE_API_KEY/],
    ['two keys', [...API], { ...KEY, PERISKOPE_API_KEY_FILE: '/nowhere' }, /both/],
    ['an unreadable key file', [...API], { PERISKOPE_API_KEY_FILE: '/nowhere' }, /nowhere/],
    ['http to somewhere else', ['--base-url', 'http://example.com/v1', '--phone', SENDER], KEY, /https/],
    ['no sender', ['--base-url', 'http://127.0.0.1:9/v1'], KEY, /--phone/],
    ['a mistyped flag', [...API, '--batchsize', '3'], KEY, /--batch-size/],
    ['a batch that is too large', [...API, '--batch-size', '51'], KEY, /--batch-size.*at most 50/],
    ['a value without sense', [...API, '--gap', '60s..30s'], KEY, /--gap/],
    [
      'a variable without sense',
      [...API],
      { ...KEY, GROUP_ONBOARD_DAILY_CAP: 'x' },
      /GROUP_ONBOARD_DAILY_CAP/,
    ],
    ['a status that does not exist', [...API, '--retry', 'fialed'], KEY, /fialed/],
  ];
  it.each(SOAK ? cases : cases.slice(0, 3))('%s', async (_what, args, env, says) => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv([phone(1)]));
    const ended = await cli(['run', cohort, ...args], env);
    expect(oneLine(ended)).toMatch(says);
    expect(ended.code).toBe(2);
    expect(existsSync(join(dir, 'cohort.results.csv'))).toBe(false);
  });

  soakTest('results or ledger that cannot be written', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv([phone(1)]));
    const api = await sandbox();
    await mkdir(join(dir, 'sealed'));
    if (process.getuid?.() !== 0) await chmod(join(dir, 'sealed'), 0o500);
    const nowhere = join(dir, 'absent', 'out.csv');
    const byOutput = await cli(['run', cohort, ...api.args, '-o', nowhere], api.env);
    expect([byOutput.code, oneLine(byOutput)]).toEqual([2, expect.stringContaining('absent')]);
    const byLedger = await cli(['run', cohort, ...api.args, '--ledger', nowhere], api.env);
    expect([byLedger.code, oneLine(byLedger)]).toEqual([2, expect.stringContaining('absent')]);
    const onto = await cli(['run', cohort, ...api.args, '-o', dir], api.env);
    expect(onto.code).toBe(2);
    expect((await api.counts()).asks).toBe(0);
  });

  it('will not write over a file that is not a results CSV', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv([phone(1)]));
    const precious = join(dir, 'precious.csv');
    await writeFile(precious, 'a,b\n1,2\n');
    const api = await sandbox();
    const ended = await cli(['run', cohort, ...api.args, '-o', precious], api.env);
    expect([ended.code, oneLine(ended)]).toEqual([2, expect.stringContaining('precious.csv')]);
    expect(await readFile(precious, 'utf8')).toBe('a,b\n1,2\n');
    expect((await api.counts()).asks).toBe(0);
  });
});

describe('the command line itself', () => {
  soakTest('says what went wrong with an unknown command', async () => {
    const ended = await cli(['rn']);
    expect([ended.code, oneLine(ended)]).toEqual([2, expect.stringMatching(/run/)]);
  });
  it('shows its version and its help on stdout', async () => {
    expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const commands = SOAK
      ? ['check', 'follow-up', 'groups', 'report', 'merge', 'rebuild-ledger', 'sandbox']
      : [];
    for (const args of [['--help'], ...['run', ...commands].map((command) => [command, '--help'])]) {
      const ended = await cli(args);
      expect([ended.code, ended.stderr]).toEqual([0, '']);
      await expect(ended.stdout).toMatchFileSnapshot(
        `help/${args.join('').replaceAll('--help', '') || 'root'}.txt`,
      );
    }
  });
});
