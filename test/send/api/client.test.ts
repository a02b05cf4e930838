import { getEventListeners } from 'node:events';
import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect as connectSocket, type Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ChatId, Participant } from '../../../src/domain/words.ts';
import { type Client, type ClientOptions, createClient } from '../../../src/send/api/client.ts';
import { tunnelAgents } from '../../../src/send/api/connections.ts';
import {
  CERTIFICATE,
  CHAT,
  closedPort,
  httpServer,
  KEY,
  onceAsked,
  PERSON,
  realClock,
  SENDER,
  tcpServer,
  textOf,
  tlsServer,
} from '../api-server.ts';

function clientOf(baseUrl: URL, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    baseUrl,
    apiKey: KEY,
    sender: SENDER,
    requestTimeoutMs: 20_000,
    clock: realClock,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

const ask = (client: Client, onSend?: () => void, signal?: AbortSignal) =>
  client.add(CHAT, [PERSON], { force: false, onSend, signal });

/**
 * Asks with a time limit of a fraction of a second, again where the machine itself used that up before `came`: what is
 * asserted about the limit is asserted of what had come by then.
 */
async function askInTime(
  client: () => Client,
  came: (answer: Answer) => boolean,
  onSend?: () => void,
): Promise<Answer> {
  let last = await ask(client(), onSend);
  for (let more = 4; more > 0 && !came(last); more--) last = await ask(client(), onSend);
  return last;
}
type Answer = Awaited<ReturnType<typeof ask>>;

/** A label of more than 63 characters: the resolver refuses it by itself, without asking any server. */
const NO_NAME = `${'x'.repeat(64)}.invalid`;

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

test('an ask is what the API documents', async () => {
  const seen: unknown[] = [];
  const server = await httpServer(async (request, response) => {
    seen.push([request.method, request.url, request.headers, await textOf(request)]);
    response.setHeader('X-RateLimit-Remaining', '9');
    response.setHeader('x-periskope-trace-id', 'trace-1');
    response.setHeader('Set-Cookie', 'session=1');
    response.end('{"ok":1}');
  });
  const onSend = vi.fn();
  const answer = await ask(clientOf(server.url), onSend);

  expect(seen).toEqual([
    [
      'POST',
      '/v1/chats/120363371308389685%40g.us/add',
      expect.objectContaining({
        authorization: `Bearer ${KEY}`,
        'x-phone': SENDER,
        'content-type': 'application/json',
        'user-agent': 'group-onboard',
      }),
      '{"participants":["919537851844"]}',
    ],
  ]);
  expect(answer).toMatchObject({
    kind: 'answer',
    httpStatus: 200,
    body: '{"ok":1}',
    traceId: 'trace-1',
    headers: { 'x-ratelimit-remaining': '9', date: expect.any(String) },
  });
  expect(answer.kind === 'answer' && 'set-cookie' in answer.headers).toBe(false);
  expect(answer.answeredAt).toBeGreaterThanOrEqual(answer.sentAt);
  expect(onSend).toHaveBeenCalledTimes(1);
});

test('force, reads, a base URL with a slash and credentials, another user agent, no sender', async () => {
  const seen: unknown[] = [];
  const server = await httpServer(async (request, response) => {
    const { authorization, 'user-agent': agent, 'x-phone': phone } = request.headers;
    seen.push([request.method, request.url, authorization, agent, phone, await textOf(request)]);
    response.end();
  });
  const base = new URL(`${server.url.href}/?debug=1#top`);
  base.username = 'somebody';
  base.password = 'else';
  const client = clientOf(base, { userAgent: 'test/1', sender: undefined });
  await client.add('905301234567-1574073754@g.us' as ChatId, [PERSON, '14155550100' as Participant], {
    force: true,
  });
  await client.chat(CHAT);
  await client.phones();

  const rest = [`Bearer ${KEY}`, 'test/1', undefined];
  const body = '{"participants":["919537851844","14155550100"],"force_add_participants":true}';
  expect(seen).toEqual([
    ['POST', '/v1/chats/905301234567-1574073754%40g.us/add', ...rest, body],
    ['GET', '/v1/chats/120363371308389685%40g.us', ...rest, ''],
    ['GET', '/v1/phones', ...rest, ''],
  ]);
});

test.each([400, 401, 404, 422, 429, 500, 503])('%i is an answer, asked for once', async (status) => {
  let asked = 0;
  const server = await httpServer((_request, response) => {
    asked += 1;
    response.writeHead(status, { 'retry-after': '0' }).end('no');
  });
  const answer = await ask(clientOf(server.url));
  expect(answer).toMatchObject({
    kind: 'answer',
    httpStatus: status,
    body: 'no',
    headers: { 'retry-after': '0' },
  });
  expect(asked).toBe(1);
});

test.each([301, 302, 303, 307, 308])('%i is not followed: the other server sees nothing', async (status) => {
  const other = await httpServer((_request, response) => response.end('{}'));
  const server = await httpServer((_request, response) => {
    response.writeHead(status, { location: new URL('/v1/chats', other.url).href }).end();
  });
  const answer = await ask(clientOf(server.url));
  expect(answer).toMatchObject({ kind: 'answer', httpStatus: status });
  expect(other.connections).toHaveLength(0);
});

test('101: an answer that turns the connection into something else is lost, and ends', async () => {
  const server = await tcpServer((socket) =>
    onceAsked(socket, () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    ),
  );
  const answer = await ask(clientOf(server.url));
  expect(answer).toMatchObject({ kind: 'lost', httpStatus: 101, cause: 'truncated' });
});

const NO = '{"message":"no"}';

test.each([
  ['gzip', gzipSync(NO), NO],
  ['GZIP', gzipSync(NO), NO],
  ['x-gzip', gzipSync(NO), NO],
  ['br', brotliCompressSync(NO), NO],
  ['deflate', deflateSync(NO), NO],
  ['deflate', deflateRawSync(NO), NO],
  ['gzip, br', brotliCompressSync(gzipSync(NO)), NO],
  ['identity', NO, NO],
  ['', NO, NO],
  ['gzip', '', ''],
  ['gzip', `\n${NO}`, 'a body that cannot be read: its content-encoding is gzip'],
  ['br', gzipSync(NO), 'a body that cannot be read: its content-encoding is br'],
  ['gzip', gzipSync(NO).subarray(0, 20), 'a body that cannot be read: its content-encoding is gzip'],
  ['zstd', gzipSync(NO), 'a body that cannot be read: its content-encoding is zstd'],
  ['toString', gzipSync(NO), 'a body that cannot be read: its content-encoding is toString'],
])(
  'no packed body is asked for; one in “%s” is read all the same, or says so',
  async (encoding, sent, body) => {
    const asked: unknown[] = [];
    const server = await httpServer((request, response) => {
      asked.push(request.headers['accept-encoding']);
      response.writeHead(422, { 'content-encoding': encoding }).end(sent);
    });
    expect(await ask(clientOf(server.url))).toMatchObject({ kind: 'answer', httpStatus: 422, body });
    expect(asked).toEqual(['identity']);
  },
);

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
] as const)(
  'a packed body (%s) of more than 10 MiB is said as such, and a smaller one is read',
  async (encoding, pack) => {
    const sizes = [10 * 1024 * 1024, 10 * 1024 * 1024 + 1].map((size) => pack(Buffer.alloc(size, 'x')));
    const server = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(sizes.shift());
    });
    const client = clientOf(server.url);
    expect(await ask(client)).toMatchObject({ kind: 'answer', body: expect.stringMatching(/^x{1000}/) });
    expect(await ask(client)).toMatchObject({
      kind: 'lost',
      cause: 'truncated',
      httpStatus: 200,
      message: expect.stringContaining('larger than 10 MiB'),
    });
  },
);

