import { z } from 'zod';
import { parseChatId, personKey } from '../../domain/ids.ts';
import type { ChatId, Participant } from '../../domain/words.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, parseObject } from '../api/body.ts';
import { readMemberId } from '../classify/entries.ts';
import { bodyOf, failureOf, nonsense, type ReadFailure } from '../classify/refusal.ts';

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
export function chatOf(body: Readonly<Record<string, unknown>>, sender: string | undefined): Chat {
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
