import type { ChatId } from '../../domain/words.ts';
import type { Groups } from '../../send/groups/groups.ts';
import type { Standing } from '../../send/groups/standing.ts';

/** A group's name, and what its page says through each phone that asks into it. */
export interface Standings {
  readonly name: string;
  readonly phones: readonly { readonly sender: string; readonly standing: Standing }[];
}

export function standingsOf(
  chatId: ChatId,
  through: Iterable<{ readonly sender: string; readonly groups: Groups }>,
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
