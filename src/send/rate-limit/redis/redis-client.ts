/** Client of ioredis for one server, for a server that sentinels know, or for a cluster, by a URL. */
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { CAP_CHANGE, CAP_RESERVE, CAP_SWEEP, PACE } from './scripts.ts';

/** Place of Redis, and the credentials, read from a URL: no text of it gets into a message. */
export interface RedisTarget {
  /** One server; sentinels that know which server it is; or some nodes of a cluster. */
  readonly kind: 'server' | 'sentinel' | 'cluster';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  /** Never printed, logged or written. */
  readonly password: string | undefined;
  readonly db: number;
  /** By which the sentinels know the server. */
  readonly name: string | undefined;
}

const FORM = 'redis://host:6379, or rediss:// for TLS';
const SCHEME = /^redis(s)?(?:[+-](sentinel|cluster))?:\/\//i;

/**
 * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS; `redis+sentinel://…host,host…/name[/db]` and
 * `redis+cluster://…host,host…`, likewise. Throws a RangeError that says what is wrong.
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
  // A scheme of its own has the port kept, whatever its number, and takes what needs quoting as it is.
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

/** The two as people write them; what needs quoting in a URL may be there as it is. */
function decoded(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** For messages. */
export function placeOf({ nodes }: RedisTarget): string {
  return nodes
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(',');
}

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
  // Shows that Redis answers, and lets us write and run scripts: nothing else says that word back.
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
