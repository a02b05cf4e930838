/** The proxy in front of the API, from the environment. */
import { BlockList, isIP } from 'node:net';
import { OnboardError } from '../domain/errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that an address is reached through; undefined: none. HTTP_PROXY never counts, because plain http is for this
 * machine only. The libraries that read these variables know no CIDR, and read `process.env` by themselves.
 * @throws OnboardError CONFIG without the text of the variable, which may hold a password
 */
export function proxyFor(url: URL, env: Env): URL | undefined {
  if (url.protocol !== 'https:') return undefined;
  const [name, text] = variable(env, 'HTTPS_PROXY') ?? variable(env, 'ALL_PROXY') ?? [];
  if (name === undefined || text === undefined) return undefined;
  if (isExempt(url, variable(env, 'NO_PROXY')?.[1] ?? '')) return undefined;
  // A proxy is often written without http://, and then with its port.
  const whole = /^[^/]+:\d+\/?$/.test(text) ? `http://${text}` : text;
  const proxy = URL.canParse(whole) ? new URL(whole) : undefined;
  if (proxy === undefined || proxy.hostname === '')
    throw new OnboardError('CONFIG', `${name} is not a web address`);
  if (!/^https?:$/.test(proxy.protocol))
    throw new OnboardError('CONFIG', `${name} does not begin with http:// or https://: give such a proxy`);
  return proxy;
}

/** The variable's name as it is set, and its text. Empty counts as unset. */
function variable(env: Env, name: string): readonly [name: string, text: string] | undefined {
  for (const one of [name, name.toLowerCase()]) {
    const text = env[one]?.trim();
    if (text) return [one, text];
  }
  return undefined;
}

/**
 * Whether NO_PROXY exempts an address: `*`, a domain with all under it (`example.com`, `.example.com`), an IP address, or
 * a range of them (`10.0.0.0/8`); any of these with a port means this port only. An entry of another form exempts nothing.
 */
function isExempt({ hostname, port }: URL, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const entries = list.toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    const [, name = '', only] = /^(\[[^\]]*\](?:\/\d+)?|[^:]*)(?::(\d+))?$/.exec(entry) ?? ['', entry];
    if (only !== undefined && Number(only) !== Number(port || 443)) return false;
    return name === '*' || covers(name.replace(/[[\]]/g, ''), host);
  });
}

function covers(name: string, host: string): boolean {
  if (isIP(host) === 0) {
    const domain = name.replace(/^\*?\./, '').replace(/\.$/, '');
    return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
  }
  const [address = '', bits] = name.split('/');
  if (isIP(address) !== isIP(host)) return false;
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  const prefix = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(prefix <= most)) return false;
  const range = new BlockList();
  range.addSubnet(address, prefix, family);
  return range.check(host, family);
}
