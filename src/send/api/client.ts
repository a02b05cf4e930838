import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type CancelableRequest, got, type Response } from 'got';
import type { ChatId, Clock, Participant } from '../../domain/words.ts';
import { type Answer, type AnswerHeaders, lost, notSent } from './answer.ts';
import { decoded, LARGEST_BODY, TOO_LARGE } from './body.ts';
import {
  type Agents,
  connectionsOf,
  directAgents,
  tunnelAgents,
  whenConnected,
  whenHandshaken,
} from './connections.ts';
import { keyCutter } from './redact.ts';

/** Longest time for each of name lookup, TCP, a proxy's answer and TLS, ms. */
const CONNECT_TIMEOUT = 10_000;

/**
 * Extra time-out per further person of an ask, ms: the engine behind the API adds people one by one, at 1–2 s each
 * (api/FACTS.md). An ask given up earlier leaves the whole batch in doubt.
 */
const PER_FURTHER_PERSON_MS = 2_000;

const TRACE_ID = 'x-periskope-trace-id';

/** Kept beside every `x-*`. */
const HEADERS_READ = /^(?:date|retry-after|location|content-type|ratelimit(?:-.*)?|x-.*)$/;

export interface ClientOptions {
  /** `https://api.periskope.app/v1`. The key goes only to its origin. */
  readonly baseUrl: URL;
  readonly apiKey: string;
  /** The `x-phone` header: digits or `phone-…`. */
  readonly sender: string | undefined;
  /** From the start of a request to the last byte of its answer, ms; an ask of several people has longer. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly proxy?: URL | undefined;
  /** Replaces the agents made here, for tests. */
  readonly agents?: Agents | undefined;
  readonly userAgent?: string | undefined;
}

export interface CallOptions {
  /** Called once, when the request may be on the wire; not called for `not_sent`. */
  readonly onSend?: (() => void) | undefined;
  /** Cancels the request: `not_sent` or `lost`, like any other end of the connection. */
  readonly signal?: AbortSignal | undefined;
}

interface Page {
  readonly offset: number;
  readonly limit: number;
}

interface Call extends CallOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly json?: unknown;
  readonly extraMs?: number;
}

export type Client = ReturnType<typeof createClient>;

