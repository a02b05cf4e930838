import type { GroupsConfig } from '../config/other-commands.ts';
import { EXIT, type ExitCode } from '../domain/errors.ts';
import type { ListedGroup } from '../domain/words.ts';
import { sweepLitter } from '../lib/atomic-file.ts';
import { count } from '../lib/text.ts';
import { openRecords, safeCell } from '../report/results/results.ts';
import type { Ending } from '../report/summary/tally.ts';
import { TallyMaker } from '../report/summary/tally.ts';
import { GROUP_COLUMNS, GROUPS_BEGINS, groupCells, groupsText } from '../report/terminal/groups.ts';
import { safeWriter } from '../report/terminal/log.ts';
import type { StopReason } from '../send/run-control.ts';
import { type Io, isSeenOnce, isTerminal, systemClock, textStream, wantsColour } from './io.ts';
import { assertOurs, forLog, offlineEnding, writeRecord } from './outputs/publish.ts';
import { groupsOfPhones } from './phones/readers.ts';
import { openSession, releasing } from './session.ts';

/** Lists the phone's groups: as a table, or as a CSV for `--groups`. Reads only, and sends nothing. */
export function groups(config: GroupsConfig, io: Io): Promise<ExitCode> {
  const startedAt = systemClock.now();
  return releasing(async (releases) => {
    const { output } = config;
    if (output !== undefined && output !== '-') {
      await assertOurs(output, { flag: '--output', what: 'list of groups', begins: GROUPS_BEGINS });
      await sweepLitter([output]);
    }
    const session = openSession(config, io, releases);
    const listing = await groupsOfPhones(config, session, [undefined]);
    const stop = stopOf(listing, session.control.reason);
    const listed = listing.kind === 'groups' ? byName(listing.groups) : [];
    const exit = stop?.exit ?? EXIT.ok;
    const ending = offlineEnding(
      {
        command: 'groups',
        cohort: '',
        results: output === '-' || stop ? undefined : output,
        sandbox: config.target.kind === 'sandbox',
        tally: new TallyMaker(),
        stopped: stop && { code: stop.code, message: stop.message },
        listed,
        exit,
      },
      startedAt,
    );
    if (stop === undefined) await show(config, io, listed, ending);
    else safeWriter(io.stderr)(`group-onboard: ${stop.message}\n`);
    writeRecord(ending, config, io);
    return exit;
  });
}

/** Stop of a command whose listing came to nothing. */
function stopOf(
  listing: Awaited<ReturnType<typeof groupsOfPhones>>,
  reason: StopReason | undefined,
): StopReason | undefined {
  if (listing.kind === 'groups') return undefined;
  if (listing.kind === 'unlisted')
    return { exit: listing.exit, code: 'other', message: `the API did not list the groups: ${listing.why}` };
  return reason ?? { exit: EXIT.again, code: 'api_unreachable', message: 'the groups could not be read' };
}

function byName(groups: readonly ListedGroup[]): readonly ListedGroup[] {
  return groups.toSorted((a, b) => a.name.localeCompare(b.name, 'en') || (a.chatId < b.chatId ? -1 : 1));
}

async function show(
  config: GroupsConfig,
  io: Io,
  listed: readonly ListedGroup[],
  ending: Ending,
): Promise<void> {
  const { output, excel, log } = config;
  if (output !== undefined) await write(output === '-' ? io.stdout : output, listed, excel);
  if (log.quiet && output !== undefined) return;
  const stream = textStream(io, config);
  if (log.records && stream === io.stderr) return;
  const sandbox = ending.sandbox ? 'sandbox: these are made up\n' : '';
  const facts = {
    width: isTerminal(stream) ? Math.max(Number('columns' in stream && stream.columns) || 80, 40) : Infinity,
    seenOnce: isSeenOnce(io, stream),
    colour: wantsColour(io, stream),
  };
  const text =
    output === undefined
      ? groupsText(listed, facts)
      : `${count(listed.length, 'group')}: ${output === '-' ? 'standard output' : output}\n`;
  safeWriter(stream)(forLog(sandbox + text, ending, io.env));
}

async function write(
  target: string | Io['stdout'],
  listed: readonly ListedGroup[],
  excel: boolean,
): Promise<void> {
  const writer = await openRecords(target, { excel });
  try {
    const rows = listed.map((group) => groupCells(group).map((cell) => safeCell(cell, { excel })));
    await writer.write([GROUP_COLUMNS, ...rows]);
    await writer.commit();
  } finally {
    await writer.abort();
  }
}
