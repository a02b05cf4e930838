/** Names of groups in the place of their ids: where they are looked up, and what came of it. */
import type { Cohort } from '../cohort/cohort.ts';
import { GroupBook, quoteName, readGroupCell } from '../cohort/groups/group-book.ts';
import type { GroupCells } from '../cohort/groups/group-cells.ts';
import { readGroupsFile } from '../cohort/groups/groups-file.ts';
import type { RunConfig } from '../config/run.ts';
import { OnboardError } from '../domain/errors.ts';
import { maskNames } from '../domain/safe-text.ts';
import type { ChatId, Sender } from '../domain/words.ts';
import { count, publicName } from '../lib/text.ts';
import { plainCell } from '../report/results/safe-cell.ts';
import { type NameMapping, nameText } from '../report/terminal/names.ts';
import type { ListedGroup, Listing } from '../send/groups/listing.ts';
import type { Log } from '../send/ports.ts';

/** A cohort whose names are looked up, as far as anything can. */
export interface NamedCohort {
  readonly book: GroupBook | undefined;
  /** undefined: the column holds no names, or nothing looked them up. */
  readonly mapping: NameMapping | undefined;
}

export interface LookUpParts {
  readonly config: RunConfig['cohort'];
  /** How messages name the cohort. */
  readonly name: string;
  readonly cohort: Pick<Cohort, 'groupCells' | 'isResults'>;
  /** Nobody is going to be asked: what cannot be looked up may stay as it is. */
  readonly asksNobody: boolean;
  /** The list of the groups of these phones; undefined: nothing is reached. */
  readonly list: ((senders: readonly (Sender | undefined)[]) => Promise<Listing>) | undefined;
  /** Hears of each listed group. */
  readonly heard?: (group: ListedGroup) => void;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** The list was not read: the session's control says why. */
export class NotLookedUp extends Error {}

/** The book that `--groups` names; undefined: none does. */
export async function givenBook({ groupsFile }: RunConfig['cohort']): Promise<GroupBook | undefined> {
  if (groupsFile === undefined) return undefined;
  return readGroupsFile(groupsFile, { plainCell: (cell) => plainCell(cell, { excel: true }) });
}

/**
 * Looks the names of the cohort's column up: in the file that was given, or in the list of the phone's groups.
 * @throws OnboardError COHORT_COLUMNS where the column holds names alone and nothing looks them up; NotLookedUp
 */
export async function lookUpNames(parts: LookUpParts, given: GroupBook | undefined): Promise<NamedCohort> {
  const { cohort, name, asksNobody, list, log } = parts;
  const cells = await cohort.groupCells(parts.signal);
  if (cells === undefined || cells.named === 0) return { book: given, mapping: undefined };
  const found = given ?? (list && (await listed(parts, cells, list)));
  if (found instanceof GroupBook) return { book: found, mapping: mappingOf(cells, found) };
  const isLost = cells.isOfNames || (found !== undefined && cells.ids === 0);
  // In results the own name may have been corrected: the group that was asked into is not to be taken for it.
  if (isLost || (cohort.isResults && !asksNobody)) throw unresolved(name, cells, found);
  if (found !== undefined)
    log.warn({ rows: cells.named }, `${found}: rows that name their group are invalid`);
  return { book: undefined, mapping: undefined };
}

/** The book, or why there is none. */
async function listed(
  { heard }: LookUpParts,
  cells: GroupCells,
  list: NonNullable<LookUpParts['list']>,
): Promise<GroupBook | string> {
  const senders = [...cells.senders].map((sender) => (sender === '' ? undefined : (sender as Sender)));
  const listing = await list(senders);
  if (listing.kind === 'not_read') throw new NotLookedUp();
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

/** Names in a message that may end up in a log. */
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
  return new OnboardError(
    'COHORT_COLUMNS',
    `${file}: column ${quoteName(cells.column)} holds ${held}: ${shown}; ${todo} (or --chat-id, where all go to one group)`,
  );
}

/** Says in the log what each name was taken for, for a run that shows it to nobody. */
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
