import { oneLine } from './redact.ts';

/**
 * Result of one request to the API, as a value. Only `not_sent` may be repeated freely; `lost` may have been processed.
 */

/** By lower-case name; only headers in use: the rate limit's, `date`, `retry-after`, every `x-*`, … */
export type AnswerHeaders = Readonly<Record<string, string | undefined>>;

/** Milliseconds of `Clock.monotonic`. */
interface Instants {
  /** First instant at which bytes could leave: connection (and TLS) established; the start if it never was. */
  readonly sentAt: number;
  /** Arrival of the answer's head; without one, the instant of giving up. */
  readonly answeredAt: number;
  /** Duration of the TCP handshake, ms; undefined for a reused connection, or a proxy's. */
  readonly handshakeMs?: number | undefined;
}

/** A complete HTTP answer of any status. The API key is cut out of it. */
interface Answered extends Instants {
  readonly kind: 'answer';
  readonly httpStatus: number;
  readonly headers: AnswerHeaders;
  readonly body: string;
  /** `x-periskope-trace-id`, or ''. */
  readonly traceId: string;
}

/** No byte of the request left: the connection (with TLS) was never established. */
interface NotSent extends Instants {
  readonly kind: 'not_sent';
  readonly cause: 'refused' | 'dns' | 'tls' | 'network' | 'connect_timeout';
  /** One line without the key, whole phone numbers or control characters. */
  readonly message: string;
}

/** The request may have been processed, and no complete answer came. */
interface Lost extends Instants {
  readonly kind: 'lost';
  readonly cause: 'timeout' | 'reset' | 'truncated' | 'network';
  /** One line without the key, whole phone numbers or control characters. */
  readonly message: string;
  /** Known if the head of the answer arrived. */
  readonly httpStatus: number | undefined;
  readonly headers: AnswerHeaders;
  readonly traceId: string;
}

export type Answer = Answered | NotSent | Lost;

/** Fields read from got's error, whose shape is not trusted. */
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

export function notSent(error: unknown, cut: (text: string) => string): Pick<NotSent, 'cause' | 'message'> {
  const facts = read(error);
  const cause = notSentCause(facts);
  return { cause, message: sentence(NOT_SENT_WORDS[cause], facts, cut) };
}

/** Describes the error of a request that had a connection. `headSeen`: the status line had arrived. */
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
  // An AggregateError (several addresses tried) has a code and no message.
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
