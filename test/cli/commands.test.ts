import { execFileSync, spawnSync } from 'node:child_process';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { nextStep, shellWords } from '../../src/app/exit.ts';
import { applySwitches } from '../../src/cli/environment.ts';
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
