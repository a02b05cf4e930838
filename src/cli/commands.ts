import { Command, Option } from 'commander';
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
import {
  checkConfig,
  followUpConfig,
  groupsConfig,
  mergeConfig,
  rebuildConfig,
  reportConfig,
} from '../config/other-commands.ts';
import { runConfig } from '../config/run.ts';
import { addOptions, type FlagsOf, type Table, type Typed, valued } from '../config/typed-option.ts';
import { EXIT, type ExitCode, usage } from '../domain/errors.ts';
import { plain } from '../lib/text.ts';
import { parseCount, parseDuration } from '../lib/units.ts';

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

const CHECK_DETAILS = `
Examples:
  $ group-onboard check cohort.csv
  $ group-onboard check cohort.csv --default-country IN --gap 30s..60s
  $ group-onboard check cohort.csv -o plan.csv               every row with planned, invalid or duplicate
`;

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

const GROUPS_DETAILS = `
Reads the list of groups, and sends nothing to anybody. Exit codes: 0 listed, 5 the API refused the key or the phone,
75 it could not be reached, or did not list all of them; the others as for run.

Examples:
  $ group-onboard groups                                    a table: chat_id, members, places left, admin, name
  $ group-onboard groups -o groups.csv                      a CSV that run and check take with --groups
`;

const REPORT_DETAILS = `
Examples:
  $ group-onboard report cohort.results.csv                 writes cohort.results.html
  $ group-onboard report cohort.results.csv --report page.html
`;

const MERGE_DETAILS = `
Rows come in the order of the cohort, cell by cell as they are. Give every flag about the cohort that run had. Exit codes:
as run has them for these rows, and 75 when a row has no result; 3 when the files do not go together.

Examples:
  $ group-onboard merge cohort.shard-*.results.csv --cohort cohort.csv -o cohort.results.csv
`;

const REBUILD_DETAILS = `
For a ledger that was lost, emptied, cut or damaged, or is an older copy. Its readable records stay; people whom only the
results know as asked are added as asked. A damaged ledger is kept beside the new one. Exit codes: 0 it knows all that the
results tell, 4 it was damaged, or rows do not say any more who was asked, 6 a run holds it; the others as for run.

Examples:
  $ group-onboard rebuild-ledger cohort.results.csv
`;

/** Every command but `completion`. Each loads its modules only when it runs, so that `--help` stays quick. */
export function commands(io: Io, done: (exit: ExitCode) => void): readonly Command[] {
  const terminal = Boolean(io.stderr.isTTY);
  return [
    made(
      new Command('run')
        .summary('ask for every person of a cohort')
        .description('Adds every person of a cohort CSV to their WhatsApp group, or has them invited.')
        .argument('<cohort>', 'the cohort CSV; - is standard input')
        .addHelpText('after', RUN_DETAILS),
      RUN_OPTIONS,
      async (cohort: string, flags) => {
        const config = runConfig(cohort, flags, io.env, terminal);
        return (await import('../app/run.ts')).run(config, io);
      },
    ),
    made(
      new Command('check')
        .summary('read a cohort and say what run would do; sends nothing')
        .description(
          'Reads a cohort without sending anything: every problem by line, and the plan. Needs no key.',
        )
        .argument('<cohort>', 'the cohort CSV; - is standard input')
        .addHelpText('after', CHECK_DETAILS),
      CHECK_OPTIONS,
      async (cohort: string, flags) => {
        const config = checkConfig(cohort, flags, io.env, terminal);
        return (await import('../app/check.ts')).check(config, io);
      },
    ),
    made(
      new Command('follow-up')
        .summary('see which invited people have come in since; sends nothing')
        .description(
          'Reads the groups of a results CSV, and writes joined for invited people who have come in since.',
        )
        .argument('<results>', 'the results CSV that run wrote')
        .addHelpText('after', FOLLOW_UP_DETAILS),
      FOLLOW_UP_OPTIONS,
      async (results: string, flags) => {
        const config = followUpConfig(results, flags, io.env, terminal);
        return (await import('../app/follow-up.ts')).followUp(config, io);
      },
    ),
    made(
      new Command('groups')
        .summary('list the phone’s groups with their chat_ids; sends nothing')
        .description(
          'Lists the groups of the sending phone: chat_id, name, members, places left, admin or not.',
        )
        .addHelpText('after', GROUPS_DETAILS),
      GROUPS_OPTIONS,
      async (_: undefined, flags) => {
        const config = groupsConfig(flags, io.env, terminal);
        return (await import('../app/groups.ts')).groups(config, io);
      },
    ),
    made(
      new Command('report')
        .summary('make the HTML report of a results CSV; sends nothing')
        .description('Prints the summary of a results CSV again, and writes its HTML report. Needs no key.')
        .argument('<results>', 'the results CSV that run wrote')
        .addHelpText('after', REPORT_DETAILS),
      REPORT_OPTIONS,
      async (results: string, flags) => {
        const config = reportConfig(results, flags);
        return (await import('../app/report.ts')).report(config, io);
      },
    ),
    made(
      new Command('merge')
        .summary('put the results of shards back together; sends nothing')
        .description(
          'Makes one results CSV of those that run --shard wrote, and says which rows have none. Needs no key.',
        )
        .argument('<results...>', 'the results CSVs of the shards')
        .addHelpText('after', MERGE_DETAILS),
      MERGE_OPTIONS,
      async (results: readonly string[], flags) => {
        const config = mergeConfig(results, flags);
        return (await import('../app/merge/merge.ts')).merge(config, io);
      },
    ),
    made(
      new Command('explain')
        .summary('say what a status or a reason code means, and what to do')
        .description(
          'Says what each status or reason code of a results CSV means, and what to do about it. Without a code: all of them.',
        )
        .argument('[codes...]', 'from the columns status and reason_code, like privacy_blocked'),
      { markdown: plainOption<boolean | undefined>('--markdown', 'as Markdown tables') },
      (codes: readonly string[], flags) => explain(codes, flags.markdown === true, io),
    ),
    made(
      new Command('rebuild-ledger')
        .summary('make a lost ledger again from its results; sends nothing')
        .description(
          'Has the ledger know everybody whom a results CSV says to have been asked. Needs no key.',
        )
        .argument('<results>', 'the results CSV that run wrote')
        .addHelpText('after', REBUILD_DETAILS),
      REBUILD_OPTIONS,
      async (results: string, flags) => {
        const config = rebuildConfig(results, flags, io.env);
        return (await import('../app/rebuild-ledger.ts')).rebuild(config, io);
      },
    ),
    made(
      new Command('sandbox')
        .summary('serve a stand-in of the API on this machine')
        .description(
          'Serves a stand-in of the Periskope API on 127.0.0.1, to try things against. It contacts nobody.',
        ),
      SANDBOX_OPTIONS,
      (_: undefined, flags) => sandbox(flags, io),
    ),
  ];

  /** `Given` is what the argument holds: a file, several, or nothing. */
  function made<Given, Options extends Table>(
    command: Command,
    options: Options,
    work: (given: Given, flags: FlagsOf<Options>) => Promise<ExitCode>,
  ): Command {
    const flags = addOptions(command, options);
    return command.action(async () => done(await work(command.processedArgs[0] as Given, flags())));
  }
}

