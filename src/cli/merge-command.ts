import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { MERGE_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const DETAILS = `
Rows come in the order of the cohort, cell by cell as they are. Give every flag about the cohort that run had. Exit codes:
as run has them for these rows, and 75 when a row has no result; 3 when the files do not go together.

Examples:
  $ group-onboard merge cohort.shard-*.results.csv --cohort cohort.csv -o cohort.results.csv
`;

/** `merge`: makes one results CSV from those of the shards. */
export function mergeCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('merge')
    .summary('put the results of shards back together; sends nothing')
    .description(
      'Makes one results CSV of those that run --shard wrote, and says which rows have none. Needs no key.',
    )
    .argument('<results...>', 'the results CSVs of the shards');
  addOptions(command, MERGE_OPTIONS);
  return command.addHelpText('after', DETAILS).action(async (results: readonly string[]) => {
    const { mergeConfig } = await import('../config/merge.ts');
    const config = mergeConfig(results, flagsOf(command, MERGE_OPTIONS));
    const { merge } = await import('../app/merge/merge.ts');
    done(await merge(config, io));
  });
}
