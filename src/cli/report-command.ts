import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { REPORT_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const EXAMPLES = `
Examples:
  $ group-onboard report cohort.results.csv                 writes cohort.results.html
  $ group-onboard report cohort.results.csv --report page.html
`;

/** `report`: makes the summary and the HTML report again from existing results. */
export function reportCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('report')
    .summary('make the HTML report of a results CSV; sends nothing')
    .description('Prints the summary of a results CSV again, and writes its HTML report. Needs no key.')
    .argument('<results>', 'the results CSV that run wrote');
  addOptions(command, REPORT_OPTIONS);
  return command.addHelpText('after', EXAMPLES).action(async (results: string) => {
    const { reportConfig } = await import('../config/run.ts');
    const config = reportConfig(results, flagsOf(command, REPORT_OPTIONS));
    const { report } = await import('../app/report.ts');
    done(await report(config, io));
  });
}
