import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { RunConfig } from '../../config/run.ts';
import { EXIT } from '../../domain/errors.ts';
import type { ChatId, ListedGroup, Participant, Sender } from '../../domain/words.ts';
import type { Survey } from '../../plan/survey.ts';
import { type Listing, listGroups } from '../../send/groups/chats.ts';
import { SharedKnowledge } from '../../send/groups/groups.ts';
import { HeaderWatch } from '../../send/rate-limit/headers.ts';
import { RunControl } from '../../send/run-control.ts';
import { openSharing, type Sharing } from '../asking/share.ts';
import { type Releases, releasing, type Session } from '../session.ts';
import {
  connectLanes,
  connectReader,
  type Endpoint,
  endpoint,
  historyThrough,
  type Reader,
  type ReaderParts,
  readThrough,
} from './connect.ts';
import type { Phones } from './senders.ts';

/**
 * Connects readers of groups, through any phone that can. Reads ask nobody: a phone matters only where the server counts
 * by phone.
 */
export function connectReaders(
  parts: ReaderParts,
  chatIds: ReadonlyMap<ChatId, ReadonlySet<Sender | undefined>>,
) {
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
  const through = (chatId: ChatId) =>
    [...(chatIds.get(chatId) ?? [])].flatMap((sender) => phones.get(sender) ?? []);
  return {
    limiter: lanes,
    /** Reads a group through the first of its phones that can. */
    read: (chatId: ChatId) => readThrough(through(chatId), chatId, parts.control),
    /** Joins and exits of a group: through the first phone that can, or through all phones of the group. */
    history: (chatId: ChatId, which: 'first' | 'all') =>
      historyThrough(through(chatId), chatId, parts.control, which),
    groups: {
      lists: (chatId: ChatId, participant: Participant) => all[0]?.groups.lists(chatId, participant) === true,
    },
  };
}

type Config = Pick<
  RunConfig,
  'target' | 'sender' | 'requestTimeoutMs' | 'concurrency' | 'limitPer' | 'maxRate' | 'gap' | 'redis'
>;

/**
 * Starts the sandbox, or finds the API's address, and shares the allowance, for a command that only reads.
 * @returns undefined without a target, or if Redis is out of reach, which stops the command
 */
export async function openReading(config: Config, session: Session): Promise<ReaderParts | undefined> {
  const { control, clock, log, releases } = session;
  const { redis } = config;
  const to = await endpoint(config, releases);
  const sharing = to && (await openSharing({ redis, to, control, clock, log, releases }));
  if (to === undefined || (redis && sharing === undefined)) return undefined;
  return { ...session, config, to, sharing, closing: control };
}

/**
 * Groups of these phones (undefined: the run's own), each group once, even if several phones are in it. Complete, or
 * not at all. Closes everything that it opens. A refused key, and an unreachable API, stop `session.control`.
 */
export function groupsOfPhones(
  config: Config,
  session: Session,
  senders: readonly (Sender | undefined)[],
): Promise<Listing> {
  return releasing(async (releases) => {
    const { control, log } = session;
    const parts = await openReading(config, { ...session, releases });
    if (parts === undefined) return { kind: 'not_read' };
    const { to } = parts;
    const lanes = connectLanes(parts, senders.length);
    const among = { lanes, groups: new SharedKnowledge(), headerWatch: new HeaderWatch(log) };
    const found = new Map<string, ListedGroup>();
    for (const sender of senders) {
      const through = { ...to, sender: sender ?? to.sender };
      const { gateway, client, groups } = connectReader({ ...parts, to: through }, among);
      const listing = await listGroups({ gateway, client, control, sender: groups.senderNumber });
      if (listing.kind !== 'groups') return listing;
      for (const group of listing.groups) if (!found.has(group.chatId)) found.set(group.chatId, group);
    }
    return { kind: 'groups', groups: [...found.values()] };
  });
}

const MOST_GROUPS = 200;
/** Longest time without a group read before the page is written, ms. */
const PATIENCE_MS = 5_000;
const READS_IN_FLIGHT = 8;

interface NamesParts {
  readonly config: RunConfig;
  readonly session: Session;
  readonly plan: Pick<Survey, 'groups' | 'routes'>;
  readonly to: Endpoint;
  readonly sharing: Sharing | undefined;
  readonly phones: Pick<Phones, 'limiter' | 'groups'>;
}

/**
 * Reads the groups of a run with nobody left to ask, for the page and the to-do list that name them. Failures here do
 * not affect the run.
 */
export async function keepNames(parts: NamesParts): Promise<void> {
  const { session, plan, phones } = parts;
  const { live } = session;
  const unnamed = [...plan.groups.keys()].filter((id) => live.groupName(id) === '').slice(0, MOST_GROUPS);
  if (unnamed.length === 0 || session.control.stopped) return;
  const control = new RunControl();
  setMaxListeners(0, control.signal); // one listener per read that waits
  const stop = () => control.stop({ exit: EXIT.again, code: 'interrupted', message: 'names took too long' });
  const timer = setTimeout(stop, PATIENCE_MS);
  session.control.signal.addEventListener('abort', stop, { once: true });
  const slots = pLimit(READS_IN_FLIGHT);
  const readAll = (read: (id: ChatId) => Promise<unknown>) =>
    Promise.all(
      unnamed.map((id) =>
        slots(async () => {
          if (!control.stopped) await read(id);
          timer.refresh();
        }),
      ),
    );
  try {
    // Doubts were settled just now: only this limiter knows how much of the allowance is used.
    if (phones.limiter.snapshot.limit !== undefined) await readAll((id) => phones.groups.read(id, control));
    else await releasing((releases) => readApart(parts, control, releases, readAll, unnamed));
  } finally {
    clearTimeout(timer);
    session.control.signal.removeEventListener('abort', stop);
  }
}

async function readApart(
  { config, session, plan, to, sharing }: NamesParts,
  control: RunControl,
  releases: Releases,
  readAll: (read: (id: ChatId) => Promise<unknown>) => Promise<unknown>,
  chatIds: readonly ChatId[],
): Promise<void> {
  const { log } = session;
  const quiet = log.debug.bind(log);
  const hushed = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const senders = (id: ChatId) => new Set<Sender | undefined>(plan.routes.get(id)?.keys() ?? [undefined]);
  const parts = { ...session, config, to, sharing, control, closing: control, log: hushed, releases };
  const readers = connectReaders(parts, new Map(chatIds.map((id) => [id, senders(id)])));
  await readAll((id) => readers.read(id));
}
