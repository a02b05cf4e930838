import { Command, Option } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { applySwitches, program, refuseUnknownVariables } from '../../src/cli/program.ts';
import { redisTarget } from '../../src/config/api.ts';
import { notifyTarget } from '../../src/config/outputs.ts';
import { isSwitch, variableOf } from '../../src/config/typed-option.ts';
import { desk } from '../app/in-process.ts';

/** Flags whose value has a form of its own; any word does for the others. */
const VALUES: Readonly<Record<string, string>> = {
  '--chat-id': '120363371308389685@g.us',
  '--default-country': 'IN',
  '--base-url': 'https://staging.example.com/v1',
  '--phone': '919811122233',
  '--request-timeout': '7s',
  '--max-rate': '5/s',
  '--gap': '3s..4s',
  '--daily-cap': '50',
  '--hours': '09:00-18:00',
  '--time-zone': 'Asia/Kolkata',
  '--batch-size': '3',
  '--concurrency': '7',
  '--cool-down': '7m',
  '--limit': '9',
  '--retry': 'failed',
  '--only-status': 'failed',
  '--ok-codes': '4,75',
  '--shard': '1/2',
  '--breaker': '7',
  '--max-errors': '5%',
  '--deadline': '50m',
  '--older-than': '3d',
};
const BOUND = ['run', 'check', 'follow-up', 'report', 'merge', 'rebuild-ledger'];

/** The command line as it is, but that no command does anything. */
function idle(env: Record<string, string>): { root: Command; parse: (...argv: string[]) => Promise<void> } {
  // commander itself reads the environment of the process.
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const root = program(desk(env).io, '0.0.0', () => {});
  for (const command of root.commands) command.action(() => {});
  return {
    root,
    parse: async (...argv) => {
      await root.parseAsync(['node', 'group-onboard', ...argv]);
    },
  };
}

const commandOf = (root: Command, name: string) =>
  root.commands.find((command) => command.name() === name) as Command;
const flagsOf = (name: string): Option[] => [...commandOf(idle({}).root, name).options];
const sample = (option: Option) =>
  isSwitch(option) ? 'true' : (option.argChoices?.[0] ?? VALUES[option.long ?? ''] ?? 'x');

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('every flag has its variable', () => {
  const all = BOUND.flatMap((name) =>
    flagsOf(name).map((option) => [name, option.long ?? '', option] as const),
  );
  it.each(all)('%s %s', async (name, _flag, option) => {
    const env = { [variableOf(option)]: sample(option) };
    if (option.long === '--redis-url') {
      const redis = { [variableOf(option)]: 'redis://127.0.0.1:6379' };
      expect(redisTarget({}, redis)).toMatchObject({ nodes: [{ host: '127.0.0.1', port: 6379 }] });
      return;
    }
    if (option.long === '--notify') {
      const read = notifyTarget({}, { [variableOf(option)]: 'https://example.com/hook' });
      expect(read?.url.host).toBe('example.com');
      return;
    }
    const { root, parse } = idle(env);
    await parse(name, 'a.csv');
    const command = commandOf(root, name);
    expect(command.getOptionValueSource(option.attributeName())).toBe('env');
    if (isSwitch(option)) expect(command.opts()[option.attributeName()]).toBe(!option.negate);
  });

  it('but for those of sandbox', async () => {
    const options = flagsOf('sandbox');
    expect(options.length).toBeGreaterThan(3);
    const { root, parse } = idle(Object.fromEntries(options.map((option) => [variableOf(option), '1'])));
    await parse('sandbox');
    for (const option of options) {
      expect(commandOf(root, 'sandbox').getOptionValueSource(option.attributeName())).not.toBe('env');
    }
  });
});