test('an echoed key is cut out of body and headers', async () => {
  const key = 'quoted"key"0123456789';
  const server = await httpServer(async (request, response) => {
    response.setHeader('x-echo', request.headers.authorization ?? '');
    response.end(JSON.stringify({ message: `bad ${request.headers.authorization}` }));
  });
  const answer = await ask(clientOf(server.url, { apiKey: key }));
  expect(answer).toMatchObject({
    body: '{"message":"bad Bearer [key]"}',
    headers: { 'x-echo': 'Bearer [key]' },
  });
  expect(JSON.stringify(answer)).not.toContain('key"0123');
});

// --- nothing was sent

test('a closed port: refused, not sent', async () => {
  const onSend = vi.fn();
  const answer = await ask(clientOf(await closedPort()), onSend);
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'refused' });
  expect(onSend).not.toHaveBeenCalled();
});

test('a name that cannot exist: dns, not sent', async () => {
  const answer = await ask(clientOf(new URL(`http://${NO_NAME}/v1`)));
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'dns' });
});

test('a certificate of a stranger: tls, and the server sees no request, whatever the environment says', async () => {
  const requests = vi.fn();
  const server = await tlsServer(requests);
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = clientOf(server.url);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(client)));
  for (const answer of answers) expect(answer).toMatchObject({ kind: 'not_sent', cause: 'tls' });
  expect(server.connections.length).toBeGreaterThan(0);
  expect(requests).not.toHaveBeenCalled();
});

