import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import {
  type AgentOptions,
  Agent as HttpsAgent,
  request as httpsRequest,
  type RequestOptions,
} from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../domain/words.ts';

/**
 * Longest idle time of a reusable connection, ms. Servers close idle connections (the sample's after 5 s), and an ask
 * that meets the close is in doubt; a fresh connection costs one handshake. So ours close early.
 */
const LONGEST_IDLE = 2000;

/** Margin before the server's announced `Keep-Alive: timeout`, ms. */
const HINT_MARGIN = 1000;

export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export function directAgents(): Agents {
  const options = { keepAlive: true, timeout: LONGEST_IDLE };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

/**
 * Keeps requests off connections that have idled for long. The agent's own timer is late after a stall of the event
 * loop, and does not run while the machine sleeps, so the age is checked before each request, on both clocks.
 */
export function connectionsOf(agents: Agents, clock: Clock) {
  const lastUse = new WeakMap<Socket, { monotonic: number; wall: number; idle: number }>();

  /** Plain loops, one read per clock: this runs before every ask. */
  function stale(): Socket[] {
    const found: Socket[] = [];
    const [monotonic, wall] = [clock.monotonic(), clock.now()];
    for (const agent of [agents.http, agents.https]) {
      for (const name in agent.freeSockets) {
        for (const socket of agent.freeSockets[name] ?? []) {
          if (socket.destroyed || isTooOld(socket, monotonic, wall)) found.push(socket);
        }
      }
    }
    return found;
  }

  function used(socket: Socket, idle: number): void {
    lastUse.set(socket, { monotonic: clock.monotonic(), wall: clock.now(), idle });
  }

  function isTooOld(socket: Socket, monotonic: number, wall: number): boolean {
    const last = lastUse.get(socket);
    if (last === undefined) return true;
    const byWall = wall - last.wall;
    // A jump of the wall clock costs only a handshake.
    return monotonic - last.monotonic >= last.idle || byWall >= last.idle || byWall < 0;
  }

  return {
    /** Closes idle connections that are too old; resolves when the agents have dropped them. */
    async sweep(): Promise<void> {
      const sockets = stale();
      if (sockets.length === 0) return;
      for (const socket of sockets) socket.destroy();
      // The agent drops a destroyed socket on its 'close', in the next turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
    },
    /** Must be called for every request right after its creation. */
    watch(request: ClientRequest): void {
      request.once('socket', (socket) => {
        used(socket, LONGEST_IDLE);
        request.once('response', (response) => {
          response.once('end', () => used(socket, allowedIdle(response)));
        });
      });
    },
    close(): void {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** The server's announcement counts if it is shorter than ours. */
function allowedIdle(response: IncomingMessage): number {
  const hint = /\btimeout=(\d+)/i.exec(String(response.headers['keep-alive'] ?? ''))?.[1];
  return hint === undefined ? LONGEST_IDLE : Math.min(LONGEST_IDLE, Number(hint) * 1000 - HINT_MARGIN);
}

/**
 * Calls `then` once, when bytes of the request may start to leave: after an earlier error nothing was sent. Node holds
 * the request until the connection and, with TLS, its verified handshake stand.
 */
export function whenConnected(request: ClientRequest, then: () => void): void {
  request.once('socket', (socket: Socket) => {
    if (socket.destroyed) return;
    const event = socket instanceof TLSSocket ? 'secureConnect' : 'connect';
    if (request.reusedSocket || !isConnecting(socket)) then();
    else socket.once(event, then);
  });
}

/**
 * Calls `then` with the duration of the TCP handshake that the request waited for; of several addresses, of the one
 * that answered. got's timings do not serve: they use the wall clock, repeat the first handshake for a reused
 * connection, and give 0 for one through a proxy.
 */
export function whenHandshaken(request: ClientRequest, clock: Clock, then: (ms: number) => void): void {
  request.once('socket', (socket: Socket) => {
    if (request.reusedSocket || !socket.connecting) return;
    let from = clock.monotonic();
    const attempted = () => {
      from = clock.monotonic();
    };
    socket.on('connectionAttempt', attempted);
    socket.once('connect', () => {
      socket.off('connectionAttempt', attempted);
      then(clock.monotonic() - from);
    });
  });
}

/** Whether a socket is still in a handshake; a TLS socket over a proxy's is not `connecting` then. */
function isConnecting(socket: Socket & { readonly secureConnecting?: boolean }): boolean {
  return socket.connecting || socket.secureConnecting === true;
}

/** Options of connections through a proxy (CONNECT): it sees the API's name; the key travels inside the tunnel. */
interface TunnelOptions extends AgentOptions {
  /** Time limit of each step (the proxy's answer, the handshake with the API behind it), ms. */
  readonly phaseMs: number;
}

/** Agents for an API behind a proxy. Plain http is only for this machine, and bypasses the proxy. */
export function tunnelAgents(proxy: URL, options: TunnelOptions): Agents {
  return { http: new HttpAgent({ keepAlive: true }), https: new TunnelAgent(proxy, options) };
}

/**
 * Agent that tunnels through a proxy. Node waits for an agent's connection without a limit, and does not report a
 * cancelled request. So each step has a time limit, and `destroy` ends open steps: a silent proxy keeps no process
 * alive.
 */
class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL;
  readonly #phaseMs: number;
  readonly #pending = new Set<ClientRequest | TLSSocket>();

  constructor(proxy: URL, { phaseMs, ...options }: TunnelOptions) {
    super({ keepAlive: true, ...options });
    this.#proxy = proxy;
    this.#phaseMs = phaseMs;
  }

  override createConnection(
    options: RequestOptions,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#tunnel(options).then(
      (stream) => done(null, stream),
      (error: Error) => done(error, undefined as never),
    );
  }

  override destroy(): void {
    for (const one of this.#pending) one.destroy(new Error('given up'));
    super.destroy();
  }

  async #tunnel(options: RequestOptions): Promise<TLSSocket> {
    const connect = this.#connect(`${options.host}:${options.port}`);
    const socket = await this.#inTime<Socket>(connect, 'the proxy', (resolve, reject) => {
      connect.once('connect', ({ statusCode = 0 }, tunnel: Socket, head: Buffer) => {
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) tunnel.unshift(head);
          resolve(tunnel);
          return;
        }
        tunnel.destroy();
        reject(new Error(`the proxy answered ${statusCode}`));
      });
      // A server without CONNECT answers with an ordinary response.
      connect.once('response', (response) => {
        response.destroy();
        reject(new Error(`the proxy answered ${response.statusCode}`));
      });
      connect.end();
    });
    const secure = super.createConnection({ ...options, socket } as RequestOptions) as TLSSocket;
    socket.on('error', (error) => secure.destroy(error));
    return this.#inTime<TLSSocket>(secure, 'the API behind the proxy', (resolve) => {
      secure.once('secureConnect', () => resolve(secure));
    });
  }

  #connect(path: string): ClientRequest {
    const { protocol, hostname, port, username, password } = this.#proxy;
    const words = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const request = protocol === 'https:' ? httpsRequest : httpRequest;
    return request({
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      port,
      path,
      agent: false,
      setHost: false,
      rejectUnauthorized: true,
      headers: {
        host: path,
        ...(username + password !== '' && { 'proxy-authorization': `Basic ${words.toString('base64')}` }),
      },
    });
  }

  /** Result of a step within its time limit; otherwise, and on an error, the socket is destroyed. */
  #inTime<T>(
    made: ClientRequest | TLSSocket,
    who: string,
    step: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    this.#pending.add(made);
    let timer: NodeJS.Timeout | undefined;
    return new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`no answer of ${who} within ${this.#phaseMs} ms`);
        made.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
      }, this.#phaseMs);
      // Stays attached: later errors have no other listener.
      made.on('error', reject);
      made.once('close', () =>
        reject(Object.assign(new Error(`${who} closed the connection`), { code: 'ECONNRESET' })),
      );
      step(resolve, reject);
    }).finally(() => {
      clearTimeout(timer);
      this.#pending.delete(made);
    });
  }
}
