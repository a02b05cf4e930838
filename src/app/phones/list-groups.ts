import type { RunConfig } from '../../config/run.ts';
import type { ListedGroup, Sender } from '../../domain/words.ts';
import { SharedKnowledge } from '../../send/groups/groups.ts';
import { type Listing, listGroups } from '../../send/groups/listing.ts';
import { HeaderWatch } from '../../send/rate-limit/header-watch.ts';
import { openSharing } from '../asking/share.ts';
import { type Releases, releasing } from '../releases.ts';
import type { Session } from '../session.ts';
import { connectLanes, connectReader, endpoint } from './connect.ts';

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