test('TLS to a server that speaks plain HTTP: tls, not sent', async () => {
  const server = await tcpServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const answer = await ask(clientOf(new URL(`https://127.0.0.1:${server.port}`)));
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'tls' });
});

test('a reset during the handshake: network, not sent', async () => {
  const server = await tcpServer((socket) => void socket.once('data', () => socket.resetAndDestroy()));
  const answer = await ask(clientOf(new URL(`https://127.0.0.1:${server.port}`)));
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'network' });
});

test('a handshake that never ends: connect timeout, not sent', async () => {
  const server = await tcpServer(() => undefined);
  const client = clientOf(new URL(`https://127.0.0.1:${server.port}`), { requestTimeoutMs: 150 });
  expect(await ask(client)).toMatchObject({ kind: 'not_sent', cause: 'connect_timeout' });
});

test('a signal that is already given: not sent, no connection', async () => {
  const server = await httpServer((_request, response) => response.end());
  const answer = await ask(clientOf(server.url), undefined, AbortSignal.abort());
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'network' });
  expect(server.connections).toHaveLength(0);
});

test('a key that no header can carry is a value too, and does not show', async () => {
  const server = await httpServer((_request, response) => response.end());
  const apiKey = 'secret-with-a\nline-break';
  const answer = await ask(clientOf(server.url, { apiKey }));
  expect(answer).toMatchObject({ kind: 'not_sent', cause: 'network' });
  expect(JSON.stringify(answer)).not.toContain('secret-with');
});

// --- perhaps processed

test('a blackhole: timeout, lost', async () => {
  const server = await tcpServer(() => undefined);
  const onSend = vi.fn();
  const answer = await askInTime(
    () => clientOf(server.url, { requestTimeoutMs: 150 }),
    ({ kind }) => kind === 'lost',
    onSend,
  );
  expect(answer).toMatchObject({ kind: 'lost', cause: 'timeout', httpStatus: undefined });
  // Not even by one before it that could not connect in time.
  expect(onSend).toHaveBeenCalledTimes(1);
});

test('an ask of several people is waited for longer, by two seconds for each further one', async () => {
  const server = await tcpServer((socket) =>
    onceAsked(socket, () => {
      setTimeout(() => socket.end(`${HEAD}Content-Length: 2\r\n\r\n{}`), 600);
    }),
  );
  const client = clientOf(server.url, { requestTimeoutMs: 150 });
  const people = [PERSON, '919811111112' as Participant];
  expect(await client.add(CHAT, people, { force: false })).toMatchObject({ kind: 'answer', httpStatus: 200 });
  expect(await client.add(CHAT, [PERSON], { force: false })).not.toMatchObject({ kind: 'answer' });
});

