/** What an error of the connection to Redis means, in words that hold no password. */

/** Answers of a Redis that is there, and cannot serve just now. */
const FOR_NOW = /^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b/;
const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/;
const AUTH = /^(?:WRONGPASS|NOAUTH|NOPERM)\b|\bAUTH\b|invalid password/i;

/** Longest piece of Redis's own words in a message. */
const LONGEST = 100;

/** Why Redis will not serve us however often it is asked; undefined when it may. */
export function refusalOf(error: unknown): string | undefined {
  const { name, message, code } = factsOf(error);
  if (TLS.test(code)) return `its TLS certificate or protocol was not accepted (${code})`;
  if (name !== 'ReplyError' || FOR_NOW.test(message)) return undefined;
  if (AUTH.test(message)) return `it refuses this user or password (${message.split(' ')[0]})`;
  return `it refuses: ${words(message)}`;
}

/** Why Redis could not be asked, in a few words. */
export function troubleOf(error: unknown): string {
  const { name, message, code } = factsOf(error);
  if (name === 'ReplyError') return words(message);
  if (/timed out|ETIMEDOUT/.test(message)) return 'no answer in time';
  return /^E[A-Z_]+$/.test(code) ? code : 'the connection was closed';
}

/** Only the first words, which name the error; what follows may quote what was sent. */
function words(message: string): string {
  const line = message.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').replace(/['"`].*$/, '');
  return line.slice(0, LONGEST).trim();
}

function factsOf(error: unknown): { readonly name: string; readonly message: string; readonly code: string } {
  if (!(error instanceof Error)) return { name: '', message: '', code: '' };
  const { code } = error as NodeJS.ErrnoException;
  return { name: error.name, message: error.message, code: typeof code === 'string' ? code : '' };
}
