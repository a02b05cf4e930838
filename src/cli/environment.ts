/** Environment variables of a command that commander does not read by itself. */
import type { Command } from 'commander';
import type { Env } from '../config/api.ts';
import { isSwitch, variableOf } from '../config/typed-option.ts';
import { OnboardError } from '../domain/errors.ts';
import { nearest } from '../lib/text.ts';

/** Variables without a flag of the same name: read in shard.ts, api.ts, cli.ts. */
const WITHOUT_FLAG = [
  'GROUP_ONBOARD_SHARDS',
  'GROUP_ONBOARD_REDIS_URL_FILE',
  'GROUP_ONBOARD_NOTIFY_FILE',
  'GROUP_ONBOARD_DEBUG',
];

/**
 * @param bound every command that has variables: one environment may serve them all
 * @throws OnboardError CONFIG where the meaning is ambiguous
 */
export function applyEnvironment(command: Command, bound: readonly Command[], env: Env): void {
  const flags = bound.flatMap(({ options }) => options.map(variableOf));
  refuseUnknownVariables(env, new Set([...flags, ...WITHOUT_FLAG]));
  applySwitches(command, env);
  applyOwnNames(command, env);
  refuseLostAddress(command);
}

/**
 * Adds our own variable (GROUP_ONBOARD_PHONE) to each flag that commander reads from the vendor's (PERISKOPE_PHONE).
 */
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

/**
 * Refuses a typed address that the sandbox would override silently. One from the environment is fine: it serves many
 * runs.
 */
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
 * Suffix of the variables that Kubernetes sets for each Service of a pod's namespace. For a Service called
 * group-onboard they start with our prefix.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;

/**
 * Refuses variables that nothing reads, because a mistyped one must not lose a cap silently.
 * An empty value counts as unset. No message shows the value, because it may be a secret.
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

/** Words of a variable's name, for finding the nearest one. */
const wordsOf = (name: string) => name.slice(PREFIX.length).replaceAll('_', '');

/**
 * Sets the switches that the environment turns on and the command line does not mention. Only listed words count:
 * `GROUP_ONBOARD_SANDBOX=false` is off, and a typo is an error.
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
