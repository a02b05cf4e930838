/** A client of ioredis for one server, for a server that sentinels know, or for a cluster. */
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { RedisTarget } from './redis-url.ts';
import { CAP_CHANGE, CAP_RESERVE, CAP_SWEEP, PACE } from './scripts.ts';

/** The scripts, as ioredis makes commands of them. It sends one again when Redis has lost it (NOSCRIPT after a restart). */
interface Commands {
  onboardPace(...keysAndWords: (string | number)[]): Promise<string[]>;
  onboardHere(key: string, word: string): Promise<unknown>;
  onboardCapReserve(asks: string, sum: string, ...args: (string | number)[]): Promise<number>;
  onboardCapChange(asks: string, sum: string, ...args: (string | number)[]): Promise<number>;
  onboardCapSweep(asks: string, sum: string, ...args: (string | number)[]): Promise<number>;
}
export type Client = (Redis | Cluster) & Commands;

const scripts = {
  onboardPace: { numberOfKeys: 4, lua: PACE },
  // That Redis answers, lets us run scripts and write, and is Redis: nothing else says that word, and no more.
  onboardHere: { numberOfKeys: 1, lua: "redis.call('SET', KEYS[1], '1', 'PX', 60000) return ARGV[1]" },
  onboardCapReserve: { numberOfKeys: 2, lua: CAP_RESERVE },
  onboardCapChange: { numberOfKeys: 2, lua: CAP_CHANGE },
  onboardCapSweep: { numberOfKeys: 2, lua: CAP_SWEEP },
};

const RETRY_MS = 150;
const COMMAND_MS = 1000;
const CONNECT_MS = 2000;

/** Not connected yet. Nothing is queued while it is gone. */
export async function clientOf(target: RedisTarget): Promise<Client> {
  const ioredis = await import('ioredis');
  const { kind, nodes, tls, username, password, db, name } = target;
  const each: RedisOptions = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // The certificate is verified by Node's authorities, and those of NODE_EXTRA_CA_CERTS.
    ...(tls && { tls: {}, enableTLSForSentinelMode: true }),
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
    connectTimeout: CONNECT_MS,
    // After a failover the former server is read-only: the next connection asks the sentinels again.
    ...(kind === 'sentinel' && { reconnectOnError: (error: Error) => error.message.startsWith('READONLY') }),
  };
  const all = { scripts, lazyConnect: true, enableReadyCheck: false, enableOfflineQueue: false };
  if (kind === 'cluster') {
    const clusterRetryStrategy = () => RETRY_MS;
    return new ioredis.Cluster([...nodes], {
      ...all,
      clusterRetryStrategy,
      redisOptions: each,
      slotsRefreshTimeout: CONNECT_MS,
      // A certificate is for a name, which must not become an address before it is looked at.
      ...(tls && { dnsLookup: (address, callback) => callback(null, address) }),
    }) as unknown as Client;
  }
  const [node] = nodes;
  const where =
    kind === 'sentinel'
      ? {
          sentinels: [...nodes],
          name: name ?? '',
          ...(tls && { sentinelTLS: {} }),
          sentinelRetryStrategy: () => RETRY_MS,
        }
      : { ...node };
  const retryStrategy = () => RETRY_MS;
  return new ioredis.Redis({ ...all, ...each, ...where, db, retryStrategy }) as unknown as Client;
}
