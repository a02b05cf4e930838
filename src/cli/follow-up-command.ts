import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { FOLLOW_UP_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const DETAILS = `
Reads each group once, and sends nothing to anybody. Whoever was invited and is a member now becomes joined, and
whoever was in and has gone since becomes left (where the API has the group's notifications), in the results and in
their ledger. Rows that are unknown become added or joined, where the members or the notifications say so.
Exit codes: 0 nobody is out, 4 some are still out or unknown, or have left (or a group could not be read),
3 no results CSV, 5 key rejected, 75 API out of reach; the others as ever.

Examples:
  $ group-onboard follow-up cohort.results.csv                     who has come in, and how many are out, per group
  $ group-onboard follow-up cohort.results.csv --list              the rows of those who are out
  $ group-onboard follow-up cohort.results.csv --older-than 3d     the rows whose invites have expired
`;

/** `follow-up`: turns invited into joined by reading the groups. */
export function followUpCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('follow-up')
    .summary('see which invited people have come in since; sends nothing')
    .description(
      'Reads the groups of a results CSV, and writes joined for invited people who have come in since.',
    )
    .argument('<results>', 'the results CSV that run wrote');
  addOptions(command, FOLLOW_UP_OPTIONS);
  return command.addHelpText('after', DETAILS).action(async (results: string) => {
    const flags = flagsOf(command, FOLLOW_UP_OPTIONS);
    const { followUpConfig } = await import('../config/follow-up.ts');
    const config = followUpConfig(results, flags, io.env, Boolean(io.stderr.isTTY));
    const { followUp } = await import('../app/follow-up.ts');
    done(await followUp(config, io));
  });
}
