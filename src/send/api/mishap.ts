import type { Lost, NotSent } from './answer.ts';
import { oneLine } from './scrub.ts';

/** What is read of an error that got rejected with: its shape is not trusted. */
interface Facts {
  readonly code: string;
  readonly message: string;
  readonly timedOut: boolean;
}

const NOT_SENT_WORDS: Readonly<Record<NotSent['cause'], string>> = {
  refused: 'the connection was refused',
  dns: 'the host name could not be resolved',
  tls: 'no trusted TLS connection could be made',
  network: 'the connection could not be made',
  connect_timeout: 'the connection was not made in time',
};

const LOST_WORDS: Readonly<Record<Lost['cause'], string>> = {
  timeout: 'no answer in time',
  reset: 'the connection broke before the answer',
  truncated: 'the answer broke off',
  network: 'no readable answer',
};

const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|HOSTNAME_MISMATCH|EPROTO)/;

/** The error of a request that never had a connection. */
export function notSent(error: unknown, cut: (text: string) => string): Pick<NotSent, 'cause' | 'message'> {
  const facts = read(error);
  const cause = notSentCause(facts);
  return { cause, message: sentence(NOT_SENT_WORDS[cause], facts, cut) };
}

/** The error of a request that had one. `headSeen`: the status line had come already. */
export function lost(
  error: unknown,
  headSeen: boolean,
  cut: (text: string) => string,
): Pick<Lost, 'cause' | 'message'> {
  const facts = read(error);
  const cause = lostCause(facts, headSeen);
  return { cause, message: sentence(LOST_WORDS[cause], facts, cut) };
}

function notSentCause({ code, timedOut }: Facts): NotSent['cause'] {
  if (timedOut || code === 'ETIMEDOUT') return 'connect_timeout';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'dns';
  return TLS_CODE.test(code) ? 'tls' : 'network';
}

function lostCause({ code, timedOut }: Facts, headSeen: boolean): Lost['cause'] {
  if (timedOut || code === 'ETIMEDOUT') return 'timeout';
  if (headSeen) return 'truncated';
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'network';
}

function sentence(words: string, { code, message }: Facts, cut: (text: string) => string): string {
  // A failed try of several addresses (AggregateError) has a code and no message.
  const detail = message.includes(code) ? message : [message, code].filter(Boolean).join(' ');
  return oneLine(cut(detail === '' ? words : `${words} (${detail})`));
}

function read(error: unknown): Facts {
  const { code, message, name } = (error ?? {}) as { code?: unknown; message?: unknown; name?: unknown };
  return {
    // got's own code says nothing.
    code: typeof code === 'string' && code !== 'ERR_GOT_REQUEST_ERROR' ? code : '',
    message: typeof message === 'string' ? message : '',
    timedOut: name === 'TimeoutError',
  };
}
