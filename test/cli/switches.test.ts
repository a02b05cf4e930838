import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { applySwitches } from '../../src/cli/environment.ts';
import { variableOf } from '../../src/config/typed-option.ts';

/** What the switches are, given the words on the command line and in the environment. */
async function switches(args: readonly string[], env: Record<string, string>) {
  const command = new Command('run')
    .addOption(new Option('--dry-run'))
    .addOption(new Option('--no-precheck'))
    .addOption(new Option('--limit <N>'))
    .action(() => applySwitches(command, env));
  await command.parseAsync(['node', 'run', ...args]);
  const { dryRun = false, precheck } = command.opts();
  return [dryRun, precheck];
}

describe('a switch in the environment', () => {
  it.each([
    [{}, [], [false, true]],
    [{ GROUP_ONBOARD_DRY_RUN: 'true' }, [], [true, true]],
    [{ GROUP_ONBOARD_DRY_RUN: ' YES ' }, [], [true, true]],
    [{ GROUP_ONBOARD_DRY_RUN: '1' }, [], [true, true]],
    [{ GROUP_ONBOARD_DRY_RUN: 'on' }, [], [true, true]],
    [{ GROUP_ONBOARD_DRY_RUN: '' }, [], [false, true]],
    [{ GROUP_ONBOARD_DRY_RUN: 'false' }, [], [false, true]],
    [{ GROUP_ONBOARD_DRY_RUN: '0' }, ['--dry-run'], [true, true]],
    [{ GROUP_ONBOARD_NO_PRECHECK: 'true' }, [], [false, false]],
    [{ GROUP_ONBOARD_NO_PRECHECK: 'off' }, [], [false, true]],
    [{ GROUP_ONBOARD_LIMIT: 'nonsense' }, [], [false, true]],
  ] as [Record<string, string>, string[], boolean[]][])('%j %j', async (env, args, found) => {
    expect(await switches(args, env)).toEqual(found);
  });

  it('a typo is an error, not a guess', async () => {
    await expect(switches([], { GROUP_ONBOARD_DRY_RUN: 'ture' })).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'GROUP_ONBOARD_DRY_RUN=ture: write true or false',
    });
  });

  it('is called after its flag', () => {
    expect(variableOf(new Option('--no-precheck'))).toBe('GROUP_ONBOARD_NO_PRECHECK');
    expect(variableOf(new Option('-o, --daily-cap <N>'))).toBe('GROUP_ONBOARD_DAILY_CAP');
  });
});
