import { Command } from 'commander';
import { RUN_OPTIONS, type RunFlags } from '../../src/config/flags.ts';
import { addOptions } from '../../src/config/typed-option.ts';

/** The flags of a `run` that names none. */
export function defaults(): RunFlags {
  return addOptions(new Command(), RUN_OPTIONS)();
}
