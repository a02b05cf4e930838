import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { CHECK_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const EXAMPLES = `
Examples:
  $ group-onboard check cohort.csv
  $ group-onboard check cohort.csv --default-country IN --gap 30s..60s
  $ group-onboard check cohort.csv -o plan.csv               every row with planned, invalid or duplicate
`;

/** `check`: shows offline, without a key, what `run` would do, and every problem by line. */
export function checkCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('check')
    .summary('read a cohort and say what run would do; sends nothing')
    .description(
      'Reads a cohort without sending anything: every problem by line, and the plan. Needs no key.',
    )
    .argument('<cohort>', 'the cohort CSV; - is standard input');
  addOptions(command, CHECK_OPTIONS);
  return command.addHelpText('after', EXAMPLES).action(async (cohort: string) => {
    const flags = flagsOf(command, CHECK_OPTIONS);
    const { checkConfig } = await import('../config/run.ts');
    const config = checkConfig(cohort, flags, io.env, Boolean(io.stderr.isTTY));
    const { check } = await import('../app/check.ts');
    done(await check(config, io));
  });
}
