/** Connections to the API through a proxy (CONNECT): the proxy sees the API's name, and the key travels inside the tunnel. */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import {
  type AgentOptions,
  Agent as HttpsAgent,
  request as httpsRequest,
  type RequestOptions,
} from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Agents } from './connections.ts';

export interface TunnelOptions extends AgentOptions {
  /** Longest time for each step: the proxy's answer, and the handshake with the API behind it, ms. */
  readonly phaseMs: number;
}

/** Agents for an API behind a proxy. Plain http is for this machine only, and goes straight. */
export function tunnelAgents(proxy: URL, options: TunnelOptions): Agents {
  return { http: new HttpAgent({ keepAlive: true }), https: new TunnelAgent(proxy, options) };
}

/**
 * Node waits for an agent's connection without a limit, and does not tell the agent that a request was given up. So each step
 * has an end here, and `destroy` ends what is still on its way: a silent proxy keeps no process alive.
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
      // A server that knows no CONNECT answers as it does to everything else.
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

  /** Result of a step within its time; otherwise, and on an error, the socket made for it is destroyed. */
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
      // It stays: what breaks later has nobody else who hears it.
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
