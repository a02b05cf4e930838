import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { RUN_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const EXAMPLES = `
Examples:
  $ group-onboard check cohort.csv                          what would happen; nothing is sent
  $ group-onboard run cohort.csv --sandbox                  try it: nobody is contacted; cohort.sandbox.results.csv
  $ group-onboard run cohort.csv --careful
  $ group-onboard run cohort.csv                            again: only who was not asked yet is asked

The key comes from PERISKOPE_API_KEY, or from the file that PERISKOPE_API_KEY_FILE names; never from a flag.
Every flag, but those of sandbox, can be set in the environment: --daily-cap is GROUP_ONBOARD_DAILY_CAP.
--phone is PERISKOPE_PHONE, too, and --base-url PERISKOPE_BASE_URL. A flag wins over the environment.
`;

/** `run`: the job. Loads its modules only when it runs, so that `--help` stays quick. */
export function runCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('run')
    .summary('ask for every person of a cohort')
    .description('Adds every person of a cohort CSV to their WhatsApp group, or has them invited.')
    .argument('<cohort>', 'the cohort CSV; - is standard input');
  addOptions(command, RUN_OPTIONS);
  return command.addHelpText('after', EXAMPLES).action(async (cohort: string) => {
    const flags = flagsOf(command, RUN_OPTIONS);
    const { runConfig } = await import('../config/run.ts');
    const config = runConfig(cohort, flags, io.env, Boolean(io.stderr.isTTY));
    const { run } = await import('../app/run.ts');
    done(await run(config, io));
  });
}
