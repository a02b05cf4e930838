import { constants } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { CheckConfig } from '../../config/other-commands.ts';
import type { RunConfig } from '../../config/run.ts';
import { usage } from '../../domain/errors.ts';
import { readShardFile } from '../../domain/shard.ts';
import type { Pair } from '../../domain/words.ts';
import { MAGIC } from '../../ledger/format.ts';
import { SANDBOX_ORIGIN } from '../../ledger/ledger.ts';
import { type AsksOf, asksIn } from '../../ledger/scan.ts';
import { beginningOf, isSameFile, isSystemRefusal, placeOf } from '../../lib/files.ts';
import { PairIndex } from '../../lib/pair-index.ts';
import { count, plain } from '../../lib/text.ts';
import { decide, type Listed, type Survey } from '../../plan/survey.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Plan } from '../plan.ts';
import type { Session } from '../session.ts';
import { assertNotAskedNow } from './asking-now.ts';
import { isAsked } from './former-results.ts';
import { tellsOfAsks } from './own-files.ts';

const NO_SELECTION = { retry: [], onlyStatus: undefined };

/** Most files in a folder of which each is looked at, because a ledger may have any name. */
const MOST_FILES = 5_000;

/**
 * File with the paths of ledgers in other folders, one JSON string per line, relative to its own folder. A run leaves
 * it beside its cohort: the next run of that, whatever its output, finds the ledger by it.
 */
const NOTES = '.group-onboard.ledgers';

/** Most bytes read to find out whether other ledgers know these people: some seconds. */
const MOST_BYTES = 512 * 1024 * 1024;

/**
 * Refuses a run if another ledger nearby, of the same API, has asks of people who are about to be asked, or will have
 * them, because its run goes on now: only a run's own ledger keeps its people from a second ask.
 * @throws OnboardError CONFIG or LOCKED, naming it, unless the user insists
 */
export async function assertNotAskedElsewhere(
  config: RunConfig,
  { log, control, clock, releases }: Session,
  { ledger }: Inputs,
  { plan, selection }: Plan,
): Promise<void> {
  if (plan.toAsk === 0 || control.stopped) return;
  const isToAsk = ({ pair, previous }: Listed) =>
    !isAsked(ledger, pair) && decide({ ledger: ledger.state(pair)?.status, previous }, selection) === 'ask';
  const isWanted = (pair: Pair) => {
    const listed = plan.list.find(pair);
    return listed !== undefined && isToAsk(listed);
  };
  const near = [config.cohort.path, config.output, config.ledger];
  // The ledgers are read after that: a run that ended in between has written its own.
  if (!config.dryRun) {
    await assertNotAskedNow({
      ...{ clock, releases, origin: config.origin, ledger: config.ledger, insists: config.askAgain },
      folders: foldersOf(near),
      people: pairsOf(plan.list, isToAsk),
      most: plan.toAsk,
    });
  }
  const isOurs = (origin: string) => origin === config.origin;
  const { known, unread } = await askedElsewhere(config.ledger, near, { isOurs, isWanted });
  if (unread.length > 0) log.warn({}, unreadText(unread));
  const message = known && `${knownText(known, plan)}, and ${config.ledger} does not know it`;
  if (message !== undefined && (config.dryRun || config.askAgain)) log.warn({}, plain(message, 2_000));
  if (config.dryRun) return;
  if (known === undefined || config.askAgain) return noteLedger(config.ledger, config.cohort.path);
  throw usage(
    `${message}; nobody is asked: go on with that ledger (give the --output that it is beside, or --ledger ${known.path}), or, to have them asked again, give --ask-again-in-new-ledger`,
  );
}

/**
 * Refusals and warnings that `run` would give for another ledger nearby. Locks and opens no ledger.
 * @param plan of the cohort, by its own rows and results
 */
export async function notesOnOtherLedgers(
  { cohort, output, ledger }: Pick<CheckConfig, 'cohort' | 'output' | 'ledger'>,
  plan: Survey,
): Promise<readonly string[]> {
  if (plan.toAsk === 0) return [];
  const isOurs = (origin: string) => origin !== SANDBOX_ORIGIN;
  const own = new PairIndex();
  // If the own ledger is damaged or missing, run has more to say.
  const note = (pair: Pair) => {
    own.add(pair);
    return false;
  };
  if (ledger !== undefined && (await tellsOfAsks(ledger)))
    await asksIn(ledger, { isOurs, isWanted: note }).catch(() => undefined);
  const isWanted = (pair: Pair) => {
    const listed = plan.list.find(pair);
    if (listed === undefined || own.find(pair) !== -1) return false;
    return decide({ ledger: undefined, previous: listed.previous }, NO_SELECTION) === 'ask';
  };
  const near = [cohort.path, output ?? '-', ledger ?? '-'];
  const { known, unread } = await askedElsewhere(ledger, near, { isOurs, isWanted });
  const advice =
    'run asks nobody again where it goes on with that ledger (--output that it is beside, or --ledger), and refuses elsewhere';
  return [
    ...(unread.length > 0 ? [unreadText(unread)] : []),
    ...(known === undefined ? [] : [plain(`${knownText(known, plan)}: ${advice}`, 2_000)]),
  ];
}

