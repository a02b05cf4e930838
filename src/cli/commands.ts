import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import {
  CHECK_OPTIONS,
  FOLLOW_UP_OPTIONS,
  GROUPS_OPTIONS,
  MERGE_OPTIONS,
  REBUILD_OPTIONS,
  REPORT_OPTIONS,
  RUN_OPTIONS,
} from '../config/flags.ts';
import { addOptions, flagsOf } from '../config/typed-option.ts';
import { EXIT, type ExitCode, OnboardError } from '../domain/errors.ts';
import { plain } from '../lib/text.ts';

const RUN_DETAILS = `
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
  return command.addHelpText('after', RUN_DETAILS).action(async (cohort: string) => {
    const flags = flagsOf(command, RUN_OPTIONS);
    const { runConfig } = await import('../config/run.ts');
    const config = runConfig(cohort, flags, io.env, Boolean(io.stderr.isTTY));
    const { run } = await import('../app/run.ts');
    done(await run(config, io));
  });
}

const CHECK_DETAILS = `
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
  return command.addHelpText('after', CHECK_DETAILS).action(async (cohort: string) => {
    const flags = flagsOf(command, CHECK_OPTIONS);
    const { checkConfig } = await import('../config/other-commands.ts');
    const config = checkConfig(cohort, flags, io.env, Boolean(io.stderr.isTTY));
    const { check } = await import('../app/check.ts');
    done(await check(config, io));
  });
}

const FOLLOW_UP_DETAILS = `
Reads each group once, and sends nothing to anybody. Invited people who are members now become joined, and people who
have gone since become left (where the API has the group's notifications), in the results and in their ledger.
Rows that are unknown become added or joined, where the members or the notifications say so.
Exit codes: 0 nobody is out, 4 some are still out or unknown, or have left (or a group could not be read),
3 no results CSV, 5 key rejected, 75 API out of reach; the others as for run.

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
  return command.addHelpText('after', FOLLOW_UP_DETAILS).action(async (results: string) => {
    const flags = flagsOf(command, FOLLOW_UP_OPTIONS);
    const { followUpConfig } = await import('../config/other-commands.ts');
    const config = followUpConfig(results, flags, io.env, Boolean(io.stderr.isTTY));
    const { followUp } = await import('../app/follow-up.ts');
    done(await followUp(config, io));
  });
}

const GROUPS_DETAILS = `
Reads the list of groups, and sends nothing to anybody. Exit codes: 0 listed, 5 the API refused the key or the phone,
75 it could not be reached, or did not list all of them; the others as for run.

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
  return command.addHelpText('after', GROUPS_DETAILS).action(async () => {
    const flags = flagsOf(command, GROUPS_OPTIONS);
    const { groupsConfig } = await import('../config/other-commands.ts');
    const config = groupsConfig(flags, io.env, Boolean(io.stderr.isTTY));
    const { groups } = await import('../app/groups.ts');
    done(await groups(config, io));
  });
}

const REPORT_DETAILS = `
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
  return command.addHelpText('after', REPORT_DETAILS).action(async (results: string) => {
    const { reportConfig } = await import('../config/other-commands.ts');
    const config = reportConfig(results, flagsOf(command, REPORT_OPTIONS));
    const { report } = await import('../app/report.ts');
    done(await report(config, io));
  });
}

const MERGE_DETAILS = `
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
  return command.addHelpText('after', MERGE_DETAILS).action(async (results: readonly string[]) => {
    const { mergeConfig } = await import('../config/other-commands.ts');
    const config = mergeConfig(results, flagsOf(command, MERGE_OPTIONS));
    const { merge } = await import('../app/merge/merge.ts');
    done(await merge(config, io));
  });
}

const REBUILD_DETAILS = `
For a ledger that was lost, emptied, cut or damaged, or is an older copy. Its readable records stay; people whom only the
results know as asked are added as asked. A damaged ledger is kept beside the new one. Exit codes: 0 it knows all that the
results tell, 4 it was damaged, or rows do not say any more who was asked, 6 a run holds it; the others as for run.

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
  return command.addHelpText('after', REBUILD_DETAILS).action(async (results: string) => {
    const { rebuildConfig } = await import('../config/other-commands.ts');
    const config = rebuildConfig(results, flagsOf(command, REBUILD_OPTIONS), io.env);
    const { rebuild } = await import('../app/rebuild-ledger.ts');
    done(await rebuild(config, io));
  });
}

/** `explain`: meaning of the words in the columns `status` and `reason_code`. */
export function explainCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('explain')
    .summary('say what a status or a reason code means, and what to do')
    .description(
      'Says what each status or reason code of a results CSV means, and what to do about it. Without a code: all of them.',
    )
    .argument('[codes...]', 'from the columns status and reason_code, like privacy_blocked')
    .option('--markdown', 'as Markdown tables');
  return command.action(async (words: readonly string[], { markdown }: { readonly markdown?: boolean }) => {
    const { explainMarkdown, explainText, lookUp } = await import('../report/terminal/explain.ts');
    const known = lookUp(words);
    if ('unknown' in known) {
      const hint =
        known.near === undefined
          ? 'without a code, explain lists all of them'
          : `did you mean ${known.near}?`;
      throw new OnboardError(
        'CONFIG',
        `“${plain(known.unknown, 60)}” is not a status or a reason code: ${hint}`,
      );
    }
    io.stdout.write(markdown ? explainMarkdown(known.found) : explainText(known.found));
    done(EXIT.ok);
  });
}
