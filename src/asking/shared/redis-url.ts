/** Where Redis is, and with what to come in: read from a URL without any text of it getting into a message. */

export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  /** Never printed, logged or written. */
  readonly password: string | undefined;
  readonly db: number;
}

/** `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. Throws a RangeError that says what is wrong. */
export function parseRedisUrl(text: string): RedisTarget {
  if (!URL.canParse(text)) throw new RangeError('is no URL: write redis://host:6379, or rediss:// for TLS');
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new RangeError('must begin with redis:// or rediss://');
  }
  if (url.hostname === '') throw new RangeError('names no host: write redis://host:6379');
  if (url.search !== '' || url.hash !== '')
    throw new RangeError('must end with the host, or with a /database');
  const db = /^(?:\/(\d{1,5})?)?$/.exec(url.pathname);
  if (db === null) throw new RangeError('has a database that is not a number: write redis://host:6379/0');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    tls: url.protocol === 'rediss:',
    username: decoded(url.username),
    password: decoded(url.password),
    db: Number(db[1] ?? 0),
  };
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
export function placeOf({ host, port }: RedisTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
