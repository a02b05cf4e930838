/** What the environment says to a command, beyond what commander reads of it by itself. */
import type { Command } from 'commander';
import type { Env } from '../config/api.ts';
import { OnboardError } from '../domain/errors.ts';
import { applySwitches, variableOf } from './switches.ts';
import { refuseUnknownVariables } from './unknown-variable.ts';

/** Variables that no flag is named after: shard-config.ts, api-config.ts, cli.ts. */
const WITHOUT_FLAG = ['GROUP_ONBOARD_SHARDS', 'GROUP_ONBOARD_REDIS_URL_FILE', 'GROUP_ONBOARD_DEBUG'];

/**
 * @param bound every command that has variables: one environment may serve them all
 * @throws OnboardError CONFIG where it is not clear what is meant
 */
export function applyEnvironment(command: Command, bound: readonly Command[], env: Env): void {
  const flags = bound.flatMap(({ options }) => options.map(variableOf));
  refuseUnknownVariables(env, new Set([...flags, ...WITHOUT_FLAG]));
  applySwitches(command, env);
  applyOwnNames(command, env);
  refuseLostAddress(command);
}

/** A flag that commander reads from the vendor's variable (PERISKOPE_PHONE) has one of ours, too: GROUP_ONBOARD_PHONE. */
function applyOwnNames(command: Command, env: Env): void {
  for (const option of command.options) {
    const { envVar } = option;
    const own = variableOf(option);
    const name = option.attributeName();
    if (envVar === undefined || envVar === own || command.getOptionValueSource(name) === 'cli') continue;
    const value = env[own]?.trim();
    if (!value) continue;
    const vendors = env[envVar]?.trim();
    if (vendors && vendors !== value) {
      throw new OnboardError('CONFIG', `${own} and ${envVar} are both set, and differ: unset one`);
    }
    command.setOptionValueWithSource(name, value, 'env');
  }
}

/** An address in the environment stands for many runs, and the sandbox wins over it; one that was typed would be lost without a word. */
function refuseLostAddress(command: Command): void {
  if (command.opts()['sandbox'] !== true || command.getOptionValueSource('baseUrl') !== 'cli') return;
  const sandbox = command.getOptionValueSource('sandbox') === 'env' ? 'GROUP_ONBOARD_SANDBOX' : '--sandbox';
  throw new OnboardError(
    'CONFIG',
    `${sandbox} and --base-url exclude each other: the sandbox is a stand-in on this machine, and has no other address; leave one of them out`,
  );
}
