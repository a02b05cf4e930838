import { EXIT, type ExitCode } from '../../domain/errors.ts';
import type { ListedGroup } from '../../domain/words.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, parseObject, wholeNumber } from '../api/body.ts';
import type { Client } from '../api/client.ts';
import { oneLine } from '../api/redact.ts';
import { readMemberId } from '../classify/entries.ts';
import { bodyOf, failureOf, nonsense, type ReadFailure, stopOf } from '../classify/refusal.ts';
import type { Gateway } from '../gateway.ts';
import type { RunControl } from '../run-control.ts';
import { GROUP_CAPACITY } from './groups.ts';
import { type Chat, chatOf, membersOf } from './membership.ts';

/** Chats per page; more is a 422. Source: api/FACTS.md. */
const PAGE = 2_000;
/** Most pages read: a phone is never in so many groups. */
const MOST_PAGES = 50;

/**
 * unlisted  the API answered, and not with the whole list; `exit` is 75 where a later try may do better
 * not_read  nothing came: the run was stopped, or the API is out of reach
 */
export type Listing =
  | { readonly kind: 'groups'; readonly groups: readonly ListedGroup[] }
  | { readonly kind: 'unlisted'; readonly why: string; readonly exit: ExitCode }
  | { readonly kind: 'not_read' };

export interface ListingParts {
  readonly gateway: Pick<Gateway, 'read'>;
  readonly client: Pick<Client, 'groups'>;
  readonly control: RunControl;
  /** Number of the phone, if known; finds its own admin entry in a group. */
  readonly sender: string | undefined;
}

/** Reads the whole list of groups: with half of it an ambiguous name would look unique. */
export async function listGroups({ gateway, client, control, sender }: ListingParts): Promise<Listing> {
  const found = new Map<string, ListedGroup>();
  let offset = 0;
  let chats = 0;
  const seen = new Set<string>();
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const answer = await gateway.read((call) => client.groups({ offset, limit: PAGE }, call), control);
    if (answer === undefined) return { kind: 'not_read' };
    const page = parseGroups(answer, sender);
    if (page.kind !== 'page') {
      const stop = stopOf(page);
      const exit = page.kind === 'unavailable' ? EXIT.again : EXIT.safety;
      if (stop === undefined) return { kind: 'unlisted', why: oneLine(page.message), exit };
      control.explain(stop);
      return { kind: 'not_read' };
    }
    chats += page.ids.length;
    const before = seen.size;
    for (const id of page.ids) seen.add(id);
    for (const group of page.groups) found.set(group.chatId, found.get(group.chatId) ?? group);
    offset = (page.from ?? offset) + page.ids.length;
    const isLast = page.count === undefined ? page.ids.length < PAGE : seen.size >= page.count;
    if (isLast) return { kind: 'groups', groups: [...found.values()] };
    // The same page again, or none: the rest is not available.
    if (seen.size === before) break;
  }
  return { kind: 'unlisted', why: `it gave ${chats} chats, and says that there are more`, exit: EXIT.again };
}

interface GroupsPage {
  readonly kind: 'page';
  readonly groups: readonly ListedGroup[];
  /** Of every chat on the page. */
  readonly ids: readonly string[];
  /** Index of the first entry, and the total, if the answer has them. */
  readonly from: number | undefined;
  readonly count: number | undefined;
}

/** One page of `GET /chats`. Pure; never throws. */
export function parseGroups(answer: Answer, sender: string | undefined): GroupsPage | ReadFailure {
  const failure = failureOf(answer);
  if (failure !== undefined) return failure;
  const body = parseObject(bodyOf(answer));
  const list = body?.['chats'];
  if (body === undefined || !Array.isArray(list)) return nonsense(answer);
  const entries = list.flatMap((entry: unknown) => {
    const id = isObject(entry) ? entry['chat_id'] : undefined;
    return isObject(entry) && typeof id === 'string' ? [{ id: id.trim().toLowerCase(), entry }] : [];
  });
  // An entry without an id may be any group.
  if (entries.length < list.length) return nonsense(answer);
  return {
    kind: 'page',
    ids: entries.map(({ id }) => id),
    groups: entries.flatMap(({ id, entry }) =>
      id.endsWith('@g.us') ? [groupOf(id, chatOf(entry, sender ?? phoneOf(entry['org_phone'])))] : [],
    ),
    from: wholeNumber(body['from']),
    count: wholeNumber(body['count']),
  };
}

/** Number of the phone whose list it is, by the entry itself. */
function phoneOf(orgPhone: unknown): string | undefined {
  return typeof orgPhone === 'string' ? readMemberId(orgPhone)?.phone : undefined;
}

function groupOf(chatId: string, chat: Chat): ListedGroup {
  const members = membersOf(chat);
  return {
    chatId,
    name: chat.name,
    members,
    placesLeft: members === undefined ? undefined : Math.max(0, GROUP_CAPACITY - members),
    isAdmin: chat.senderIsAdmin,
    isExited: chat.isExited,
    inviteLink: chat.inviteLink,
  };
}
