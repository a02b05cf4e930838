/** Destination of the summary at the end. Its address is a secret: it lets anybody post there. */
import { readFileSync } from 'node:fs';
import { type Env, usage } from './api.ts';
import { proxyFor } from './proxy.ts';

export interface NotifyTarget {
  /** Never printed, logged or written. */
  readonly url: URL;
  readonly proxy: URL | undefined;
}

const VARIABLE = 'GROUP_ONBOARD_NOTIFY';
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Destination from the environment, or from the file that it names. A flag may name this machine only, because flags
 * show in `ps`.
 */
export function notifyTarget(
  flags: { readonly notify?: string | undefined },
  env: Env,
): NotifyTarget | undefined {
  if (flags.notify !== undefined) {
    const target = parsed('--notify', flags.notify, env);
    if (target === undefined || LOOPBACK.test(target.url.hostname)) return target;
    throw usage(
      `--notify shows in ps, and whoever has the address can post there: put it into ${VARIABLE}, or into a file that ${VARIABLE}_FILE names`,
    );
  }
  const inline = env[VARIABLE]?.trim();
  const file = env[`${VARIABLE}_FILE`];
  if (inline && file)
    throw usage(
      `both ${VARIABLE} and ${VARIABLE}_FILE are set: unset one, so that it is clear which is meant`,
    );
  if (!file) return parsed(VARIABLE, inline, env);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(
      `${VARIABLE}_FILE: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
    );
  }
  const target = parsed(`${VARIABLE}_FILE: what ${file} holds`, text, env);
  if (target === undefined) throw usage(`${VARIABLE}_FILE: ${file} is empty`);
  return target;
}

/** Parses the address. No message holds its text. */
function parsed(where: string, text: string | undefined, env: Env): NotifyTarget | undefined {
  const given = text?.trim();
  if (!given) return undefined;
  const url = !/\s/.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw usage(`${where} is not a web address`);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw usage(
      `${where} is not an https address: it would be read on the way (http is for this machine only)`,
    );
  if (url.username || url.password)
    throw usage(`${where} holds a user name or a password, which is not supported`);
  return Object.freeze({ url, proxy: proxyFor(url, env) });
}