function* pairsOf(list: Iterable<Listed>, isToAsk: (listed: Listed) => boolean): Generator<Pair> {
  for (const listed of list) if (isToAsk(listed)) yield listed.pair;
}

function knownText({ path, people }: Known, { toAsk }: Pick<Survey, 'toAsk'>): string {
  return `${path} has ${count(people, 'person', 'people')} of the ${toAsk} to be asked as asked already`;
}

function unreadText(unread: readonly string[]): string {
  const which = unread.map((path) => plain(path)).join(', ');
  return `other ledgers were not read to their end, and may know people of this cohort: ${which}`;
}

interface Known {
  readonly path: string;
  readonly people: number;
}

/**
 * Looks for pairs in the other ledgers nearby: each is read once, in bounded memory.
 * @param near files; `-` means none
 * @param asks wanted: pairs that are about to be asked, without an ask in our own ledger
 * @returns the ledger that knows most of these pairs, and those not read to their end: damaged or too large
 */
async function askedElsewhere(own: string | undefined, near: readonly string[], asks: AsksOf) {
  let left = MOST_BYTES;
  let known: Known | undefined;
  const unread: string[] = [];
  for (const { path, size } of await ledgersNear(own, near)) {
    left -= size;
    const found = left < 0 ? undefined : await asksIn(path, asks).catch(() => undefined);
    if (found === undefined || found.damaged) unread.push(path);
    const people = found?.people ?? 0;
    if (people > (known?.people ?? 0)) known = { path, people };
  }
  return { known, unread };
}

/** Folders of these files, and of what they lead to; `-` is none. */
function foldersOf(near: readonly string[]): ReadonlySet<string> {
  const files = near.filter((file) => file !== '-');
  return new Set(files.flatMap((file) => [dirname(file), dirname(placeOf(file))].map(placeOf)));
}

/** Other ledgers in the folders of these files, newest first. */
async function ledgersNear(own: string | undefined, near: readonly string[]) {
  const shard = own === undefined ? undefined : readShardFile(basename(own));
  const paths = new Set<string>();
  for (const dir of foldersOf(near)) {
    // A folder that cannot be read is reported where something is written into it.
    const names = await readdir(dir).catch(() => []);
    const likely = names.length > MOST_FILES ? names.filter((name) => name.endsWith('.jsonl')) : names;
    for (const name of likely) paths.add(join(dir, name));
    for (const path of await notedIn(dir)) paths.add(path);
  }
  const ledgers: { readonly path: string; readonly size: number; readonly at: number }[] = [];
  for (const path of paths) {
    const name = basename(path);
    // The ledger made again from a damaged one holds all that was readable in it.
    if (/\.damaged-\d{4}-/.test(name)) continue;
    // Other shards have other groups.
    const other = shard && readShardFile(name);
    if (other && other.plain === shard.plain && other.shard.count === shard.shard.count) continue;
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile() || !(await mayBeLedger(path))) continue;
    if (own === undefined || !isSameFile(path, own))
      ledgers.push({ path, size: found.size, at: found.mtimeMs });
  }
  return ledgers.sort((a, b) => b.at - a.at);
}

/** Notes a ledger beside its cohort, unless it is there itself. A folder that refuses the note goes without. */
async function noteLedger(ledger: string, cohort: string): Promise<void> {
  const [place, dir] = [placeOf(ledger), dirname(placeOf(cohort))];
  if (cohort === '-' || dir === dirname(place) || (await notedIn(dir)).includes(place)) return;
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  try {
    const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_WRONLY;
    const file = await open(join(dir, NOTES), flags, 0o600);
    try {
      // The line before may be torn.
      await file.appendFile(`\n${JSON.stringify(relative(dir, place))}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isSystemRefusal(error)) throw error;
  }
}

/** Ledgers noted in a folder. A line that cannot be read is passed over: it was torn, or somebody edited it. */
async function notedIn(dir: string): Promise<string[]> {
  const notes = join(dir, NOTES);
  if (!(await stat(notes).catch(() => undefined))?.isFile()) return [];
  const text = await readFile(notes, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      const path: unknown = JSON.parse(line);
      return typeof path === 'string' ? [resolve(dir, path)] : [];
    } catch {
      return [];
    }
  });
}

/** Whether a file has a ledger's name or a ledger's first bytes. */
async function mayBeLedger(path: string): Promise<boolean> {
  if (path.endsWith('.ledger.jsonl')) return true;
  const begins = await beginningOf(path, MAGIC.length).catch(() => undefined);
  return begins?.toString() === MAGIC;
}
