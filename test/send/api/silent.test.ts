/** Peers that accept and stay silent, in every phase: each request ends by itself, and nothing keeps the process. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectSocket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Client, createClient } from '../../../src/send/api/client.ts';
import {
  CHAT,
  httpServer,
  KEY,
  onceAsked,
  PERSON,
  realClock,
  SENDER,
  tcpServer,
  tlsServer,
} from '../api-server.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

function clientOf(baseUrl: URL, requestTimeoutMs: number, proxy?: URL): Client {
  const client = createClient({
    baseUrl,
    apiKey: KEY,
    sender: SENDER,
    requestTimeoutMs,
    clock: realClock,
    proxy,
  });
  onTestFinished(() => client.close());
  return client;
}

const https = (port: number) => new URL(`https://127.0.0.1:${port}/v1`);

/** What a proxy does with a CONNECT. */
const PROXIES: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': (socket) => socket.resume(),
  'says half a line': (socket) => onceAsked(socket, () => socket.write('HTTP/1.1 20')),
  'says half a head': (socket) => onceAsked(socket, () => socket.write('HTTP/1.1 200 OK\r\nVia: x')),
  'goes on with its head for ever': (socket) =>
    onceAsked(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('X-More: 1\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    }),
  'opens the tunnel, and is silent in the handshake': (socket) =>
    onceAsked(socket, () => socket.write('HTTP/1.1 200 OK\r\n\r\n')),
};

test.each(Object.entries(PROXIES))('a proxy that %s: not sent, in time', async (_what, does) => {
  const proxy = await tcpServer(does);
  const onSend = vi.fn();
  const client = clientOf(https(9), 400, proxy.url);
  const answer = await client.add(CHAT, [PERSON], { force: false, onSend });
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'connect_timeout' });
  expect(onSend).not.toHaveBeenCalled();
});

test.each(Object.entries(PROXIES))('a proxy that %s: given up at once by the signal', async (_what, does) => {
  const proxy = await tcpServer(does);
  const client = clientOf(https(9), 60_000, proxy.url);
  const abort = new AbortController();
  const asking = client.add(CHAT, [PERSON], { force: false, signal: abort.signal });
  await vi.waitFor(() => expect(proxy.connections).toHaveLength(1));
  abort.abort();
  expect(await asking).toMatchObject({ kind: 'not_sent' });
  client.close();
  await vi.waitFor(() => expect(proxy.connections[0]?.destroyed).toBe(true));
});

/** A proxy that opens each tunnel when it is told to. */
async function slowProxy(): Promise<{ url: URL; open: () => void; waiting: () => number }> {
  const waiting: (() => void)[] = [];
  const proxy = await httpServer(() => undefined);
  (proxy.server as Server).on('connect', (request, socket: Socket) => {
    waiting.push(() => {
      const up = connectSocket(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(up).pipe(socket);
      });
      for (const end of [socket, up]) end.on('error', () => undefined).on('close', () => up.destroy());
    });
  });
  return {
    url: proxy.url,
    open: () => waiting.splice(0).forEach((open) => void open()),
    waiting: () => waiting.length,
  };
}

test('what was given up is not sent when the proxy opens the tunnel after all', async () => {
  const requests = vi.fn(
    (_request: unknown, response: { end(text: string): unknown }) => void response.end('{}'),
  );
  const api = await tlsServer(requests);
  const proxy = await slowProxy();
  const client = clientOf(api.url, 60_000, proxy.url);
  const abort = new AbortController();
  const asking = client.add(CHAT, [PERSON], { force: false, signal: abort.signal });
  await vi.waitFor(() => expect(proxy.waiting()).toBe(1));
  abort.abort();
  expect(await asking).toMatchObject({ kind: 'not_sent' });
  proxy.open();
  await vi.waitFor(() => expect(api.connections).toHaveLength(1));
  await vi.waitFor(() => expect(api.connections[0]?.destroyed).toBe(true));
  expect(requests).not.toHaveBeenCalled();
});

test.each([
  ['refuses (407)', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /the proxy answered 407/],
  [
    'refuses with a page',
    'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno',
    /the proxy answered 502/,
  ],
  ['speaks no HTTP', 'SSH-2.0-OpenSSH_9\r\n', /Parse Error/],
  ['hangs up', '', /hang up|closed/],
] as const)('a proxy that %s: not sent, and said', async (_what, says, message) => {
  const proxy = await tcpServer((socket) => onceAsked(socket, () => socket.end(says)));
  proxy.url.username = 'someone';
  proxy.url.password = 'p%40ss';
  const answer = await clientOf(https(9), 20_000, proxy.url).phones();
  expect(answer).toMatchObject({ kind: 'not_sent', message: expect.stringMatching(message) });
});

test('a proxy is told the name and the password, and nothing of the request', async () => {
  let heard = '';
  const proxy = await tcpServer((socket) =>
    onceAsked(socket, (head) => {
      heard = head;
      socket.destroy();
    }),
  );
  proxy.url.username = 'someone';
  proxy.url.password = 'p%40ss';
  await clientOf(new URL('https://api.example/v1'), 20_000, proxy.url).phones();
  expect(heard).toMatch(/^CONNECT api\.example:443 HTTP\/1\.1\r\n/);
  expect(heard).toContain(`proxy-authorization: Basic ${Buffer.from('someone:p@ss').toString('base64')}`);
  expect(heard).not.toContain(KEY);
});

/** What the API does once it has the request; it was sent, so nobody knows what came of it. */
const APIS: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': () => undefined,
  'says half a line': (socket) => socket.write('HTTP/1.1 2'),
  'says half a head': (socket) => socket.write(`${HEAD}X-Rate`),
  'says that it goes on': (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
  'says half a body': (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\n{"half":`),
  'stops in a chunk': (socket) => socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n20\r\n{"half":`),
  'stops in the length of a chunk': (socket) => socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n2`),
  'drips its body for ever': (socket) => {
    socket.write(`${HEAD}Content-Length: 100000\r\n\r\n`);
    const timer = setInterval(() => socket.write(' '), 20);
    socket.on('close', () => clearInterval(timer));
  },
};

test.each(Object.entries(APIS))(
  'an API that %s: lost, in time, and at once by the signal',
  async (_what, does) => {
    const api = await tcpServer((socket) => onceAsked(socket, () => does(socket)));
    const answer = await clientOf(api.url, 400).add(CHAT, [PERSON], { force: false });
    expect(answer).toMatchObject({ kind: 'lost', cause: 'timeout' });
    const abort = new AbortController();
    let sent = false;
    const onSend = () => {
      sent = true;
    };
    const asking = clientOf(api.url, 60_000).add(CHAT, [PERSON], {
      force: false,
      onSend,
      signal: abort.signal,
    });
    await vi.waitFor(() => expect(sent).toBe(true));
    abort.abort();
    expect(await asking).toMatchObject({ kind: 'lost' });
  },
);

test('an API that is silent in the TLS handshake: not sent, in time, and at once by the signal', async () => {
  const api = await tcpServer(() => undefined);
  expect(await clientOf(https(api.port), 400).phones()).toMatchObject({
    kind: 'not_sent',
    cause: 'connect_timeout',
  });
  const abort = new AbortController();
  const asking = clientOf(https(api.port), 60_000).phones({ signal: abort.signal });
  await vi.waitFor(() => expect(api.connections).toHaveLength(2));
  abort.abort();
  expect(await asking).toMatchObject({ kind: 'not_sent' });
});
