/**
 * What one request to the API came to, as a value. The three kinds are the whole of promise 2 at this edge:
 * only `not_sent` may be repeated without a thought, `lost` may have been processed.
 */

/** Lower-case names. Only those that something reads: the rate limit's, `date`, `retry-after`, every `x-*`, … */
export type AnswerHeaders = Readonly<Record<string, string | undefined>>;

/** Milliseconds of `Clock.monotonic`. */
interface Instants {
  /** When the request could first reach the wire: connection (and TLS) established; the start when it never was. */
  readonly sentAt: number;
  /** When the head of the answer was there; without one, when the request was given up. */
  readonly answeredAt: number;
  /** How long the TCP handshake took, ms; undefined where the connection was there already, or is a proxy's. */
  readonly handshakeMs?: number | undefined;
}

/** A complete HTTP answer, whatever its status. The API key, were the server to echo it, is cut out of it. */
export interface Answered extends Instants {
  readonly kind: 'answer';
  readonly httpStatus: number;
  readonly headers: AnswerHeaders;
  readonly body: string;
  /** `x-periskope-trace-id`, or ''. */
  readonly traceId: string;
}

/** No byte of the request left: the connection (with TLS) was never established. */
export interface NotSent extends Instants {
  readonly kind: 'not_sent';
  readonly cause: 'refused' | 'dns' | 'tls' | 'network' | 'connect_timeout';
  /** One line without the key, whole phone numbers or control characters. */
  readonly message: string;
}

/** The request may have been processed, and no complete answer came. */
export interface Lost extends Instants {
  readonly kind: 'lost';
  readonly cause: 'timeout' | 'reset' | 'truncated' | 'network';
  /** One line without the key, whole phone numbers or control characters. */
  readonly message: string;
  /** Known when the head of the answer came before it broke off. */
  readonly httpStatus: number | undefined;
  readonly headers: AnswerHeaders;
  readonly traceId: string;
}

export type Answer = Answered | NotSent | Lost;
