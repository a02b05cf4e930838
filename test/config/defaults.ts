import { Command } from 'commander';
import { RUN_OPTIONS, type RunFlags } from '../../src/config/flags.ts';
import { addOptions, flagsOf } from '../../src/config/typed-option.ts';

/** The flags of a `run` that names none. */
export function defaults(): RunFlags {
  return flagsOf(addOptions(new Command(), RUN_OPTIONS), RUN_OPTIONS);
}
