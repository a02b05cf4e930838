import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { REBUILD_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const DETAILS = `
For a ledger that was lost, emptied, cut or damaged, or is an older copy. What of it reads stays; whom the results say to
have been asked, and it does not know, is added as asked. A damaged one is kept beside it. Exit codes: 0 it knows all
that the results tell, 4 it was damaged, or rows do not say any more who was asked, 6 a run holds it; the others as ever.

Examples:
  $ group-onboard rebuild-ledger cohort.results.csv
`;

/** `rebuild-ledger`: restores from the results who was asked. */
export function rebuildLedgerCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('rebuild-ledger')
    .summary('make a lost ledger again from its results; sends nothing')
    .description('Has the ledger know everybody whom a results CSV says to have been asked. Needs no key.')
    .argument('<results>', 'the results CSV that run wrote');
  addOptions(command, REBUILD_OPTIONS);
  return command.addHelpText('after', DETAILS).action(async (results: string) => {
    const { rebuildConfig } = await import('../config/rebuild.ts');
    const config = rebuildConfig(results, flagsOf(command, REBUILD_OPTIONS), io.env);
    const { rebuild } = await import('../app/rebuild-ledger.ts');
    done(await rebuild(config, io));
  });
}