test('a head that trickles: timeout, lost', async () => {
  const server = await tcpServer((socket) => {
    onceAsked(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x-slow: 1\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
  });
  const answer = await askInTime(
    () => clientOf(server.url, { requestTimeoutMs: 200 }),
    ({ kind }) => kind === 'lost',
  );
  expect(answer).toMatchObject({ kind: 'lost', cause: 'timeout' });
});

test('a body that trickles: timeout, lost, with its status and headers', async () => {
  const server = await httpServer((_request, response) => {
    response.writeHead(200, { 'x-periskope-trace-id': 'trace-2' }).write('{');
  });
  const answer = await askInTime(
    () => clientOf(server.url, { requestTimeoutMs: 200 }),
    (came) => 'httpStatus' in came && came.httpStatus !== undefined,
  );
  expect(answer).toMatchObject({ kind: 'lost', cause: 'timeout', httpStatus: 200, traceId: 'trace-2' });
});

test('a reset after the request: reset, lost', async () => {
  const server = await tcpServer((socket) => onceAsked(socket, () => socket.resetAndDestroy()));
  expect(await ask(clientOf(server.url))).toMatchObject({ kind: 'lost', cause: 'reset' });
});

test('a connection that is accepted and closed at once is in doubt: the request may have been on its way', async () => {
  const server = await tcpServer((socket) => void socket.end());
  expect(await ask(clientOf(server.url))).toMatchObject({ kind: 'lost' });
});

test.each([
  ['Content-Length: 80\r\n\r\n{"919537851844@c.us":', 'end'],
  ['Transfer-Encoding: chunked\r\n\r\n5\r\n{"919', 'end'],
  ['Content-Length: 80\r\n\r\n{"919537851844@c.us":', 'reset'],
] as const)('a body that breaks off (%j, %s): truncated, lost, with its status', async (text, how) => {
  const server = await tcpServer((socket) => {
    onceAsked(socket, () => {
      socket.write(`${HEAD}x-periskope-trace-id: trace-3\r\n${text}`, () => {
        if (how === 'end') socket.end();
        else socket.resetAndDestroy();
      });
    });
  });
  expect(await ask(clientOf(server.url))).toMatchObject({
    kind: 'lost',
    cause: 'truncated',
    httpStatus: 200,
    traceId: 'trace-3',
  });
});

test.each(['declared', 'undeclared'])('a giant body (%s) is given up at 10 MiB', async (length) => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  let written = 0;
  const server = await httpServer((_request, response) => {
    if (length === 'declared') response.setHeader('content-length', String(chunk.length * 1000));
    const more = () => {
      written += chunk.length;
      if (!response.destroyed) response.write(chunk, () => more());
    };
    more();
  });
  expect(await ask(clientOf(server.url))).toMatchObject({
    kind: 'lost',
    cause: 'truncated',
    httpStatus: 200,
  });
  expect(written).toBeLessThan(chunk.length * 100);
});

test('an answer that is not HTTP: network, lost', async () => {
  const server = await tcpServer((socket) => onceAsked(socket, () => socket.end('SSH-2.0-OpenSSH_9\r\n')));
  expect(await ask(clientOf(server.url))).toMatchObject({ kind: 'lost', cause: 'network' });
});

test('given up in flight by the signal: lost; and the signal keeps no listener', async () => {
  const abort = new AbortController();
  const server = await httpServer((request, response) => {
    if (request.method === 'GET') response.end('[]');
    else abort.abort();
  });
  const client = clientOf(server.url);
  await client.phones({ signal: abort.signal });
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  expect(await ask(client, undefined, abort.signal)).toMatchObject({ kind: 'lost' });
});

test('close ends a request in flight', async () => {
  const server = await httpServer(() => client.close());
  const client = clientOf(server.url);
  expect(await ask(client)).toMatchObject({ kind: 'lost' });
});

test('messages are one line, without the key and whole phone numbers', async () => {
  const server = await tcpServer((socket) => onceAsked(socket, () => socket.end('nonsense')));
  const answers = [
    await ask(clientOf(server.url)),
    await ask(clientOf(await closedPort())),
    await ask(clientOf(new URL(`http://919537851844${NO_NAME}`))),
  ];
  for (const answer of answers) {
    const { message } = answer as { message: string };
    expect(message).toMatch(/^[^\p{Cc}]{5,300}$/u);
    expect(message).not.toMatch(/\d{8}/);
    expect(message).not.toContain(KEY);
  }
});

// --- connections

