import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ChatId, Clock, Participant } from '../../src/domain/words.ts';

/** Real servers on loopback, port 0, ended with the test together with every connection they still have. */

export const CHAT = '120363371308389685@g.us' as ChatId;
export const PERSON = '919537851844' as Participant;
export const KEY = 'pk_live_0123456789abcdef';
export const SENDER = '919876543210';

export const realClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

const pem = (name: string) =>
  readFileSync(fileURLToPath(new URL(`certificate/${name}.pem`, import.meta.url)));
/** Self-signed, for localhost and 127.0.0.1; made for these tests alone. */
export const CERTIFICATE = pem('localhost.cert');
const KEY_OF_CERTIFICATE = pem('localhost.key');

export interface TestServer {
  readonly url: URL;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: Socket[];
  close(): Promise<void>;
}

export async function httpServer(listener: RequestListener): Promise<TestServer & { server: Server }> {
  const server = createServer(listener);
  return { server, ...(await listen(server, 'http')) };
}

export async function tlsServer(listener: RequestListener): Promise<TestServer> {
  return listen(createTlsServer({ key: KEY_OF_CERTIFICATE, cert: CERTIFICATE }, listener), 'https');
}

/** A server of bytes: for what no HTTP server would do. */
export async function tcpServer(listener: (socket: Socket) => void): Promise<TestServer> {
  return listen(createTcpServer(listener), 'http');
}

async function listen(server: NetServer, protocol: string): Promise<TestServer> {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of connections) socket.destroy();
    });
  onTestFinished(() => (server.listening ? close() : undefined));
  return { url: new URL(`${protocol}://127.0.0.1:${port}/v1`), port, connections, close };
}

/** A port of loopback on which nobody listens. */
export async function closedPort(): Promise<URL> {
  const server = await tcpServer(() => undefined);
  await server.close();
  return server.url;
}

export async function textOf(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Runs `then` with all that came up to the end of the request's head. */
export function onceAsked(socket: Socket, then: (head: string) => void): void {
  let text = '';
  const read = (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (!text.includes('\r\n\r\n')) return;
    socket.off('data', read);
    then(text);
  };
  socket.on('data', read);
}
