import { describe, expect, it } from 'vitest';
import { noCommand } from '../../src/cli/program.ts';
import { cli } from '../e2e/harness.ts';

const COMMANDS = ['run', 'check', 'follow-up', 'report', 'merge', 'sandbox', 'completion'];
const said = (word: string, there = false) =>
  noCommand(word, ['npx', 'group-onboard', word, '--sandbox'], COMMANDS, () => there).message;

describe('a first word that is not a command', () => {
  it.each([['cohort.csv'], ['../my cohort.csv'], ['-'], ['C:\\data\\cohort.csv'], ['people', true]])(
    'is asked run or check when it is a file: %s',
    (word, there = false) => {
      expect(said(word, there)).toMatch(/^run or check\? .* npx group-onboard check \S.* --sandbox$/);
    },
  );
  it.each([
    ['rnu', 'did you mean run?'],
    ['Check', 'did you mean check?'],
    ['chekc', 'did you mean check?'],
    ['followup', 'did you mean follow-up?'],
    ['xyzzy', 'it is one of run, check, follow-up, report, merge, sandbox, completion'],
    ['people', 'it is one of run, check, follow-up, report, merge, sandbox, completion'],
  ])('%s: %s', (word, advice) => {
    expect(said(word)).toBe(`“${word}” is not a command: ${advice}`);
  });
});

describe('what cannot be meant', () => {
  it.each([
    [
      ['fixtures/cohort.csv'],
      /^group-onboard: run or check\? .* node dist\/cli\.js check fixtures\/cohort\.csv\n$/,
    ],
    [
      ['--sandbox', 'cohort.csv'],
      /^group-onboard: unknown option '--sandbox': flags come behind a command: run or check\?\n$/,
    ],
    [['rnu', 'cohort.csv'], /^group-onboard: “rnu” is not a command: did you mean run\?\n$/],
    [['run'], /^group-onboard: missing required argument 'cohort'\n$/],
    [
      ['run', 'c.csv', '--daily-cpa', '3'],
      /^group-onboard: unknown option '--daily-cpa' \(Did you mean --daily-cap\?\)\n$/,
    ],
    [['check', 'c.csv', '--gap', '30-60s'], /^group-onboard: option '--gap .*write 30s\.\.60s\.\n$/],
    [['check', 'fixtures/cohrt.csv'], /^group-onboard: .* did you mean fixtures\/cohort\.csv\?\n$/],
  ])('is said in one line with one prefix: %j', async (args, line) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout, stderr]).toEqual([
      args[0] === 'check' && args[2] === undefined ? 3 : 2,
      '',
      expect.stringMatching(line),
    ]);
  });
});
