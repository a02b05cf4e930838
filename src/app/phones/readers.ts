import type { ChatId, Sender } from '../../domain/words.ts';
import { type Groups, type Read, SharedKnowledge } from '../../send/groups/groups.ts';
import type { History } from '../../send/groups/notifications.ts';
import type { Lanes } from '../../send/phones/lanes.ts';
import { HeaderWatch } from '../../send/rate-limit/header-watch.ts';
import { connectLanes, connectReader, type Reader, type ReaderParts } from './connect.ts';

/** Reads groups through any phone that can. */
export interface Readers {
  readonly limiter: Pick<Lanes, 'snapshot'>;
  /** Reads a group through the first of its phones that can. */
  read(chatId: ChatId): Promise<Read>;
  /**
   * Joins and exits of a group, where the API reports them: through the first phone that can, or through all phones of
   * the group.
   */
  history(chatId: ChatId, through: 'first' | 'all'): Promise<History | undefined>;
  readonly groups: Pick<Groups, 'lists'>;
}

/** Connects the readers. Reads ask nobody: a phone matters only where the server counts by phone. */
export function connectReaders(
  parts: ReaderParts,
  chatIds: ReadonlyMap<ChatId, ReadonlySet<Sender | undefined>>,
): Readers {
  const senders = new Set([...chatIds.values()].flatMap((senders) => [...senders]));
  const concurrency = Math.max(parts.config.concurrency, senders.size);
  const lanes = connectLanes({ ...parts, config: { ...parts.config, concurrency } }, senders.size);
  const among = { lanes, groups: new SharedKnowledge(), headerWatch: new HeaderWatch(parts.log) };
  const phones = new Map<Sender | undefined, Reader>();
  for (const sender of senders) {
    const to = { ...parts.to, sender: sender ?? parts.to.sender };
    phones.set(sender, connectReader({ ...parts, to }, among));
  }
  const all = [...phones.values()];
  return {
    limiter: lanes,
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
