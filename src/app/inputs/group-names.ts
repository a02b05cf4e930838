/** Group names in place of ids: lookup and result. */
import type { Cohort } from '../../cohort/cohort.ts';
import { GroupBook, type GroupCells, quoteName, readGroupCell, readGroupsFile } from '../../cohort/groups.ts';
import type { RunConfig } from '../../config/run.ts';
import { type OnboardError, unfitColumns } from '../../domain/errors.ts';
import { maskNames } from '../../domain/safe-text.ts';
import type { ChatId, ListedGroup, Sender } from '../../domain/words.ts';
import { count, publicName } from '../../lib/text.ts';
import { bareCell } from '../../report/results/results.ts';
import { type NameMapping, nameText } from '../../report/terminal/groups.ts';
import type { Listing } from '../../send/groups/chats.ts';
import type { Log } from '../../send/ports.ts';
import { StoppedBefore } from '../session.ts';

/** Cohort whose names are looked up, as far as possible. */
export interface NamedCohort {
  readonly book: GroupBook | undefined;
  /** undefined: the column holds no names, or nothing looked them up. */
  readonly mapping: NameMapping | undefined;
}

export interface LookUpParts {
  readonly config: RunConfig['cohort'];
  readonly name: string;
  readonly cohort: Pick<Cohort, 'groupCells' | 'isResults'>;
  /** Nobody is going to be asked: names that can not be looked up may stay. */
  readonly asksNobody: boolean;
  /** Lists the groups of these phones; undefined: offline. */
  readonly list: ((senders: readonly (Sender | undefined)[]) => Promise<Listing>) | undefined;
  readonly heard?: (group: ListedGroup) => void;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** Book that `--groups` names; undefined: none. */
export async function givenBook({ groupsFile }: RunConfig['cohort']): Promise<GroupBook | undefined> {
  if (groupsFile === undefined) return undefined;
  return readGroupsFile(groupsFile, bareCell);
}

/**
 * Looks up the names in the cohort's column: in the given file, or in the list of the phone's groups.
 * @throws OnboardError COHORT_COLUMNS where the column holds names only and nothing looks them up; StoppedBefore
 */
export async function lookUpNames(parts: LookUpParts, given: GroupBook | undefined): Promise<NamedCohort> {
  const { cohort, name, asksNobody, list, log } = parts;
  const cells = await cohort.groupCells(parts.signal);
  if (cells === undefined || cells.named === 0) return { book: given, mapping: undefined };
  const found = given ?? (list && (await listed(parts, cells, list)));
  if (found instanceof GroupBook) return { book: found, mapping: mappingOf(cells, found) };
  const isLost = cells.isOfNames || (found !== undefined && cells.ids === 0);
  // In results the name may have been corrected: it must not stand for the group that was asked into.
  if (isLost || (cohort.isResults && !asksNobody)) throw unresolved(name, cells, found);
  if (found !== undefined)
    log.warn({ rows: cells.named }, `${found}: rows that name their group are invalid`);
  return { book: undefined, mapping: undefined };
}

/** The book, or the reason why there is none. */
async function listed(
  { heard }: LookUpParts,
  cells: GroupCells,
  list: NonNullable<LookUpParts['list']>,
): Promise<GroupBook | string> {
  const senders = [...cells.senders].map((sender) => (sender === '' ? undefined : (sender as Sender)));
  const listing = await list(senders);
  if (listing.kind === 'not_read') throw new StoppedBefore('the groups’ names were looked up');
  if (listing.kind === 'unlisted') return `the API did not list the groups (${listing.why})`;
  const book = new GroupBook(`the phone’s ${count(listing.groups.length, 'group')}`);
  for (const group of listing.groups) {
    book.add(group.name, group.chatId);
    heard?.(group);
  }
  return book;
}

function mappingOf(cells: GroupCells, book: GroupBook): NameMapping {
  return {
    column: cells.column,
    source: book.source,
    names: cells.names.map(({ name, rows }) => {
      const read = readGroupCell(name, book);
      const means =
        typeof read === 'string'
          ? { chatId: read, group: book.nameOf(read) }
          : { problem: read.code, message: read.message };
      return { name, rows, means };
    }),
  };
}

/** Most names in a message, which may end up in a log. */
const MOST_NAMES = 5;

function unresolved(file: string, cells: GroupCells, why: string | undefined): OnboardError {
  const names = cells.names.map(({ name }) => quoteName(maskNames(name)));
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  const shown = `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
  const todo =
    why === undefined
      ? 'give --groups FILE (name,chat_id; group-onboard groups -o FILE makes it), or check --online'
      : `${why}; give --groups FILE (name,chat_id)`;
  const held = `${count(names.length, 'name')} and no chat_id`;
  return unfitColumns(
    `${file}: column ${quoteName(cells.column)} holds ${held}: ${shown}; ${todo} (or --chat-id, where all go to one group)`,
  );
}

/** Logs the group taken for each name, for a run that shows no plan. */
export function logNames(mapping: NameMapping, log: Log): void {
  for (const named of mapping.names.slice(0, 50)) {
    const { means, rows } = named;
    const facts =
      'problem' in means
        ? { rows }
        : { rows, chat_id: means.chatId as ChatId, group: publicName(means.group, 100) };
    log['problem' in means ? 'warn' : 'info'](facts, nameText(named, false));
  }
}
