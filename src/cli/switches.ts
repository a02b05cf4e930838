import type { Command, Option } from 'commander';
import type { Env } from '../config/api.ts';
import { OnboardError } from '../domain/errors.ts';

/** `--daily-cap` → `GROUP_ONBOARD_DAILY_CAP`, `--no-precheck` → `GROUP_ONBOARD_NO_PRECHECK`. */
export function variableOf(option: Option): string {
  return `GROUP_ONBOARD_${(option.long ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;
}

/** A flag without a value; `--no-…` is one too, which commander's isBoolean() leaves out. */
export function isSwitch(option: Option): boolean {
  return !option.required && !option.optional;
}

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