async function explain(codes: readonly string[], markdown: boolean, { stdout }: Io): Promise<ExitCode> {
  const { explainMarkdown, explainText, lookUp } = await import('../report/terminal/explain.ts');
  const known = lookUp(codes);
  if ('unknown' in known) {
    const { unknown, near } = known;
    const hint = near === undefined ? 'without a code, explain lists all of them' : `did you mean ${near}?`;
    throw usage(`“${plain(unknown, 60)}” is not a status or a reason code: ${hint}`);
  }
  stdout.write(markdown ? explainMarkdown(known.found) : explainText(known.found));
  return EXIT.ok;
}

/** Option that no variable of the environment sets. */
function plainOption<T>(
  flags: string,
  description: string,
  parse?: (text: string) => T,
  otherwise?: T,
  shown?: string,
): Typed<T> {
  const option = new Option(flags, description).default(otherwise, shown);
  return { option: parse ? option.argParser(valued(parse)) : option };
}
const duration = (flags: string, description: string) =>
  plainOption<number | undefined>(flags, description, parseDuration);

const LIMIT_BY: Typed<'key' | 'phone'> = {
  option: new Option('--limit-by <WHAT>', 'one limit for the key, or one for each sending phone')
    .choices(['key', 'phone'])
    .default('key'),
};
const SANDBOX_OPTIONS = {
  port: plainOption('--port <N>', '0 is any free port', (text) => parseCount(text, 0), 0),
  limit: plainOption('--limit <N>', 'requests per window', parseCount, 10),
  window: plainOption('--window <DURATION>', 'length of the window', parseDuration, 1_000, '1s'),
  latency: duration('--latency <DURATION>', 'time of a round trip, half of it before a request is counted'),
  latencyWay: duration('--latency-way <DURATION>', 'further time before a request is counted'),
  latencyWork: duration('--latency-work <DURATION>', 'further time after it is counted, before its answer'),
  latencyPerPerson: duration('--latency-per-person <DURATION>', 'time that each person of an ask takes'),
  limitBy: LIMIT_BY,
  record: plainOption<string | undefined>('--record <FILE>', 'append every ask to this file, as JSON lines'),
};

/** Runs the embedded stand-in of the API until a stop signal. */
async function sandbox(flags: FlagsOf<typeof SANDBOX_OPTIONS>, io: Io): Promise<ExitCode> {
  const { startSandbox } = await import('../sandbox/sandbox.ts');
  const { endingsText } = await import('../sandbox/endings.ts');
  const { port, limit, window: windowMs, limitBy: scope, latency: ms } = flags;
  const server = await startSandbox({
    ...{ port, limit, windowMs, scope },
    latency: { ms, way: flags.latencyWay, work: flags.latencyWork },
    ...(flags.latencyPerPerson !== undefined && { personMs: flags.latencyPerPerson }),
    ...(flags.record !== undefined && { recordFile: flags.record }),
  });
  const counts = new URL('/_sandbox', server.url).href;
  io.stdout.write(
    [
      `sandbox  ${server.url}   (${limit} requests per ${windowMs / 1_000} s; counts: ${counts})`,
      '',
      'In another terminal:',
      `  PERISKOPE_API_KEY=${server.key} group-onboard run cohort.csv --base-url ${server.url} --phone 919876543210`,
      '',
      endingsText(),
      '',
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    io.onSignal(() => resolve());
  });
  await server.close();
  return EXIT.ok;
}
