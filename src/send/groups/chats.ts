/** Groups as the API shows them: a group's own page, and the list of all groups of a phone. */
import { z } from 'zod';
import { EXIT, type ExitCode } from '../../domain/errors.ts';
import { parseChatId, personKey } from '../../domain/ids.ts';
import type { ChatId, ListedGroup, Participant } from '../../domain/words.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, parseObject, wholeNumber } from '../api/body.ts';
import type { Client } from '../api/client.ts';
import { oneLine } from '../api/redact.ts';
import { phoneOf, readMemberId } from '../classify/entries.ts';
import { bodyOf, failureOf, nonsense, type ReadFailure, stopOf } from '../classify/refusal.ts';
import type { Gateway } from '../gateway.ts';
import type { RunControl } from '../run-control.ts';

/** Largest number of members of a group. Source: api/FACTS.md. */
export const GROUP_CAPACITY = 1024;

/** Members of a group, by person: 521… is found under 52…. Compact: a group holds 1024 people. */
export interface MembersIndex {
  /** Members whose phone is known. */
  readonly size: number;
  /** Members known only by a LID: while there are any, "not listed" does not prove absence. */
  readonly withoutPhone: number;
  has(participant: Participant): boolean;
}

export interface Chat {
  readonly kind: 'chat';
  /** The group's name, raw and untrusted, or ''. */
  readonly name: string;
  readonly memberCount: number | undefined;
  /** undefined: the answer does not list the members. */
  readonly members: MembersIndex | undefined;
  readonly isExited: boolean;
  readonly adminsOnly: boolean;
  /** By the sender's own entry among the members; undefined: without an entry, or not in it. */
  readonly senderIsAdmin: boolean | undefined;
  /** Raw and untrusted, or ''. */
  readonly inviteLink: string;
}

const text = z.string().catch('');
const flag = z.boolean().catch(false);
const count = z
  .union([
    z.number().int().nonnegative(),
    z
      .string()
      .regex(/^\d{1,6}$/)
      .transform(Number),
  ])
  .optional()
  .catch(undefined);

const chatShape = z.looseObject({
  chat_name: text,
  member_count: count,
  members: z.unknown().optional(),
  is_exited: flag,
  add_members_admins_only: flag,
  invite_link: text,
});

/** Fields of a member, besides its key, that may hold its phone. */
const MEMBER_FIELDS = ['contact_id', 'contact_phone', 'phone', 'phone_number', 'number'] as const;

/**
 * Reads the answer to `GET /chats/{chat_id}`. Members of another group never count. Pure; never throws.
 * @param sender the sending phone's number, if known
 */
export function parseChat(answer: Answer, chatId: ChatId, sender?: string): Chat | ReadFailure {
  const failure = failureOf(answer);
  if (failure !== undefined) return failure;
  const body = parseObject(bodyOf(answer));
  const known = ['chat_id', 'chat_name', 'chat_type', 'members', 'member_count'];
  if (body === undefined || !known.some((field) => field in body)) return nonsense(answer);
  if (namesAnother(body['chat_id'], chatId)) return nonsense(answer);
  return chatOf(body, sender);
}

/** A group's own page, or its entry in a list of chats. */
function chatOf(body: Readonly<Record<string, unknown>>, sender: string | undefined): Chat {
  const chat = chatShape.parse(body);
  return {
    kind: 'chat',
    name: chat.chat_name,
    memberCount: chat.member_count,
    members: indexMembers(chat.members),
    isExited: chat.is_exited,
    adminsOnly: chat.add_members_admins_only,
    senderIsAdmin: sender === undefined ? undefined : isAdmin(chat.members, sender),
    inviteLink: chat.invite_link,
  };
}

/** Number of members: the larger of list and count, where they differ; undefined: neither tells. */
export function membersOf({ members, memberCount }: Chat): number | undefined {
  const listed = members && members.size + members.withoutPhone;
  return Math.max(listed ?? 0, memberCount ?? 0) || undefined;
}

/** Whether an answer is about another group. Only another group's id counts: it may be absent, or of another kind. */
function namesAnother(named: unknown, chatId: ChatId): boolean {
  const other = typeof named === 'string' ? parseChatId(named.trim().toLowerCase()) : undefined;
  return other !== undefined && other !== chatId;
}

function entriesOf(members: unknown): [string, unknown][] {
  if (Array.isArray(members))
    return members.map((member) => [typeof member === 'string' ? member : '', member]);
  return isObject(members) ? Object.entries(members) : [];
}

/** Whether this phone is an admin. Only a plain `is_admin: false` of its own entry denies it. */
function isAdmin(members: unknown, sender: string): boolean | undefined {
  const person = personKey(sender);
  let admin: boolean | undefined;
  for (const [key, member] of entriesOf(members)) {
    if (!isObject(member)) continue;
    const phones = memberTexts(key, member).flatMap((id) => readMemberId(id)?.phone ?? []);
    if (!phones.some((phone) => personKey(phone) === person)) continue;
    if (member['is_admin'] === true || member['is_super_admin'] === true) return true;
    if (member['is_admin'] === false) admin = false;
  }
  return admin;
}

/** Index of a map by member id (documented) or a list; undefined for null, empty (the sender is a member) or else. */
function indexMembers(members: unknown): MembersIndex | undefined {
  const entries = entriesOf(members);
  const people = new Set<string>();
  let withoutPhone = 0;
  for (const [key, member] of entries) {
    const texts = memberTexts(key, member);
    const ids = texts.flatMap((id) => readMemberId(id) ?? []);
    const lids = new Set(texts.flatMap((id) => LID.exec(id.trim())?.[1] ?? []));
    // A LID's digits are not a phone number, wherever else they appear.
    const phones = ids.flatMap(({ phone }) => (phone === undefined || lids.has(phone) ? [] : phone));
    for (const phone of phones) people.add(personKey(phone));
    if (ids.length > 0 && phones.length === 0) withoutPhone += 1;
  }
  if (people.size + withoutPhone === 0) return undefined;
  return { size: people.size, withoutPhone, has: (participant) => people.has(personKey(participant)) };
}

const LID = /^(\d+)(?:[.:]\d+)*@lid$/i;

function memberTexts(key: string, member: unknown): string[] {
  if (!isObject(member)) return [key];
  // A bare `id` may be a database's own number; as a phone it would turn a stranger into a member.
  const id = member['id'];
  const ids = [id, ...(isObject(id) ? [id['_serialized']] : [])].filter(
    (value) => typeof value === 'string' && value.includes('@'),
  );
  const fields = MEMBER_FIELDS.map((field) => member[field]);
  return [key, member['contact_lid'], ...ids, ...fields].flatMap((value) => {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : [];
    return typeof value === 'string' ? value.replace(/[\s()-]/g, '') : [];
  });
}

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

interface ListingParts {
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
function parseGroups(answer: Answer, sender: string | undefined): GroupsPage | ReadFailure {
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
