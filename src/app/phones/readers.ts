import type { RunConfig } from '../../config/run.ts';
import type { ChatId, ListedGroup, Sender } from '../../domain/words.ts';
import { type Groups, type Read, SharedKnowledge } from '../../send/groups/groups.ts';
import { type Listing, listGroups } from '../../send/groups/listing.ts';
import type { History } from '../../send/groups/notifications.ts';
import type { Lanes } from '../../send/phones/lanes.ts';
import { HeaderWatch } from '../../send/rate-limit/header-watch.ts';
import { openSharing } from '../asking/share.ts';
import { type Releases, releasing } from '../releases.ts';
import type { Session } from '../session.ts';
import { connectLanes, connectReader, endpoint, type Reader, type ReaderParts } from './connect.ts';

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

type Config = Pick<
  RunConfig,
  'target' | 'sender' | 'requestTimeoutMs' | 'concurrency' | 'limitPer' | 'maxRate' | 'gap' | 'redis'
>;

/**
 * Groups of these phones (undefined: the run's own), each group once, even if several phones are in it. Complete, or
 * not at all. Closes everything that it opens. A refused key, and an unreachable API, stop `session.control`.
 */
export function groupsOfPhones(
  config: Config,
  session: Session,
  senders: readonly (Sender | undefined)[],
): Promise<Listing> {
  return releasing((releases) => list(config, { ...session, releases }, senders, releases));
}

async function list(
  config: Config,
  session: Session,
  senders: readonly (Sender | undefined)[],
  releases: Releases,
): Promise<Listing> {
  const { control, clock, log, live } = session;
  const { redis } = config;
  const to = await endpoint(config, releases);
  const sharing = to && (await openSharing({ redis, to, control, clock, log, releases }));
  if (to === undefined || (redis && sharing === undefined)) return { kind: 'not_read' };
  const parts = { ...session, config, to, sharing, closing: control, events: live, waits: live.waits };
  const lanes = connectLanes(parts, senders.length);
  const among = { lanes, groups: new SharedKnowledge(), headerWatch: new HeaderWatch(log) };
  const found = new Map<string, ListedGroup>();
  for (const sender of senders) {
    const through = { ...to, sender: sender ?? to.sender };
    const { gateway, client } = connectReader({ ...parts, to: through }, among);
    const number = /^\d+$/.test(through.sender) ? through.sender : undefined;
    const listing = await listGroups({ gateway, client, control, sender: number });
    if (listing.kind !== 'groups') return listing;
    for (const group of listing.groups) if (!found.has(group.chatId)) found.set(group.chatId, group);
  }
  return { kind: 'groups', groups: [...found.values()] };
}
