/** What the environment says to a command, beyond what commander reads of it by itself. */
import type { Command } from 'commander';
import type { Env } from '../config/api.ts';
import { isSwitch, variableOf } from '../config/typed-option.ts';
import { OnboardError } from '../domain/errors.ts';
import { nearest } from '../lib/text.ts';

/** Variables that no flag is named after: shard.ts, api.ts, cli.ts. */
const WITHOUT_FLAG = [
  'GROUP_ONBOARD_SHARDS',
  'GROUP_ONBOARD_REDIS_URL_FILE',
  'GROUP_ONBOARD_NOTIFY_FILE',
  'GROUP_ONBOARD_DEBUG',
];

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

const PREFIX = 'GROUP_ONBOARD_';

/**
 * Kubernetes tells every pod about each Service of its namespace in variables of this form; for one called group-onboard
 * they begin as ours do. Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;

/**
 * A mistyped variable must not lose a cap in silence: what nothing reads is refused.
 * An empty value counts as unset. The value is in no message: nobody knows what it is.
 * @throws OnboardError CONFIG naming the first variable of ours that is not `known`
 */
export function refuseUnknownVariables(env: Env, known: ReadonlySet<string>): void {
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith(PREFIX) || known.has(name) || !env[name]?.trim() || SERVICE_LINK.test(name))
      continue;
    const near = nearest(wordsOf(name), [...known], wordsOf);
    const advice =
      near === undefined ? 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)' : `did you mean ${near}?`;
    throw new OnboardError('CONFIG', `${name} is no variable of group-onboard: ${advice}`);
  }
}

/** What of a name may be mistyped. */
const wordsOf = (name: string) => name.slice(PREFIX.length).replaceAll('_', '');

/**
 * Sets the switches that the environment turns on, where the command line is silent. Only the words of the list count:
 * `GROUP_ONBOARD_SANDBOX=false` is off, and a typo is an error, not a guess.
 */
export function applySwitches(command: Command, env: Env): void {
  for (const option of command.options.filter(isSwitch)) {
    const variable = variableOf(option);
    const word = env[variable]?.trim().toLowerCase();
    if (word === undefined || word === '') continue;
    if (!/^(?:1|true|yes|on|0|false|no|off)$/.test(word)) {
      throw new OnboardError('CONFIG', `${variable}=${env[variable]}: write true or false`);
    }
    const on = /^(?:1|true|yes|on)$/.test(word);
    const name = option.attributeName();
    if (on && command.getOptionValueSource(name) !== 'cli')
      command.setOptionValueWithSource(name, !option.negate, 'env');
  }
}
