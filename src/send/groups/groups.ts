import type { ReasonCode } from '../../domain/reasons.ts';
import type { ChatId, Participant } from '../../domain/words.ts';
import type { Client } from '../api/client.ts';
import { stopOf } from '../classify/refusal.ts';
import type { Gateway } from '../gateway.ts';
import type { AskingEvents, Log } from '../ports.ts';
import type { RunControl } from '../run-control.ts';
import { GROUP_CAPACITY, type MembersIndex, membersOf, parseChat } from './chats.ts';
import { HistorySupport } from './notifications.ts';

/** State of a group for adding people, by its own page. It may be stale, so it only warns. */
export interface Standing {
  /** Count of members; undefined: not on the page. */
  readonly members: number | undefined;
  readonly adminsOnly: boolean;
  /** undefined: not on the page. */
  readonly senderIsAdmin: boolean | undefined;
}

/** Warnings before adding `newcomers` people to the group, the worst first; may be empty. */
export function foreseen({ members, adminsOnly, senderIsAdmin }: Standing, newcomers: number): string[] {
  if (newcomers === 0) return [];
  const told: string[] = [];
  if (senderIsAdmin === false) {
    told.push(
      adminsOnly
        ? 'the sending phone is not an admin, and only admins may add people'
        : 'the sending phone is not an admin: WhatsApp may refuse it',
    );
  }
  const places = Math.max(0, GROUP_CAPACITY - (members ?? 0));
  if (places === 0) {
    told.push(`the group is full: ${newcomers === 1 ? '1 person' : `${newcomers} people`} will not fit`);
  } else if (places < newcomers) {
    const left = places === 1 ? '1 place is left' : `${places} places are left`;
    told.push(`${left} for ${newcomers} people: ${newcomers - places} will not fit`);
  }
  return told;
}

/** A group's name, and its page through each phone that asks into it. */
export interface Standings {
  readonly name: string;
  readonly phones: readonly { readonly sender: string; readonly standing: Standing }[];
}

interface GroupPages {
  name(chatId: ChatId): string;
  standing(chatId: ChatId): Standing | undefined;
}

export function standingsOf(
  chatId: ChatId,
  through: Iterable<{ readonly sender: string; readonly groups: GroupPages }>,
): Standings {
  const phones = [...through];
  const names = phones.map(({ groups }) => groups.name(chatId));
  return {
    name: names.find((name) => name !== '') ?? '',
    phones: phones.flatMap(({ sender, groups }) => {
      const standing = groups.standing(chatId);
      return standing === undefined ? [] : [{ sender, standing }];
    }),
  };
}

interface Closure {
  readonly reasonCode: ReasonCode;
  readonly message: string;
}

/**
 * read        the membership is known
 * unreadable  the API answered, and not with the membership
 * not_read    nothing was asked, or nothing came: the run was stopped, or the API is out of reach
 */
export type Read = 'read' | 'unreadable' | 'not_read';

interface Group {
  name: string;
  members: MembersIndex | undefined;
  standing: Standing | undefined;
  closure: Closure | undefined;
}

/** Knowledge about groups that holds for every phone: their members, by each phone, and that they are full. */
export class SharedKnowledge {
  readonly full = new Map<ChatId, Closure>();
  readonly members: ((chatId: ChatId) => MembersIndex | undefined)[] = [];
  readonly history = new HistorySupport();
}

export type Groups = ReturnType<typeof createGroups>;

/**
 * Knowledge about each group in this run, through one phone: members as last read, and whether it still takes people.
 */
export function createGroups(
  gateway: Gateway,
  client: Client,
  events: AskingEvents,
  control: RunControl,
  log: Log,
  shared = new SharedKnowledge(),
) {
  const known = new Map<ChatId, Group>();
  const reading = new Map<ChatId, Promise<Read>>();
  shared.members.push((chatId) => known.get(chatId)?.members);

  const membersIn = (chatId: ChatId) => shared.members.flatMap((of) => of(chatId) ?? []);

  function groupOf(chatId: ChatId): Group {
    const fresh: Group = { name: '', members: undefined, standing: undefined, closure: undefined };
    const group = known.get(chatId) ?? fresh;
    known.set(chatId, group);
    return group;
  }

  async function readNow(chatId: ChatId, trying = control): Promise<Read> {
    const answer = await gateway.read((call) => client.chat(chatId, call), trying);
    if (answer === undefined) return 'not_read';
    const chat = parseChat(answer, chatId, groups.senderNumber);
    if (chat.kind !== 'chat') {
      const stop = stopOf(chat);
      if (stop) {
        control.explain(stop);
        return 'not_read';
      }
      log.warn({ chat_id: chatId, answer: chat.kind }, 'cannot read this group’s members; going on without');
      return 'unreadable';
    }
    const group = groupOf(chatId);
    if (chat.name) group.name = chat.name;
    const { adminsOnly, senderIsAdmin } = chat;
    group.standing = { members: membersOf(chat), adminsOnly, senderIsAdmin };
    events.groupRead(chatId, group.name, chat);
    if (chat.isExited) {
      log.warn({ chat_id: chatId }, 'the sending phone seems to have left this group');
    }
    if (chat.members === undefined) {
      log.warn({ chat_id: chatId }, 'the API does not say who is in this group; going on without');
      return 'unreadable';
    }
    group.members = chat.members;
    return 'read';
  }

  const groups = {
    /** Number of the sending phone, if known; finds its own admin entry in a group. */
    senderNumber: undefined as string | undefined,
    name: (chatId: ChatId) => known.get(chatId)?.name ?? '',
    /** State of the group for adding people, as last read through this phone; undefined: not read. */
    standing: (chatId: ChatId) => known.get(chatId)?.standing,
    /** True only if the membership was read and lists this person. False may be stale. */
    lists: (chatId: ChatId, participant: Participant) =>
      membersIn(chatId).some(({ has }) => has(participant)),
    /** True only if the membership was read, has everybody's phone, and does not list this person. It may be stale. */
    lacks(chatId: ChatId, participant: Participant): boolean {
      const read = membersIn(chatId);
      return (
        read.length > 0 && read.every(({ withoutPhone, has }) => withoutPhone === 0 && !has(participant))
      );
    },
    closure: (chatId: ChatId) => known.get(chatId)?.closure ?? shared.full.get(chatId),
    close(chatId: ChatId, closure: Closure): void {
      groupOf(chatId).closure ??= closure;
      // A refusal counts for this phone only; a full group is full for all.
      if (closure.reasonCode === 'group_full') shared.full.set(chatId, closure);
    },
    /**
     * Reads the membership, once at a time for each group. Nonsense from the endpoint does not stop the run, because the
     * asks themselves will tell. `trying` ends the retries if it is not the run's own control.
     */
    read(chatId: ChatId, trying?: RunControl): Promise<Read> {
      const running = reading.get(chatId);
      if (running) return running;
      const started = readNow(chatId, trying).finally(() => reading.delete(chatId));
      reading.set(chatId, started);
      return started;
    },
  };
  return groups;
}