test('TLS is spoken with who can prove its name', async () => {
  const server = await tlsServer((_request, response) => response.end('{}'));
  const https = new HttpsAgent({ keepAlive: true, ca: CERTIFICATE });
  const client = clientOf(server.url, { agents: { http: new HttpAgent(), https } });
  const onSend = vi.fn();
  expect(await ask(client, onSend)).toMatchObject({ kind: 'answer', httpStatus: 200 });
  expect(await ask(client, onSend)).toMatchObject({ kind: 'answer', httpStatus: 200 });
  expect(onSend).toHaveBeenCalledTimes(2);
  expect(server.connections).toHaveLength(1);
});

test.each([
  ['trusted', 200, CERTIFICATE, { kind: 'answer', httpStatus: 200 }],
  ['a stranger behind it', 200, undefined, { kind: 'not_sent', cause: 'tls' }],
  ['refused by it', 502, CERTIFICATE, { kind: 'not_sent', cause: 'network' }],
] as const)('through a proxy: %s', async (_name, status, ca, expected) => {
  const requests = vi.fn((_request: unknown, response: ServerResponse) => void response.end('{}'));
  const api = await tlsServer(requests);
  let overheard = '';
  const proxy = await httpServer(() => undefined);
  proxy.server.on('connect', (request: IncomingMessage, socket: Socket) => {
    overheard += JSON.stringify(request.headers);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const up = connectSocket(api.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.on('data', (chunk: Buffer) => {
        overheard += chunk.toString('latin1');
      });
      socket.pipe(up).pipe(socket);
    });
    for (const end of [socket, up]) end.on('error', () => undefined).on('close', () => up.destroy());
  });
  const agents = tunnelAgents(proxy.url, { phaseMs: 10_000, ...(ca === undefined ? {} : { ca }) });
  const onSend = vi.fn();
  const client = clientOf(api.url, { agents });
  const answer = await ask(client, onSend);
  expect(answer).toMatchObject(expected);
  // The way to the proxy is not the way to the API.
  expect(answer.handshakeMs).toBeUndefined();
  expect(requests).toHaveBeenCalledTimes(expected.kind === 'answer' ? 1 : 0);
  expect(onSend).toHaveBeenCalledTimes(expected.kind === 'answer' ? 1 : 0);
  expect(overheard).not.toBe('');
  expect(overheard).not.toContain(KEY);
});

/** A clock that runs ahead at will; both of its hands apart. */
function leapingClock() {
  const ahead = { now: 0, monotonic: 0 };
  return {
    ahead,
    clock: {
      now: () => realClock.now() + ahead.now,
      monotonic: () => realClock.monotonic() + ahead.monotonic,
    },
  };
}

test.each([
  ['asks in a row share a connection', {}, '5', 1],
  ['not after 2 s of idleness', { monotonic: 2000 }, '5', 2],
  ['not after a sleep of the machine', { now: 2000 }, '5', 2],
  ['not after the wall clock went back', { now: -60_000 }, '5', 2],
  ['not in the last second that the server announced', { monotonic: 1100 }, '2', 2],
  ['not at all when that second is all there is', {}, '1', 2],
] as const)('%s', async (_name, leap, hint, connections) => {
  const { ahead, clock } = leapingClock();
  const server = await httpServer((_request, response) => {
    response.setHeader('Keep-Alive', `timeout=${hint}`).end('{}');
  });
  const client = clientOf(server.url, { clock });
  expect(await ask(client)).toMatchObject({ kind: 'answer' });
  Object.assign(ahead, leap);
  expect(await ask(client)).toMatchObject({ kind: 'answer' });
  expect(server.connections).toHaveLength(connections);
});

test('an idle connection that the server resets is in doubt when an ask meets the reset', async () => {
  const server = await tcpServer((socket) => {
    onceAsked(socket, () => {
      socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}`);
      onceAsked(socket, () => socket.resetAndDestroy());
    });
  });
  const client = clientOf(server.url);
  expect(await ask(client)).toMatchObject({ kind: 'answer' });
  expect(await ask(client)).toMatchObject({ kind: 'lost', cause: 'reset' });
  expect(server.connections).toHaveLength(1);
});

test('the idle limit of the connection does not touch a slow answer', async () => {
  const server = await httpServer((_request, response) => void setTimeout(() => response.end('{}'), 2300));
  expect(await ask(clientOf(server.url))).toMatchObject({ kind: 'answer' });
});
