/** Target of the asks: the API's address, its key, the sending phone, the proxy. */
import { type OnboardError, usage } from '../domain/errors.ts';
import { parseSender } from '../domain/ids.ts';
import { visible } from '../domain/safe-text.ts';
import type { Sender } from '../domain/words.ts';
import { errorCode, isOpenToAll, readSmallFile } from '../lib/files.ts';
import { parseRedisUrl, type RedisTarget } from '../send/rate-limit/redis/redis-client.ts';
import type { GroupsFlags, RunFlags } from './flags.ts';
import { proxyFor } from './proxy.ts';

type Target =
  | { readonly kind: 'sandbox' }
  | {
      readonly kind: 'api';
      readonly baseUrl: URL;
      /** Never printed, logged or written. */
      readonly apiKey: string;
      readonly proxy: URL | undefined;
    };

export type Env = Readonly<Record<string, string | undefined>>;
type Flags = Pick<RunFlags, 'baseUrl'> & Partial<Pick<RunFlags, 'sandbox' | 'phone' | 'redisUrl'>>;

/**
 * Longest accepted key, in characters. It goes into one header of each request, and servers refuse headers of 8 KB and
 * more.
 */
const LONGEST_KEY = 4_096;

/** Key from the environment, or from the file that the environment names. No message holds its text. */
export function readApiKey(env: Env): string | undefined {
  const { text: key, file } = textOf('PERISKOPE_API_KEY', env, 'key ');
  const where = file ? `PERISKOPE_API_KEY_FILE: ${file}` : 'PERISKOPE_API_KEY';
  if (!key) {
    if (file) throw usage(`${where} is empty`);
    return undefined;
  }
  if (key.length > LONGEST_KEY) {
    const size = `${key.length.toLocaleString('en-US')} characters`;
    throw usage(`${where} holds ${size}, and no key is so long: put the key alone there`);
  }
  const more = besideKey(key);
  if (more) throw usage(`${where} holds ${more}: put the key alone there`);
  if (!/^[\x21-\x7e]+$/.test(key))
    throw usage(`${where} holds characters that no key has (a space, a line break?)`);
  return key;
}

/** Words that were copied along with the key; undefined when none is recognized. */
function besideKey(text: string): string | undefined {
  if (/^(?:export\s+|\$?env:)?PERISKOPE_API_KEY(?:_FILE)?\s*[=:]/i.test(text))
    return 'its name before the key';
  if (/^["'“`]*(?:(?:proxy-)?authorization["']?\s*[:=]\s*)?["']?bearer(?:[\s:]|%20|$)/i.test(text))
    return '“Bearer” before the key, which this tool sets itself';
  if (/^["'“‘`]|["'”’`]$/.test(text)) return 'quotation marks around the key';
  return undefined;
}

/** Warnings about files with secrets that every user of this machine may read. */
export function secretFileWarnings(env: Env): readonly string[] {
  return ['PERISKOPE_API_KEY_FILE', 'GROUP_ONBOARD_REDIS_URL_FILE', 'GROUP_ONBOARD_NOTIFY_FILE'].flatMap(
    (name) => {
      const file = env[name];
      if (!file || !isOpenToAll(file)) return [];
      return `${name}: everybody on this machine may read ${visible(file)}; make it yours alone: chmod 600`;
    },
  );
}

export const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Parses the API's address: https only, or http to this machine, where a key can not be overheard. */
export function parseBaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw usage(`--base-url ${text} is not a web address`);
  if (url.username || url.password) throw usage('--base-url must not hold a user name or a password');
  if (url.search || url.hash) throw usage(`--base-url ${text} must end with its path`);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw usage(
      `--base-url ${text} would send the key unprotected: use https (http is for this machine only)`,
    );
  }
  return url;
}

/** Origin that a ledger is bound to: the API's, or `sandbox`. */
export function originOf(flags: Pick<Flags, 'baseUrl' | 'sandbox'>): string {
  return flags.sandbox ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin;
}

export function target(flags: Flags, env: Env, dryRun: boolean): Target | undefined {
  if (flags.sandbox) return Object.freeze({ kind: 'sandbox' });
  const baseUrl = parseBaseUrl(flags.baseUrl);
  const apiKey = readApiKey(env);
  if (apiKey === undefined) {
    if (dryRun) return undefined;
    throw usage(
      'no API key: set PERISKOPE_API_KEY, or PERISKOPE_API_KEY_FILE to a file that holds it (or try --sandbox)',
    );
  }
  return Object.freeze({ kind: 'api', baseUrl, apiKey, proxy: proxyFor(baseUrl, env) });
}