/** HTTP client: one attempt per call, without retries or redirects. Every failure is a value: no method rejects. */
export function createClient(options: ClientOptions) {
  const { clock, requestTimeoutMs } = options;
  const phase = Math.min(CONNECT_TIMEOUT, requestTimeoutMs);
  const { proxy } = options;
  const agents = options.agents ?? (proxy ? tunnelAgents(proxy, { phaseMs: phase }) : directAgents());
  const connections = connectionsOf(agents, clock);
  const cut = keyCutter(options.apiKey);

  const send = got.extend({
    headers: {
      authorization: `Bearer ${options.apiKey}`,
      'x-phone': options.sender,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': options.userAgent ?? 'group-onboard',
    },
    agent: agents,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    // Even NODE_TLS_REJECT_UNAUTHORIZED=0 must not send the key to a stranger.
    https: { rejectUnauthorized: true },
    // `decoded` unpacks within its bound.
    decompress: false,
    timeout: { lookup: phase, connect: phase, secureConnect: phase, request: requestTimeoutMs },
    mutableDefaults: true,
  });
  // Turns caching off. got's four unset cache options cost each request an eighth of its CPU: with them an ask takes
  // more than 1.5 × that of the plain loop. `mutableDefaults` is got's documented way to change the defaults.
  send.defaults.options.cacheOptions = {};

  async function attempt({ method, path, json, extraMs = 0, onSend, signal }: Call): Promise<Answer> {
    let sentAt = clock.monotonic();
    let sent = false;
    let head: IncomingMessage | undefined;
    let headAt: number | undefined;
    let handshakeMs: number | undefined;
    let native: ClientRequest | undefined;
    const arrived = (response: IncomingMessage) => {
      head = response;
      headAt = clock.monotonic();
    };
    /** The body may take longer: the server had done its work when it sent the head. */
    const instants = () => ({
      sentAt,
      answeredAt: headAt ?? clock.monotonic(),
      ...(handshakeMs !== undefined && { handshakeMs }),
    });
    try {
      await connections.sweep();
      const request: CancelableRequest<Response<string>> = send(urlOf(options.baseUrl, path), {
        method,
        ...(json === undefined ? {} : { json }),
        ...(signal === undefined ? {} : { signal }),
        ...(extraMs === 0 ? {} : { timeout: { request: requestTimeoutMs + extraMs } }),
      });
      request.on('request', (made: ClientRequest) => {
        native = made;
        connections.watch(made);
        made.once('response', arrived);
        // Node closes such a connection without a response or an error, and got would wait forever.
        made.once('upgrade', (response: IncomingMessage, socket: Duplex) => {
          arrived(response);
          socket.destroy();
          request.cancel('switched to another protocol');
        });
        whenHandshaken(made, clock, (ms) => {
          handshakeMs = ms;
        });
        whenConnected(made, () => {
          sent = true;
          sentAt = clock.monotonic();
          onSend?.();
        });
      });
      request.on('downloadProgress', ({ transferred, total }) => {
        if (Math.max(transferred, total ?? 0) > LARGEST_BODY) request.cancel(TOO_LARGE);
      });
      const response = await withoutSocket(request, () => native, requestTimeoutMs + extraMs, signal);
      return {
        kind: 'answer',
        httpStatus: response.statusCode,
        ...readHead(response.headers),
        body: cut(await decoded(response.rawBody, response.headers['content-encoding'])),
        ...instants(),
      };
    } catch (error) {
      if (!sent) return { kind: 'not_sent', ...notSent(error, cut), ...instants() };
      return {
        kind: 'lost',
        ...lost(error, head !== undefined, cut),
        httpStatus: head?.statusCode,
        ...readHead(head?.headers ?? {}),
        ...instants(),
      };
    }
  }

  function readHead(raw: IncomingHttpHeaders): { headers: AnswerHeaders; traceId: string } {
    const headers: Record<string, string> = {};
    for (const name in raw) if (HEADERS_READ.test(name)) headers[name] = cut(String(raw[name]));
    return { headers, traceId: headers[TRACE_ID] ?? '' };
  }

  return {
    add: (
      chatId: ChatId,
      participants: readonly Participant[],
      { force, onSend, signal }: CallOptions & { readonly force: boolean },
    ) =>
      attempt({
        method: 'POST',
        path: `/chats/${encodeURIComponent(chatId)}/add`,
        json: { participants, ...(force ? { force_add_participants: true } : {}) },
        extraMs: (participants.length - 1) * PER_FURTHER_PERSON_MS,
        onSend,
        signal,
      }),
    chat: (chatId: ChatId, call: CallOptions = {}) =>
      attempt({ ...call, method: 'GET', path: `/chats/${encodeURIComponent(chatId)}` }),
    notifications: (chatId: ChatId, { offset, limit }: Page, call: CallOptions = {}) =>
      attempt({
        ...call,
        method: 'GET',
        path: `/chats/${encodeURIComponent(chatId)}/notifications?offset=${offset}&limit=${limit}`,
      }),
    /** The groups among the chats. */
    groups: ({ offset, limit }: Page, call: CallOptions = {}) =>
      attempt({
        ...call,
        method: 'GET',
        path: `/chats?chat_type=group&offset=${offset}&limit=${limit}`,
      }),
    phones: (call: CallOptions = {}) => attempt({ ...call, method: 'GET', path: '/phones' }),
    /** Closes every connection; requests in flight are cancelled. */
    close: () => connections.close(),
  };
}

/**
 * Result of a request, or an error if it times out or is cancelled before it has a socket: until then neither got's
 * time-out nor its signal ends the wait.
 */
function withoutSocket<T>(
  request: CancelableRequest<T>,
  native: () => ClientRequest | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = (error: Error) => {
      if (native()?.socket) return;
      // A destroyed request never goes out, even if its connection is made later.
      native()?.destroy();
      request.cancel();
      reject(error);
    };
    // After got's own error, which says more.
    const aborted = () => setImmediate(() => end(new Error('given up')));
    const timer = setTimeout(() => {
      end(Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    signal?.addEventListener('abort', aborted, { once: true });
    request.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    });
  });
}

/** Keeps only origin and path of the base URL: credentials in it would replace the key. */
function urlOf(base: URL, path: string): URL {
  return new URL(base.pathname.replace(/\/+$/, '') + path, base.origin);
}
