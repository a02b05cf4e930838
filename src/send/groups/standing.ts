import type { ChatId } from '../../domain/words.ts';

/** What a group's own page says that bears on adding people to it. It may be stale, so it only warns. */
export interface Standing {
  /** Members; undefined: the page does not tell. */
  readonly members: number | undefined;
  /** Only admins may add members. */
  readonly adminsOnly: boolean;
  /** undefined: the page does not tell. */
  readonly senderIsAdmin: boolean | undefined;
}

/** A group holds so many people. Source: api/FACTS.md. */
export const GROUP_CAPACITY = 1024;

/** What speaks against asking so many newcomers into the group, in words, the worst first; none when nothing does. */
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

/** A group's name, and what its page says through each phone that asks into it. */
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