/** The run's own sending phone; undefined: every row has to name one, see `noSender`. */
export function sender(flags: Pick<Flags, 'phone'>): Sender | undefined {
  const given = flags.phone;
  if (given === undefined) return undefined;
  const parsed = parseSender(given);
  if (parsed === undefined) {
    throw usage(
      '--phone must be country code + number in digits, like 919876543210, or a phone id, like phone-bqzvyibhmwkaergr',
    );
  }
  return parsed;
}

/** Error: neither the command nor its cohort names the sending phone. */
export function noSender(command?: 'groups'): OnboardError {
  const column = command === 'groups' ? '' : ', or a cohort with a sender column';
  return usage(
    `no sending phone: give --phone NUMBER (or set PERISKOPE_PHONE), like 919876543210 or phone-…${column}`,
  );
}

/**
 * Redis that shares the allowance with other processes: from the flag, the environment, or the file that it names. A
 * password in a flag is refused, because flags show in the list of processes. No message holds text of the URL.
 */
export function redisTarget(flags: Pick<Flags, 'redisUrl'>, env: Env): RedisTarget | undefined {
  const flag = flags.redisUrl;
  if (flag !== undefined) {
    const target = redisFrom('--redis-url', flag);
    if (target?.password === undefined) return target;
    throw usage(
      '--redis-url holds a password, and flags show in ps: put the URL into GROUP_ONBOARD_REDIS_URL, or into a file that GROUP_ONBOARD_REDIS_URL_FILE names',
    );
  }
  return fromEnvironment('GROUP_ONBOARD_REDIS_URL', env, redisFrom);
}

/** Value of a variable, or of the file that `<name>_FILE` names; undefined: neither is set. No message holds its text. */
export function fromEnvironment<T>(
  name: string,
  env: Env,
  parse: (where: string, text: string | undefined) => T | undefined,
): T | undefined {
  const { text, file } = textOf(name, env);
  const value = parse(file ? `${name}_FILE: what ${file} holds` : name, text);
  if (file && value === undefined) throw usage(`${name}_FILE: ${file} is empty`);
  return value;
}

/** Text of a variable, or of the file that `<name>_FILE` names, trimmed. @param which its kind in a message */
function textOf(
  name: string,
  env: Env,
  which = '',
): { readonly text: string | undefined; readonly file: string | undefined } {
  const text = env[name]?.trim();
  const file = env[`${name}_FILE`];
  if (text && file)
    throw usage(
      `both ${name} and ${name}_FILE are set: unset one, so that it is clear which ${which}is meant`,
    );
  if (!file) return { text, file };
  try {
    return { text: readSmallFile(file).trim(), file };
  } catch (error) {
    throw usage(`${name}_FILE: cannot read ${file} (${errorCode(error) || (error as Error).message})`);
  }
}

function redisFrom(where: string, text: string | undefined): RedisTarget | undefined {
  const url = text?.trim();
  if (!url) return undefined;
  try {
    return Object.freeze(parseRedisUrl(url));
  } catch (error) {
    if (error instanceof RangeError) throw usage(`${where} ${error.message}`);
    throw error;
  }
}

export type LimitPer = 'key' | 'phone';

/** Default ceiling on asks in flight: above the need of 100 asks per second at 500 ms latency. */
export const DEFAULT_CONCURRENCY = 100;

/** Longest timeout, ms. Node fires a timer of more than 2^31 − 1 ms at once. */
const LONGEST_TIMEOUT_MS = 86_400_000;

export function requestTimeout(flags: Pick<GroupsFlags, 'requestTimeout'>): number {
  const ms = flags.requestTimeout;
  if (ms > LONGEST_TIMEOUT_MS)
    throw usage('--request-timeout is longer than a day: no answer takes that long; give 30s or so');
  return ms;
}

type ReachFlags = Pick<GroupsFlags, 'baseUrl' | 'requestTimeout' | 'limitPer'> &
  Partial<Pick<GroupsFlags, 'sandbox' | 'phone' | 'redisUrl'>>;

/**
 * Access to the API for reading, paced only by the server: for `follow-up`, `groups`, and `check --online`.
 * @throws OnboardError CONFIG
 */
export function reachConfig(flags: ReachFlags, env: Env) {
  return Object.freeze({
    target: target(flags, env, false) as Target,
    /** Phone used for reading; undefined: the sandbox's own, or those of the rows. */
    sender: sender(flags),
    requestTimeoutMs: requestTimeout(flags),
    redis: redisTarget(flags, env),
    concurrency: DEFAULT_CONCURRENCY,
    limitPer: flags.limitPer,
    maxRate: undefined,
    gap: undefined,
  });
}
