/** Proxy in front of the API, from the environment. */
import { BlockList, isIP } from 'node:net';
import { usage } from '../domain/errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Proxy for an address; undefined: none. HTTP_PROXY never counts, because plain http is for this machine only.
 * Libraries for these variables do not support CIDR, and read `process.env` directly.
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
  const scheme = /^[a-z][a-z\d+.-]*(?=:\/\/)/i.exec(whole)?.[0].toLowerCase();
  if (scheme !== undefined && !/^https?$/.test(scheme)) {
    // The scheme holds no secret: it is shown if proxies use it.
    const kind = /^socks\d?[a-z]?$/.test(scheme)
      ? `is a ${scheme} proxy, which is not supported`
      : 'does not begin with http:// or https://';
    throw usage(`${name} ${kind}: give one that speaks HTTP, like http://proxy.example:3128`);
  }
  if (scheme === undefined || proxy === undefined || proxy.hostname === '' || !canDecode(proxy))
    throw usage(`${name} is not the address of a proxy: write it like http://proxy.example:3128`);
  return proxy;
}

/** Whether name and password decode. With a percent sign of its own, either would fail at the first request. */
function canDecode({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** Name of the variable as it is set, and its text. Empty counts as unset. */
function variable(env: Env, name: string): readonly [name: string, text: string] | undefined {
  for (const one of [name, name.toLowerCase()]) {
    const text = env[one]?.trim();
    if (text) return [one, text];
  }
  return undefined;
}

/**
 * Whether NO_PROXY exempts an address: `*`, a domain with its subdomains (`example.com`, `.example.com`), an IP
 * address, or a range (`10.0.0.0/8`); any of these with a port covers this port only. Entries of another form exempt
 * nothing.
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
