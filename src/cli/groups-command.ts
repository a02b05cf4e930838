import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { GROUPS_OPTIONS } from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import type { ExitCode } from '../domain/errors.ts';

const DETAILS = `
Reads the list of groups, and sends nothing to anybody. Exit codes: 0 listed, 5 the API refused the key or the phone,
75 it could not be reached, or did not list all of them; the others as ever.

Examples:
  $ group-onboard groups                                    a table: chat_id, members, places left, admin, name
  $ group-onboard groups -o groups.csv                      a CSV that run and check take with --groups
`;

/** `groups`: lists the phone's groups with the ids that a cohort needs. */
export function groupsCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('groups')
    .summary('list the phone’s groups with their chat_ids; sends nothing')
    .description('Lists the groups of the sending phone: chat_id, name, members, places left, admin or not.');
  addOptions(command, GROUPS_OPTIONS);
  return command.addHelpText('after', DETAILS).action(async () => {
    const flags = flagsOf(command, GROUPS_OPTIONS);
    const { groupsConfig } = await import('../config/groups.ts');
    const config = groupsConfig(flags, io.env, Boolean(io.stderr.isTTY));
    const { groups } = await import('../app/groups.ts');
    done(await groups(config, io));
  });
}