describe('two variables of one flag', () => {
  const STAGING = 'https://staging.example.com/v1';
  const OTHER = 'https://other.example.com/v1';
  const baseUrl = async (env: Record<string, string>, ...argv: string[]) => {
    const { root, parse } = idle(env);
    await parse('run', 'a.csv', ...argv);
    return commandOf(root, 'run').opts()['baseUrl'];
  };
  it.each([
    ['ours', { GROUP_ONBOARD_BASE_URL: STAGING }, STAGING],
    ['the vendor’s', { PERISKOPE_BASE_URL: STAGING }, STAGING],
    ['both, the same', { GROUP_ONBOARD_BASE_URL: ` ${STAGING}\n`, PERISKOPE_BASE_URL: STAGING }, STAGING],
    ['ours, and an empty one', { GROUP_ONBOARD_BASE_URL: STAGING, PERISKOPE_BASE_URL: '' }, STAGING],
    ['the vendor’s, and an empty one', { GROUP_ONBOARD_BASE_URL: ' ', PERISKOPE_BASE_URL: STAGING }, STAGING],
    ['none', {}, 'https://api.periskope.app/v1'],
  ])('%s', async (_what, env, expected) => {
    expect(await baseUrl(env as Record<string, string>)).toBe(expected);
  });
  it('that differ are refused, and a flag wins over both', async () => {
    const env = { GROUP_ONBOARD_BASE_URL: STAGING, PERISKOPE_BASE_URL: OTHER };
    await expect(baseUrl(env)).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'GROUP_ONBOARD_BASE_URL and PERISKOPE_BASE_URL are both set, and differ: unset one',
    });
    expect(await baseUrl(env, '--base-url', 'https://third.example.com/v1')).toBe(
      'https://third.example.com/v1',
    );
  });
});

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

const KNOWN = new Set([
  'GROUP_ONBOARD_DAILY_CAP',
  'GROUP_ONBOARD_REPORT',
  'GROUP_ONBOARD_NO_PRECHECK',
  'GROUP_ONBOARD_PHONE',
]);
const refuse = (env: Record<string, string>) => () => refuseUnknownVariables(env, KNOWN);

describe('a variable that nothing reads', () => {
  it.each([
    ['GROUP_ONBOARD_DAILYCAP', 'did you mean GROUP_ONBOARD_DAILY_CAP?'],
    ['GROUP_ONBOARD_DAILY_CPA', 'did you mean GROUP_ONBOARD_DAILY_CAP?'],
    ['GROUP_ONBOARD_REPORTS', 'did you mean GROUP_ONBOARD_REPORT?'],
    ['GROUP_ONBOARD_PRECHECK', 'did you mean GROUP_ONBOARD_NO_PRECHECK?'],
    ['GROUP_ONBOARD_XYZZY', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
    ['GROUP_ONBOARD_', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
    ['GROUP_ONBOARD_CAP', 'did you mean GROUP_ONBOARD_DAILY_CAP?'],
    ['GROUP_ONBOARD_NO', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
    ['GROUP_ONBOARD_SUPPORT', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
  ])('%s is refused: %s', (name, advice) => {
    expect(refuse({ PATH: '/', GROUP_ONBOARD_PHONE: '1', [name]: 'secret' })).toThrowError(
      expect.objectContaining({
        code: 'CONFIG',
        message: `${name} is not a variable of group-onboard: ${advice}`,
      }),
    );
  });

  it.each([
    ['what is read', { GROUP_ONBOARD_DAILY_CAP: '50', GROUP_ONBOARD_REPORT: 'page.html' }],
    ['an empty value', { GROUP_ONBOARD_DAILYCAP: '', GROUP_ONBOARD_XYZZY: ' ' }],
    ['another name', { GROUP_ONBOARDING: '1', MY_GROUP_ONBOARD_X: '1', group_onboard_x: '1' }],
    [
      'what Kubernetes says about a Service called group-onboard',
      {
        GROUP_ONBOARD_SERVICE_HOST: '10.0.0.11',
        GROUP_ONBOARD_SERVICE_PORT: '80',
        GROUP_ONBOARD_SERVICE_PORT_HTTP_METRICS: '80',
        GROUP_ONBOARD_PORT: 'tcp://10.0.0.11:80',
        GROUP_ONBOARD_PORT_80_TCP: 'tcp://10.0.0.11:80',
        GROUP_ONBOARD_PORT_80_TCP_PROTO: 'tcp',
        GROUP_ONBOARD_PORT_80_TCP_PORT: '80',
        GROUP_ONBOARD_PORT_80_TCP_ADDR: '10.0.0.11',
        GROUP_ONBOARD_PORT_53_UDP_ADDR: '10.0.0.11',
      },
    ],
    [
      'and about one called group-onboard-results',
      {
        GROUP_ONBOARD_RESULTS_SERVICE_HOST: '10.0.0.11',
        GROUP_ONBOARD_RESULTS_SERVICE_PORT: '80',
        GROUP_ONBOARD_RESULTS_PORT: 'tcp://10.0.0.11:80',
        GROUP_ONBOARD_RESULTS_PORT_80_TCP_ADDR: '10.0.0.11',
      },
    ],
  ])('%s is let through', (_what, env) => {
    expect(refuse(env as unknown as Record<string, string>)).not.toThrow();
  });
});
