/** Redis by a URL: its place and credentials, and an ioredis client for one server, for sentinels or for a cluster. */
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { CAP_CHANGE, CAP_RESERVE, CAP_SWEEP, PACE } from './scripts.ts';

/** Place of Redis and its credentials, read from a URL. No message quotes the URL. */
export interface RedisTarget {
  /** Meaning of `nodes`: the server, sentinels that know the server, or some nodes of a cluster. */
  readonly kind: 'server' | 'sentinel' | 'cluster';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  /** Never printed, logged or written. */
  readonly password: string | undefined;
  readonly db: number;
  /** Name of the server at its sentinels. */
  readonly name: string | undefined;
}

const FORM = 'redis://host:6379, or rediss:// for TLS';
const SCHEME = /^redis(s)?(?:[+-](sentinel|cluster))?:\/\//i;

/**
 * Parses `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS; and likewise
 * `redis+sentinel://…host,host…/name[/db]` and `redis+cluster://…host,host…`.
 * @throws RangeError that says what is wrong, without a part of the URL
 */
export function parseRedisUrl(text: string): RedisTarget {
  const scheme = SCHEME.exec(text);
  if (scheme === null) {
    if (!URL.canParse(text)) throw new RangeError(`is not a URL: write ${FORM}`);
    throw new RangeError('must begin with redis:// or rediss://, redis+sentinel:// or redis+cluster://');
  }
  const kind = (scheme[2]?.toLowerCase() ?? 'server') as RedisTarget['kind'];
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(text.slice(scheme[0].length)) ?? [];
  if (/[?#]/.test(path)) throw new RangeError('must end with the host, or with a /database');
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  if (hosts[0] === '') throw new RangeError(`names no host: write ${FORM}`);
  if (kind === 'server' && hosts.length > 1) {
    throw new RangeError('names several hosts: write redis+sentinel:// or redis+cluster:// for these');
  }
  // With a scheme that it does not know, URL keeps every port, and characters that would need quoting.
  const urls = hosts.map((host) => `redis://${authority.slice(0, at + 1)}${host}`);
  if (!urls.every((url) => URL.canParse(url))) throw new RangeError(`is not a URL: write ${FORM}`);
  const [first, ...others] = urls.map((url) => new URL(url));
  const nodes = [first, ...others].flatMap((url) => (url ? [nodeOf(url, kind)] : []));
  const named = kind === 'sentinel' ? /^\/([^/]+)(.*)$/s.exec(path) : undefined;
  if (named === null) {
    throw new RangeError('names no server: write redis+sentinel://host:26379,host:26379/name');
  }
  const db = /^(?:\/(\d{1,5})?)?$/.exec(named?.[2] ?? path);
  if (db === null) throw new RangeError('has a database that is not a number: write redis://host:6379/0');
  if (kind === 'cluster' && Number(db[1] ?? 0) > 0)
    throw new RangeError('names a database: a cluster has only one');
  return {
    kind,
    nodes,
    tls: scheme[1] !== undefined,
    username: decoded(first?.username ?? ''),
    password: decoded(first?.password ?? ''),
    db: Number(db[1] ?? 0),
    name: decoded(named?.[1] ?? ''),
  };
}

function nodeOf({ hostname, port }: URL, kind: RedisTarget['kind']) {
  if (hostname === '') throw new RangeError(`names no host: write ${FORM}`);
  const usual = kind === 'sentinel' ? 26_379 : 6379;
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? usual : Number(port) };
}

/** User, password or name: percent-decoded, or as written if that is impossible. */
function decoded(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Hosts and ports, for messages. */
export function placeOf({ nodes }: RedisTarget): string {
  return nodes
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(',');
}

/** Commands that ioredis makes of the scripts. It sends a script again after NOSCRIPT (a restarted Redis). */
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
  // Only a Redis that allows writes and scripts returns the word.
  onboardHere: { numberOfKeys: 1, lua: "redis.call('SET', KEYS[1], '1', 'PX', 60000) return ARGV[1]" },
  onboardCapReserve: { numberOfKeys: 2, lua: CAP_RESERVE },
  onboardCapChange: { numberOfKeys: 2, lua: CAP_CHANGE },
  onboardCapSweep: { numberOfKeys: 2, lua: CAP_SWEEP },
};

const RETRY_MS = 150;
const COMMAND_MS = 1000;
const CONNECT_MS = 2000;

/** Creates a client that is not connected yet. It queues no command while Redis is out of reach. */
export async function clientOf(target: RedisTarget): Promise<Client> {
  const ioredis = await import('ioredis');
  const { kind, nodes, tls, username, password, db, name } = target;
  const each: RedisOptions = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // Node verifies the certificate, by its own authorities and by NODE_EXTRA_CA_CERTS.
    ...(tls && { tls: {}, enableTLSForSentinelMode: true }),
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
    connectTimeout: CONNECT_MS,
    // After a failover the former server is read-only; the next connection asks the sentinels again.
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
      // A certificate names a host, so the host's name must not be replaced by an address.
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
