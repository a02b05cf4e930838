/** Groups as text: the phone's own, as a table and as a CSV, and those found for the names in a cohort's column. */
import { maskChatId } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { ChatId, ListedGroup } from '../../domain/words.ts';
import { columns, count, cutMiddle, paint, plain, publicName } from '../../lib/text.ts';
import { countLine } from '../summary/tally.ts';

export const GROUP_COLUMNS = ['name', 'chat_id', 'members', 'places_left', 'admin', 'exited'] as const;

export const GROUPS_BEGINS = GROUP_COLUMNS.join(',');

export function groupCells(group: ListedGroup): readonly string[] {
  const { name, chatId, members, placesLeft, isAdmin, isExited } = group;
  const admin = isAdmin === undefined ? '' : yesNo(isAdmin);
  return [name, chatId, numberOf(members), numberOf(placesLeft), admin, yesNo(isExited)];
}

const yesNo = (is: boolean) => (is ? 'yes' : 'no');
const numberOf = (n: number | undefined) => (n === undefined ? '' : String(n));

interface TableFacts {
  /** Width of the terminal in columns; Infinity elsewhere. */
  readonly width: number;
  /** Whether the output is a terminal seen by one person, where numbers are not masked. */
  readonly seenOnce: boolean;
  readonly colour: boolean;
}

const SHORTEST_NAME = 12;

/** Table of groups, with the name last because its length is not limited. */
export function groupsText(groups: readonly ListedGroup[], { width, seenOnce, colour }: TableFacts): string {
  const rows = groups.map((group) => {
    const { chatId, name, members, placesLeft } = group;
    const shown = seenOnce ? plain(name) : publicName(name);
    return [
      seenOnce ? plain(chatId) : maskChatId(plain(chatId)),
      members === undefined ? '?' : String(members),
      placesLeft === undefined ? '?' : String(placesLeft),
      adminText(group),
      shown.trim() === '' ? '(no name)' : shown,
    ];
  });
  const heads = ['chat_id', 'members', 'places left', 'admin', 'name'];
  const sizes = heads.map((head, at) =>
    Math.max(...[head, ...rows.map((row) => row[at] ?? '')].map(columns)),
  );
  const before = sizes.slice(0, -1).reduce((sum, size) => sum + size + 2, 0);
  const room = Math.max(SHORTEST_NAME, width - before);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        if (at === heads.length - 1) return cutMiddle(cell, room);
        const gap = ' '.repeat((sizes[at] ?? 0) - columns(cell));
        return at === 1 || at === 2 ? gap + cell : cell + gap;
      })
      .join('  ');
  const head = paint(colour, 2, line(heads));
  const lines = groups.length === 0 ? [] : [head, ...rows.map(line)];
  return `${[...lines, count(groups.length, 'group')].join('\n')}\n`;
}

function adminText({ isAdmin, isExited }: ListedGroup): string {
  if (isExited) return 'has left';
  return isAdmin === undefined ? '?' : yesNo(isAdmin);
}

/** A name of the column: its group, or its problem. Texts are raw and untrusted. */
interface NamedGroup {
  readonly name: string;
  readonly rows: number;
  readonly means:
    | { readonly chatId: ChatId; readonly group: string }
    | { readonly problem: ReasonCode; readonly message: string };
}

export interface NameMapping {
  readonly column: string;
  readonly source: string;
  readonly names: readonly NamedGroup[];
}

/** Names shown of one column; the rest are counted. */
const MOST_NAMES = 20;
const LONGEST = 50;

/**
 * `2 names of “Batch”, looked up in groups.csv: …`, shown before anything is sent. Names without a group are always
 * shown.
 */
export function namesText({ column, source, names }: NameMapping, seenOnce: boolean): string {
  const shown = [
    ...names.slice(0, MOST_NAMES),
    ...names.slice(MOST_NAMES).filter(({ means }) => 'problem' in means),
  ].slice(0, 2 * MOST_NAMES);
  const lines = [
    `${count(names.length, 'name')} of “${plain(column, 60)}”, looked up in ${plain(source, 200)}:`,
    ...shown.map((one) => countLine(one.rows, nameText(one, seenOnce))),
  ];
  if (names.length > shown.length)
    lines.push(`           … and ${count(names.length - shown.length, 'more name')}`);
  return `${lines.join('\n')}\n`;
}

/** `“batch a” is “Batch A” (120363371308389685@g.us)`. */
export function nameText({ name, means }: NamedGroup, seenOnce: boolean): string {
  const shown = (text: string) => `“${cutMiddle(seenOnce ? plain(text) : publicName(text), LONGEST)}”`;
  if ('problem' in means) {
    const what =
      means.problem === 'group_name_ambiguous' ? 'stands for several groups' : 'is not the name of a group';
    return `${shown(name)} ${what}: nobody of these rows is asked [${means.problem}]`;
  }
  const id = seenOnce ? means.chatId : maskChatId(means.chatId);
  return `${shown(name)} is ${shown(means.group)} (${id})`;
}
