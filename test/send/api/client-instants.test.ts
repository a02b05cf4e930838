import type { ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Clock } from '../../../src/domain/words.ts';
import type { Answer } from '../../../src/send/api/answer.ts';
import { createClient } from '../../../src/send/api/client.ts';
import { directAgents } from '../../../src/send/api/connections.ts';
import { observed } from '../../../src/send/gateway.ts';
import {
  CERTIFICATE,
  CHAT,
  closedPort,
  httpServer,
  KEY,
  PERSON,
  realClock,
  SENDER,
  tlsServer,
} from '../api-server.ts';

/** A clock that stands until it is set, and counts how often it is looked at. */
class SetClock implements Clock {
  ms = 0;
  looks = 0;

  now(): number {
    return 1_737_911_667_000 + this.ms;
  }

  monotonic(): number {
    this.looks++;
    return this.ms;
  }
}

function asking(baseUrl: URL, clock: Clock): () => Promise<Answer> {
  const agents = { ...directAgents(), https: new HttpsAgent({ keepAlive: true, ca: CERTIFICATE }) };
  const client = createClient({
    baseUrl,
    apiKey: KEY,
    sender: SENDER,
    requestTimeoutMs: 20_000,
    clock,
    agents,
  });
  onTestFinished(() => client.close());
  return () => client.add(CHAT, [PERSON], { force: false });
}

test.each([
  ['whole', 'answer', (response: ServerResponse): unknown => response.end('}')],
  ['broken off', 'lost', (response: ServerResponse): unknown => response.destroy()],
] as const)('an answer is there with its head, however late its body ends: %s', async (_, kind, end) => {
  const clock = new SetClock();
  const server = await httpServer(async (_request, response) => {
    clock.ms = 40;
    const before = clock.looks;
    response.setHeader('Content-Length', '2');
    response.write('{');
    await vi.waitFor(() => expect(clock.looks).toBeGreaterThan(before), { interval: 1, timeout: 20_000 });
    clock.ms = 240;
    end(response);
  });
  const answer = await asking(server.url, clock)();
  expect(answer).toMatchObject({ kind, httpStatus: 200, sentAt: 0, answeredAt: 40 });
  expect(observed(answer)).toMatchObject({ sentAt: 0, answeredAt: 40, httpStatus: 200 });
});

test('without a head it is the moment in which the request was given up', async () => {
  const clock = new SetClock();
  const server = await httpServer((request) => {
    clock.ms = 300;
    request.socket.destroy();
  });
  const answer = await asking(server.url, clock)();
  expect(answer).toMatchObject({ kind: 'lost', httpStatus: undefined, sentAt: 0, answeredAt: 300 });
});

test.each([
  ['TCP', httpServer],
  ['TCP and TLS', tlsServer],
] as const)('the handshake is told of the request that waited for it: %s', async (_, serve) => {
  const server = await serve((_request, response) => void response.end('{}'));
  const ask = asking(server.url, realClock);
  const from = performance.now();
  const opened = observed(await ask());
  expect(opened.handshakeMs).toBeGreaterThan(0);
  expect(opened.handshakeMs).toBeLessThanOrEqual(opened.sentAt - from);
  const again = await ask();
  expect(server.connections).toHaveLength(1);
  expect(observed(again)).not.toHaveProperty('handshakeMs');
});

test('no handshake is told where none came to its end', async () => {
  const answer = await asking(await closedPort(), realClock)();
  expect(answer).toMatchObject({ kind: 'not_sent' });
  expect(answer).not.toHaveProperty('handshakeMs');
});
