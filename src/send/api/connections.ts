import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../domain/words.ts';

/**
 * How long an idle connection may be used again, ms. A server closes idle connections (the sample's after 5 s), and
 * an ask that meets the closing is in doubt; a fresh connection costs one handshake. So ours go early.
 */
const LONGEST_IDLE = 2000;

/** How long before the server's announced `Keep-Alive: timeout` a connection is given up, ms. */
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
 * Sees to it that no request goes out on a connection that has idled for long. The agent's own timer does this too,
 * but it is late after a stall of the event loop, and it does not run at all while a machine sleeps: so the age is
 * looked at again before each request, on both clocks.
 */
export class Connections {
  readonly #agents: Agents;
  readonly #clock: Clock;
  readonly #lastUse = new WeakMap<Socket, { monotonic: number; wall: number; idle: number }>();

  constructor(agents: Agents, clock: Clock) {
    this.#agents = agents;
    this.#clock = clock;
  }

  /** Closes the idle connections that are too old; resolves when the agents have forgotten them. */
  async sweep(): Promise<void> {
    const stale = this.#stale();
    if (stale.length === 0) return;
    for (const socket of stale) socket.destroy();
    // The agent drops a destroyed socket on its 'close', which comes with the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Call for every request at once after its making. */
  watch(request: ClientRequest): void {
    request.once('socket', (socket) => {
      this.#used(socket, LONGEST_IDLE);
      request.once('response', (response) => {
        response.once('end', () => this.#used(socket, allowedIdle(response)));
      });
    });
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Plain loops, and each clock read once: this runs before every ask. */
  #stale(): Socket[] {
    const stale: Socket[] = [];
    const [monotonic, wall] = [this.#clock.monotonic(), this.#clock.now()];
    for (const agent of [this.#agents.http, this.#agents.https]) {
      for (const name in agent.freeSockets) {
        for (const socket of agent.freeSockets[name] ?? []) {
          if (socket.destroyed || this.#tooOld(socket, monotonic, wall)) stale.push(socket);
        }
      }
    }
    return stale;
  }

  #used(socket: Socket, idle: number): void {
    this.#lastUse.set(socket, { monotonic: this.#clock.monotonic(), wall: this.#clock.now(), idle });
  }

  #tooOld(socket: Socket, monotonic: number, wall: number): boolean {
    const last = this.#lastUse.get(socket);
    if (last === undefined) return true;
    const byWall = wall - last.wall;
    // A wall clock that jumps costs a handshake, no more.
    return monotonic - last.monotonic >= last.idle || byWall >= last.idle || byWall < 0;
  }
}

/** The server's own announcement is believed when it is shorter than ours. */
function allowedIdle(response: IncomingMessage): number {
  const hint = /\btimeout=(\d+)/i.exec(String(response.headers['keep-alive'] ?? ''))?.[1];
  return hint === undefined ? LONGEST_IDLE : Math.min(LONGEST_IDLE, Number(hint) * 1000 - HINT_MARGIN);
}

/**
 * Calls `then` once, at the moment from which bytes of the request may be on their way: with an error before it,
 * nothing was sent. Node holds the request back until the connection and, with TLS, its verified handshake stand.
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
 * Calls `then` with how long the TCP handshake took that the request had to wait for; of several addresses, that of the
 * one that answered. got's own timings do not serve: they are of the wall clock, they give a connection that is used
 * again the handshake of its first request, and one that a proxy tunnels a handshake of no time at all.
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

/** A TLS socket over an established one (a proxy's) is not `connecting`, yet still in its handshake. */
function isConnecting(socket: Socket & { readonly secureConnecting?: boolean }): boolean {
  return socket.connecting || socket.secureConnecting === true;
}
