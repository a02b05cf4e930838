import { type Groups, type Read, SharedKnowledge } from '../asking/groups.ts';
import { HeaderWatch } from '../asking/header-watch.ts';
import type { Limiter } from '../asking/limiter.ts';
import type { History } from '../asking/notifications.ts';
import type { ChatId, Sender } from '../domain/words.ts';
import { connectReader, onlyLimiter, type Reader, type ReaderParts } from './connect.ts';

/** What reads groups, through whatever phone can. */
export interface Readers {
  readonly limiter: Pick<Limiter, 'snapshot'>;
  /** Through the first of the group's phones that can read it. */
  read(chatId: ChatId): Promise<Read>;
  /** Who came and who went, where the API tells: through the first phone that can, or as every phone of the group knows it. */
  history(chatId: ChatId, through: 'first' | 'all'): Promise<History | undefined>;
  readonly groups: Pick<Groups, 'lists'>;
}

/** One limiter for all phones: reading takes little of the allowance. */
export function connectReaders(
  parts: ReaderParts,
  chatIds: ReadonlyMap<ChatId, ReadonlySet<Sender | undefined>>,
): Readers {
  const limiter = onlyLimiter(parts);
  const headerWatch = new HeaderWatch(parts.log);
  const among = { limiter, pauseAll: undefined, groups: new SharedKnowledge(), headerWatch };
  const phones = new Map<Sender | undefined, Reader>();
  for (const sender of new Set([...chatIds.values()].flatMap((senders) => [...senders]))) {
    const to = { ...parts.to, sender: sender ?? parts.to.sender };
    phones.set(sender, connectReader({ ...parts, to, among }));
  }
  const all = [...phones.values()];
  return {
    limiter,
    async read(chatId) {
      let read: Read = 'unreadable';
      for (const sender of chatIds.get(chatId) ?? []) {
        read = (await phones.get(sender)?.groups.read(chatId, parts.control)) ?? read;
        if (read !== 'unreadable') break;
      }
      return read;
    },
    async history(chatId, through) {
      let known: History | undefined;
      for (const sender of chatIds.get(chatId) ?? []) {
        const history = await phones.get(sender)?.notifications.read(chatId, parts.control);
        known = known && history ? known.and(history) : (history ?? known);
        if (known !== undefined && through === 'first') break;
      }
      return known;
    },
    groups: { lists: (chatId, participant) => all[0]?.groups.lists(chatId, participant) === true },
  };
}
