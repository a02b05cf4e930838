/** Where Redis is, and with what to come in: read from a URL without any text of it getting into a message. */

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
    if (!URL.canParse(text)) throw new RangeError(`is no URL: write ${FORM}`);
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
  if (!urls.every((url) => URL.canParse(url))) throw new RangeError(`is no URL: write ${FORM}`);
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
