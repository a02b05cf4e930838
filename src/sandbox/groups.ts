/** Groups of the sandbox: every well-formed chat_id is one; the last four digits of the id choose its behaviour. */
import type { ListRequest } from './protocol.ts';

/** Most members of a group. Source: api/FACTS.md. */
export const GROUP_CAPACITY = 1024;

interface GroupRow {
  /** Behaviour in one line, printed by `--help` and the README. */
  readonly does: string;
}

/** Kinds of group by the last four digits before `@g.us`. */
export const GROUP_KINDS = {
  '0204': { does: 'membership reads have members: null' },
  '0205': { does: 'members are listed by their LIDs, with the phone in number or in id._serialized' },
  '0304': { does: 'membership reads are stale: people added since the start never show' },
  '0400': { does: 'lists the phone as no admin, although asks work: the list is stale' },
  '0401': { does: 'every participant is answered with code 401, no admin rights' },
  '0402': {
    does: 'every participant is answered with code 401 without words; the phone is listed as no admin',
  },
  '0403': { does: 'asks get HTTP 403: only admins can add' },
  '0404': { does: 'no such group: HTTP 404' },
  '0405': { does: 'every ask is answered with one text: “AddParticipantsError: You have no admin rights …”' },
  '0406': { does: 'every ask is answered with a message on the whole: “… added to an empty group”' },
  '0410': { does: 'the phone has left it (is_exited): asks get HTTP 403' },
  '0419': { does: 'full (1024 members): every participant is answered with code 419' },
  '0420': { does: 'has three places left (1021 members)' },
  '0450': { does: 'full (1024 members): every participant is answered with code 500 without words' },
  '0500': { does: 'membership reads fail with HTTP 500; asks work' },
  '0503': { does: 'membership reads answer nonsense (a plain string); asks work' },
} as const satisfies Record<string, GroupRow>;
type GroupKind = keyof typeof GROUP_KINDS | 'ordinary';

/** Bodies of the kinds that answer every ask with one verdict on the whole. */
export const VERDICTS: Partial<Record<GroupKind, unknown>> = {
  '0405': 'AddParticipantsError: You have no admin rights to add participants to a group',
  '0406': { message: "AddParticipantsError: The participant can't be added to an empty group" },
};

export function groupKind(chatId: string): GroupKind {
  const ending = chatId.slice(0, -'@g.us'.length).slice(-4);
  return ending in GROUP_KINDS ? (ending as GroupKind) : 'ordinary';
}

const SUBJECTS = [
  'Data Science',
  'Product Design',
  'Web Development',
  'Cloud Engineering',
  'Spoken English',
  'Digital Marketing',
  'Machine Learning',
  'Business Analytics',
];
const SLOTS = ['Morning', 'Evening', 'Weekend', 'Spring', 'Summer', 'Autumn'];

/** Name of a group, the same in every process. */
export function groupName(chatId: string): string {
  const hash = stableHash(`name ${chatId}`);
  const subject = SUBJECTS[hash % SUBJECTS.length] ?? '';
  const slot = SLOTS[(hash >>> 8) % SLOTS.length] ?? '';
  return `${subject} – ${slot} cohort ${((hash >>> 16) % 40) + 1}`;
}

/** Free places of the kinds that are full, or nearly. */
const FREE_PLACES: Partial<Record<GroupKind, number>> = { '0419': 0, '0420': 3, '0450': 0 };

/** Kinds in which the sending phone is not an admin. */
export const NOT_ADMIN: ReadonlySet<GroupKind> = new Set(['0400', '0401', '0402', '0403', '0405']);

/**
 * Initial members of a group besides the sending phone: a stable function of the id, so that a cohort can name one of
 * them and get `already_member`. Four people; 1023 in a full group, 1020 in a nearly full one.
 */
export function defaultMembers(chatId: string): readonly string[] {
  const places = FREE_PLACES[groupKind(chatId)];
  // The sending phone is one of them.
  const count = places === undefined ? 4 : GROUP_CAPACITY - places - 1;
  const group = String(stableHash(`members ${chatId}`) % 10_000).padStart(4, '0');
  return Array.from({ length: count }, (_, index) => `9170${group}${5001 + index}`);
}

export interface Member {
  /** Key of the membership map. */
  readonly id: string;
  readonly digits: string;
  readonly isAdmin: boolean;
  /** Whether the member was in the group before the first ask, which a stale read shows. */
  readonly fromStart: boolean;
}

/** Body of `GET /chats/{chat_id}`. Source: api/FACTS.md; further fields as in the vendor's chat object. */
export function chatBody(
  chatId: string,
  orgPhone: string,
  members: Iterable<Member>,
  name = groupName(chatId),
): object {
  const kind = groupKind(chatId);
  const shown = [...members].filter((member) => kind !== '0304' || member.fromStart);
  return {
    org_id: ORG_ID,
    org_phone: orgPhone,
    chat_id: chatId,
    chat_name: name,
    chat_type: 'group',
    chat_image: null,
    created_at: '2025-01-18T14:51:03+00:00',
    updated_at: '2025-01-26T17:14:27+00:00',
    group_description: null,
    is_exited: kind === '0410',
    is_muted: false,
    is_archived: false,
    info_admins_only: false,
    add_members_admins_only: NOT_ADMIN.has(kind) && kind !== '0400',
    invite_link: `https://chat.whatsapp.com/sandbox-${stableHash(`link ${chatId}`).toString(36)}`,
    member_count: shown.length,
    members:
      kind === '0204'
        ? null
        : Object.fromEntries(shown.map(kind === '0205' ? lidEntry : (m) => [m.id, memberBody(m)])),
  };
}

