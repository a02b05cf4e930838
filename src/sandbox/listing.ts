/** Chats that the sandbox lists: `GET /chats`. */

import { ORG_ID } from './groups.ts';
import { type Answer, json, readPage, validationError } from './protocol.ts';

/** Groups listed from the start: those of the demo, and some that cannot take everyone. */
export const LISTED_GROUPS: readonly string[] = [
  '120363371308389685@g.us',
  '120363402715563921@g.us',
  '120363398840217746@g.us',
  '905301234567-1574073754@g.us',
  '120363371308380400@g.us',
  '120363371308380410@g.us',
  '120363371308380419@g.us',
  '120363371308380420@g.us',
];

/** Chats with one person, which a list of groups omits. */
const PEOPLE: readonly string[] = ['919870000001@c.us', '919870000002@c.us'];

const TYPES = ['group', 'user', 'business'] as const;

/** A request for a list of chats. */
export interface ListRequest {
  /** undefined: chats of every type. */
  readonly type: (typeof TYPES)[number] | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Request in a query, or the answer that refuses it. */
export function readListRequest(query: Readonly<Record<string, unknown>>): Answer | ListRequest {
  const page = readPage(query['offset'], query['limit']);
  if ('kind' in page) return page;
  const given = query['chat_type'];
  const type = TYPES.find((one) => one === given);
  if (given !== undefined && type === undefined)
    return validationError({ chat_type: `must be one of ${TYPES.join(', ')}` });
  return { ...page, type };
}

/** One page of the list. Source: api/FACTS.md. @param bodyOf returns the body of one group */
export function listBody(
  groups: readonly string[],
  { type, offset, limit }: ListRequest,
  orgPhone: string,
  bodyOf: (chatId: string) => object,
): Answer {
  const ofGroups = type === undefined || type === 'group' ? groups : [];
  const ofPeople = type === undefined || type === 'user' ? PEOPLE : [];
  const all = [...ofGroups, ...ofPeople];
  const page = all.slice(offset, offset + limit);
  return json(200, {
    from: offset,
    to: offset + page.length,
    count: all.length,
    chats: page.map((id) => (id.endsWith('@g.us') ? bodyOf(id) : personBody(id, orgPhone))),
  });
}

function personBody(chatId: string, orgPhone: string): object {
  const about = { org_id: ORG_ID, org_phone: orgPhone, chat_id: chatId };
  return { ...about, chat_name: 'Somebody', chat_type: 'user', member_count: null, members: null };
}
