import { maskChatId } from '../../domain/ids.ts';
import { type ChatId, type Place, rowText } from '../../domain/words.ts';
import { count, cutMiddle, fitted, plain } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';
import { countLine } from './tally.ts';

/** Results for the people of one group who were invited, or in doubt. */
export type FollowUpCounts = ReturnType<typeof noCounts>;

export function noCounts() {
  return {
    joined: 0,
    /** People in doubt before, who were added according to the group or its notifications. */
    added: 0,
    left: 0,
    /** People not listed among the members. */
    out: 0,
    /** People not listed, whose request waits for a group admin, and does not expire as an invite does. */
    waiting: 0,
    /** People without a result, because the group or the row could not be read. */
    unread: 0,
    /** People asked without an answer, who may have been added, invited, or neither. */
    inDoubt: 0,
  };
}

export interface OutRow {
  readonly row: Place;
  readonly name: string;
  readonly chatId: ChatId | '';
  /** Masked number of the person. */
  readonly who: string;
  /** Time of the ask, epoch ms; undefined if the results do not contain it. */
  readonly askedAt: number | undefined;
  /** Whether the request waits for a group admin. */
  readonly waiting: boolean;
}

export interface FollowUpFacts {
  readonly file: string;
  readonly groups: ReadonlyMap<ChatId | '', FollowUpCounts>;
  readonly groupName: (chatId: ChatId) => string;
  /** Rows to name, in the order of the file. */
  readonly rows: readonly OutRow[];
  readonly olderThanMs: number | undefined;
  /** Epoch ms. */
  readonly now: number;
  readonly sandbox: boolean;
  /** Whether one person sees it, who may read names. */
  readonly names?: boolean;
  /** Path of the new results; undefined: unchanged, and not written. */
  readonly written: string | undefined;
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

/** Text on the people who joined, and those who did not. Unmasked numbers are in the named rows of the file. */
export function followUpText(facts: FollowUpFacts): string {
  const total = totalOf(facts.groups);
  const invited = total.joined + total.out + total.waiting + total.unread;
  const doubts = total.added + total.inDoubt;
  const inDoubt = doubts > 0 ? `, ${count(doubts, 'person', 'people')} in doubt` : '';
  const lines = [
    `${plain(facts.file)}: ${count(invited, 'person', 'people')} invited${inDoubt}${facts.sandbox ? ' (sandbox: these are no real groups)' : ''}`,
  ];
  const line = (n: number, words: string) => {
    if (n > 0) lines.push(countLine(n, words));
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

/** Lines of the rows, invites and requests to join apart: an invite expires, a request does not. */
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
