import { maskChatId } from '../../domain/ids.ts';
import { type ChatId, type Place, rowText } from '../../domain/words.ts';
import { count, cutMiddle, fitted, plain } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';

/** What became of the people of one group who were invited, or in doubt. */
export interface FollowUpCounts {
  joined: number;
  /** In doubt before; the group or its notifications tell that they were added. */
  added: number;
  /** Were in, and have gone since. */
  left: number;
  /** Not listed among the members. */
  out: number;
  /** Not listed either: their request waits for a group admin, and does not expire as an invite does. */
  waiting: number;
  /** The group, or the row, could not be read: nobody knows. */
  unread: number;
  /** Asked with no answer; nothing tells whether they were added or invited. */
  inDoubt: number;
}

export function noCounts(): FollowUpCounts {
  return { joined: 0, added: 0, left: 0, out: 0, waiting: 0, unread: 0, inDoubt: 0 };
}

/** A row of somebody who is still out. */
export interface OutRow {
  /** Of the results CSV. */
  readonly row: Place;
  /** The person's name: for one who sits at a terminal. */
  readonly name: string;
  readonly chatId: ChatId | '';
  /** Masked. */
  readonly who: string;
  /** Epoch ms; undefined when the results do not say. */
  readonly askedAt: number | undefined;
  /** Waits for a group admin. */
  readonly waiting: boolean;
}

export interface FollowUpFacts {
  readonly file: string;
  readonly groups: ReadonlyMap<ChatId | '', FollowUpCounts>;
  readonly groupName: (chatId: ChatId) => string;
  /** The rows to name, in the order of the file. */
  readonly rows: readonly OutRow[];
  readonly olderThanMs: number | undefined;
  /** Epoch ms. */
  readonly now: number;
  readonly sandbox: boolean;
  /** Whether one person sees it, who may read names. */
  readonly names?: boolean;
  /** Where the results are now; undefined: as they were, as nothing has changed. */
  readonly written: string | undefined;
  /** The to-do list, when one was written. */
  readonly toDo?: string | undefined;
  readonly stopped: string | undefined;
}

export function totalOf(groups: FollowUpFacts['groups']): FollowUpCounts {
  const total = noCounts();
  for (const counts of groups.values()) {
    for (const key of Object.keys(total) as (keyof FollowUpCounts)[]) total[key] += counts[key];
  }
  return total;
}

/** Text on the people who came in and those who did not. Whole numbers are in the file, in the rows that are named. */
export function followUpText(facts: FollowUpFacts): string {
  const total = totalOf(facts.groups);
  const invited = total.joined + total.out + total.waiting + total.unread;
  const doubts = total.added + total.inDoubt;
  const inDoubt = doubts > 0 ? `, ${count(doubts, 'person', 'people')} in doubt` : '';
  const lines = [
    `${plain(facts.file)}: ${count(invited, 'person', 'people')} invited${inDoubt}${facts.sandbox ? ' (sandbox: these are no real groups)' : ''}`,
  ];
  const line = (n: number, words: string) => {
    if (n > 0) lines.push(`  ${String(n).padStart(7)}  ${words}`);
  };
  line(total.joined, 'joined: have come in since');
  line(total.added, 'added: were in doubt, and the group tells of them');
  line(total.left, 'left: were in, and have gone since');
  line(total.out, 'still out');
  line(total.waiting, 'waiting for a group admin to let them in');
  line(total.unread, 'unknown: their group could not be read');
  line(total.inDoubt, 'in doubt still: asked, and nothing tells whether they were added or invited');
  if (facts.groups.size > 0)
    lines.push('', 'groups', ...[...facts.groups].map((one) => groupLine(facts, one)));
  lines.push(...rowLines(facts), '');
  lines.push(facts.written ? `results  ${plain(facts.written)}` : 'results  unchanged');
  if (facts.toDo) lines.push(`to do    ${plain(facts.toDo)}`);
  if (facts.stopped) lines.push(`stopped  ${plain(facts.stopped)}`);
  return `${lines.join('\n')}\n`;
}

function groupLine(
  { groupName }: FollowUpFacts,
  [id, { joined, added, left, out, waiting, unread, inDoubt }]: readonly [ChatId | '', FollowUpCounts],
): string {
  const words = [
    joined > 0 && `${joined} joined`,
    added > 0 && `${added} added`,
    left > 0 && `${left} left`,
    out > 0 && `${out} still out`,
    waiting > 0 && `${waiting} waiting for an admin`,
    unread > 0 && `${unread} unknown`,
    inDoubt > 0 && `${inDoubt} in doubt`,
  ];
  return `  ${fitted(cutMiddle(nameOf(groupName, id), 34), 34)} ${words.filter(Boolean).join(', ')}`;
}

function nameOf(groupName: FollowUpFacts['groupName'], id: ChatId | ''): string {
  return id === '' ? 'rows that cannot be read' : cutMiddle(plain(groupName(id) || maskChatId(id)), 60);
}

/** The rows by what they wait for: an invite expires, a request to join does not. */
function rowLines(facts: FollowUpFacts): string[] {
  const { rows, olderThanMs } = facts;
  const [invites, requests] = [rows.filter(({ waiting }) => !waiting), rows.filter(({ waiting }) => waiting)];
  const old = olderThanMs === undefined ? '' : ` older than ${formatDuration(olderThanMs)}`;
  const lines: string[] = [];
  if (old !== '' || invites.length > 0)
    lines.push(
      '',
      old === '' ? 'still out' : `${count(invites.length, 'invite')}${old}`,
      ...invites.map(named),
    );
  if (requests.length > 0)
    lines.push(
      '',
      `${count(requests.length, 'request')}${old}, waiting for a group admin: not expired`,
      ...requests.map(named),
    );
  return lines;

  function named({ row, name, who, askedAt, chatId }: OutRow): string {
    const { file, now, groupName, names } = facts;
    const person = names && name !== '' ? `${plain(name, 60)}  ${who}` : who;
    const asked =
      askedAt === undefined ? 'asked nobody knows when' : `asked ${formatDuration(now - askedAt)} ago`;
    return `  ${plain(file)} ${rowText(row)}: ${person}  ${asked}  ${nameOf(groupName, chatId)}`;
  }
}