/** Entry of a member under its LID: half of them show the phone as a number, the rest as `id._serialized`. */
function lidEntry({ digits, isAdmin }: Member): [string, object] {
  const lid = lidOf(digits);
  const phone =
    stableHash(`by number ${digits}`) % 2 === 0
      ? { number: digits }
      : { id: { server: 'c.us', user: digits, _serialized: `${digits}@c.us` } };
  return [lid, { contact_id: lid, is_admin: isAdmin, is_super_admin: isAdmin, ...phone }];
}

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

/** Body of `GET /chats`. Source: api/FACTS.md. @param bodyOf returns the body of one group */
export function listBody(
  groups: readonly string[],
  { type, offset, limit }: ListRequest,
  orgPhone: string,
  bodyOf: (chatId: string) => object,
): object {
  const ofGroups = type === undefined || type === 'group' ? groups : [];
  const ofPeople = type === undefined || type === 'user' ? PEOPLE : [];
  const all = [...ofGroups, ...ofPeople];
  const page = all.slice(offset, offset + limit);
  return {
    from: offset,
    to: offset + page.length,
    count: all.length,
    chats: page.map((id) => (id.endsWith('@g.us') ? bodyOf(id) : personBody(id, orgPhone))),
  };
}

function personBody(chatId: string, orgPhone: string): object {
  const about = { org_id: ORG_ID, org_phone: orgPhone, chat_id: chatId };
  return { ...about, chat_name: 'Somebody', chat_type: 'user', member_count: null, members: null };
}

/** A change of a group's membership. Source: api/FACTS.md. */
export interface Happening {
  /** `invite`: a person joined by an invite. */
  readonly type: 'add' | 'invite' | 'leave' | 'remove';
  /** WhatsApp id of the actor; `who` is that of the affected person. */
  readonly author: string;
  readonly who: string;
  /** Epoch ms. */
  readonly at: number;
}

/** Body of `GET /chats/{chat_id}/notifications`, newest first; the field is misspelt, as in the vendor's types. */
export function notificationsBody(
  chatId: string,
  orgPhone: string,
  happenings: readonly Happening[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
): object {
  const page = happenings.toReversed().slice(offset, offset + limit);
  return {
    from: offset,
    to: offset + page.length,
    count: happenings.length,
    notifictions: page.map(({ type, author, who, at }) => ({
      org_id: ORG_ID,
      org_phone: orgPhone,
      chat_id: chatId,
      author,
      recipientids: [who],
      type,
      timestamp: new Date(at).toISOString(),
    })),
  };
}

/** Member in the chat body: every third one shows a LID, and so does everyone who answers under one. */
function memberBody({ id, digits, isAdmin }: Member): object {
  const hasLid = digits.endsWith('0022') || stableHash(`has lid ${digits}`) % 3 === 0;
  return {
    contact_id: id,
    ...(hasLid ? { contact_lid: lidOf(digits) } : {}),
    is_admin: isAdmin,
    is_super_admin: isAdmin,
  };
}

/** Sending phone of the sandbox, for `x-phone`; an admin of every group. */
export const SANDBOX_PHONE = '919876543210';

/** Organisation and phone of the API page's sample. */
export const ORG_ID = '2997dd64-89bf-48d3-9a22-b314fca017e5';
const PHONE_ID = 'phone-bqzvyibhmwkaergr';

/** Phone for an `x-phone`: the sample's phone, unless another one is named. */
export function phoneOf(xPhone: string): { orgPhone: string; phoneId: string } {
  if (xPhone === PHONE_ID || xPhone === SANDBOX_PHONE)
    return { orgPhone: `${SANDBOX_PHONE}@c.us`, phoneId: PHONE_ID };
  const hash = stableHash(`phone ${xPhone}`);
  if (xPhone.startsWith('phone-')) {
    return { orgPhone: `9188${String(hash % 100_000_000).padStart(8, '0')}@c.us`, phoneId: xPhone };
  }
  const letters = Array.from({ length: 16 }, (_, i) =>
    String.fromCharCode(97 + (stableHash(`${hash} ${i}`) % 26)),
  );
  return { orgPhone: `${xPhone}@c.us`, phoneId: `phone-${letters.join('')}` };
}

/** `wa_state` of a connected phone, of a disconnected one, and of one whose number WhatsApp has blocked. */
export type PhoneState = 'CONNECTED' | 'DISCONNECTED' | 'TOS_BLOCK';

/** Body of `GET /phones`. Source: api/FACTS.md; further fields as in the vendor's phone object. */
export function phoneBody(orgPhone: string, phoneId: string, state: PhoneState): object {
  return {
    org_id: ORG_ID,
    org_phone: orgPhone,
    phone_id: phoneId,
    phone_name: 'Sandbox',
    phone_image: null,
    is_ready: state === 'CONNECTED',
    wa_state: state,
    qr_code: null,
    label_ids: {},
    labels: [],
    created_at: '2024-12-15T11:47:26.668505+00:00',
    first_connected_at: '2024-12-15T11:47:49.649+00:00',
    updated_at: '2025-01-20T07:51:48.209+00:00',
  };
}

/** 32-bit FNV-1a hash of a text: stable, so that the sandbox answers the same in every process. */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // Mixes once (murmur3's finalizer), because FNV's low bits are weak on short texts that differ in the last digit.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** LID of a person: an id of digits that is not a phone number. */
export function lidOf(digits: string): string {
  return `1${String(stableHash(`lid ${digits}`)).padStart(14, '0')}@lid`;
}
