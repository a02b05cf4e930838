import { execFileSync, spawnSync } from 'node:child_process';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { nextStep, shellWords } from '../../src/app/exit.ts';
import { applySwitches, invocation } from '../../src/cli/program.ts';
import { visible } from '../../src/domain/safe-text.ts';
import { noCounts } from '../../src/report/summary/tally.ts';
import { cli } from '../e2e/harness.ts';

describe('switches from the environment', () => {
  const parsed = (env: Record<string, string>, argv: string[] = []) => {
    const command = new Command('x');
    command.addOption(new Option('--dry-run')).addOption(new Option('--no-precheck'));
    command.parse(argv, { from: 'user' });
    applySwitches(command, env);
    return command.opts();
  };
  it('are on for true, off for false, and wrong for anything else', () => {
    expect(parsed({ GROUP_ONBOARD_DRY_RUN: 'true', GROUP_ONBOARD_NO_PRECHECK: '1' })).toEqual({
      dryRun: true,
      precheck: false,
    });
    expect(parsed({ GROUP_ONBOARD_DRY_RUN: 'false', GROUP_ONBOARD_NO_PRECHECK: '' })).toEqual({
      precheck: true,
    });
    expect(parsed({}, ['--dry-run'])).toEqual({ dryRun: true, precheck: true });
    expect(() => parsed({ GROUP_ONBOARD_DRY_RUN: 'maybe' })).toThrow(/GROUP_ONBOARD_DRY_RUN=maybe/);
  });
});

describe('the next step', () => {
  const counts = (over: object) => ({ ...noCounts(), ...over });
  it.each([
    [0, { added: 1 }, undefined],
    [75, { not_attempted: 1 }, 'run c.csv'],
    [130, { not_attempted: 1 }, 'run c.csv'],
    [4, { invalid: 1, failed: 1 }, 'correct the invalid rows, then: run c.csv'],
    [4, { failed: 1 }, 'when the reasons are gone: run c.csv --retry failed'],
    [4, { unknown: 1 }, 'if a second message is all right: run c.csv --retry unknown'],
    [5, { not_attempted: 1 }, 'when that is put right: run c.csv'],
  ] as const)('after exit %d with %j', (exit, over, expected) => {
    expect(nextStep(exit, counts(over), 'run c.csv --retry failed')).toBe(expected);
  });
  it.each([
    [75, { not_attempted: 1 }, ['--phone'], 'run c.csv (with your --phone)'],
    [
      4,
      { failed: 1 },
      ['--phone', '--chat-id'],
      'when the reasons are gone: run c.csv --retry failed (with your --phone and --chat-id)',
    ],
    [0, { added: 1 }, ['--phone'], undefined],
  ] as const)('after exit %d with %j, without the value of %j', (exit, over, withheld, expected) => {
    expect(nextStep(exit, counts(over), 'run c.csv', withheld)).toBe(expected);
  });
  it('reads back as the same words in a shell', () => {
    const words = ['run', 'my cohort.csv', "it's", '$(rm -rf x)', '--phone=91'];
    const back = execFileSync('sh', ['-c', `printf '%s\\n' ${shellWords(words)}`], { encoding: 'utf8' });
    expect(back.trimEnd().split('\n')).toEqual(words);
  });
  it('reads back in bash where the terminal shows a character as its number', () => {
    const words = [
      'a\u001b[31m\u202e it\\s.csv',
      "line\nbreak's",
      '~/c.csv',
      '{a,b}',
      '=ls',
      '*',
      '日本.csv',
    ];
    const line = shellWords(words);
    expect(visible(line)).toBe(line);
    const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' };
    const back = execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8', env });
    expect(back.split('\0').slice(0, -1)).toEqual(words);
  });
});

describe('how the tool was called', () => {
  const NPX = { npm_command: 'exec', PATH: '/w/node_modules/.bin:/usr/bin' };
  it.each([
    ['npx in a project', '/w/node_modules/.bin/group-onboard', NPX, 'npx group-onboard'],
    ['npx below a project', '/node_modules/.bin/group-onboard', NPX, 'npx group-onboard'],
    [
      'npx of a package that it fetched',
      '/home/a/.npm/_npx/3f/node_modules/.bin/group-onboard',
      { npm_command: 'exec', PATH: '/home/a/.npm/_npx/3f/node_modules/.bin:/usr/bin' },
      '/home/a/.npm/_npx/3f/node_modules/.bin/group-onboard',
    ],
    [
      'a script of package.json',
      '/w/node_modules/.bin/group-onboard',
      { ...NPX, npm_command: 'run-script' },
      'npx group-onboard',
    ],
    [
      'installed for all',
      '/usr/local/bin/group-onboard',
      { PATH: '/usr/local/bin:/usr/bin' },
      'group-onboard',
    ],
    [
      'installed for all, by a script of npm',
      '/usr/local/bin/group-onboard',
      { npm_command: 'run-script', PATH: '/w/node_modules/.bin:/usr/local/bin' },
      'group-onboard',
    ],
    ['by its path', '/w/node_modules/.bin/group-onboard', {}, 'node_modules/.bin/group-onboard'],
    ['in this folder', '/w/group-onboard', { PATH: '/usr/bin' }, './group-onboard'],
    ['elsewhere', '/opt/it/group-onboard', { PATH: '/usr/bin' }, '/opt/it/group-onboard'],
    ['a checkout', '/w/dist/cli.js', { PATH: '/w/dist' }, 'node dist/cli.js'],
    ['a checkout, from elsewhere', '/src/it/dist/cli.js', {}, 'node /src/it/dist/cli.js'],
    ['npm start', '/w/dist/cli.js', { npm_command: 'start' }, 'node dist/cli.js'],
    ['a folder with a space', '/w/my tools/cli.js', {}, "node 'my tools/cli.js'"],
  ] as const)('%s', (_how, script, env, typed) => {
    expect(shellWords(invocation({ script, cwd: '/w', env }))).toBe(typed);
  });
});

describe('completion', () => {
  it('for bash offers commands and flags', async () => {
    const { stdout, code } = await cli(['completion', 'bash']);
    expect(code).toBe(0);
    const offered = (line: string) => {
      const words = line.split(' ');
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _group_onboard; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split('\n');
    };
    expect(offered('group-onboard r')).toContain('run');
    expect(offered('group-onboard run --da')).toEqual(['--daily-cap']);
    expect(offered('group-onboard check --da')).toEqual(['--daily-cap']);
    expect(offered('group-onboard sandbox --li')).toEqual(['--limit', '--limit-by']);
  });
  it.each(['zsh', 'fish'])('for %s names every command and flag', async (shell) => {
    const { stdout } = await cli(['completion', shell]);
    for (const word of ['run', 'check', 'sandbox', 'daily-cap']) expect(stdout).toContain(word);
  });
  it('knows no other shell', async () => {
    expect((await cli(['completion', 'tcsh'])).code).toBe(2);
  });
});
