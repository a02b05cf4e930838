/** Peers at the Redis URL that are not Redis: the start ends soon, with words, and nothing was granted. */
import { createServer, type Server, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../../src/app/io.ts';
import { parseRedisUrl } from '../../../../src/send/rate-limit/redis/redis-client.ts';
import { openRedisLink } from '../../../../src/send/rate-limit/redis/redis-link.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const again = (socket: Socket, bytes: Buffer, ms: number) => {
  const timer = setInterval(() => socket.write(bytes), ms);
  socket.on('close', () => clearInterval(timer));
};
const answering = (text: string) => (socket: Socket) => socket.on('data', () => socket.write(text));

const PEERS: Readonly<Record<string, readonly [(socket: Socket) => unknown, RegExp]>> = {
  'that says nothing': [() => undefined, /no answer in time/],
  'that closes at once': [(socket) => socket.end(), /the connection was closed/],
  'that resets': [(socket) => socket.resetAndDestroy(), /ECONNRESET|the connection was closed/],
  'of another protocol': [(socket) => socket.write('SSH-2.0-OpenSSH_9\r\n'), /is not Redis/],
  'of HTTP': [
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    /is not Redis|the connection was closed/,
  ],
  'with garbage, on and on': [
    (socket) => again(socket, Buffer.from([1, 2, 255, 0, 9, 13, 10]), 5),
    /is not Redis/,
  ],
  'that says OK to all': [answering('+OK\r\n'), /is not Redis/],
  // Whether its word or the end of the connection comes first is chance.
  'that says OK more often than it is asked': [
    answering('+OK\r\n+OK\r\n+OK\r\n'),
    /is not Redis|the connection was closed/,
  ],
  'with a number for all': [answering(':1\r\n'), /is not Redis/],
  'with nothing for all': [answering('$-1\r\n'), /is not Redis/],
  'that says again what it hears': [(socket) => socket.pipe(socket), /is not Redis/],
  'in mid-answer': [answering('$1000\r\nabc'), /no answer in time|is not Redis/],
  'with an answer that does not end': [
    (socket) =>
      socket.once('data', () => {
        socket.write('$1000000000\r\n');
        again(socket, Buffer.alloc(1024, 'x'), 5);
      }),
    /no answer in time/,
  ],
  'with lists in lists': [answering('*10000\r\n'.repeat(100)), /no answer in time|is not Redis/],
};

async function peer(serve: (socket: Socket) => unknown): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    serve(socket);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

it('a peer that is not Redis cannot be reached', async () => {
  const found = await Promise.all(
    Object.entries(PEERS).map(async ([what, [serve, says]]) => {
      const target = parseRedisUrl(`redis://127.0.0.1:${await peer(serve)}`);
      const lost = vi.fn();
      const link = openRedisLink({ target, prefix: 'test:{x}', clock: systemClock, log: silent, lost });
      const error = await link.then(
        (open) => open.close(),
        (thrown: Error) => thrown,
      );
      const told = (error as { code?: string } | undefined)?.code;
      return [what, told, says.test(error?.message ?? '') || error?.message];
    }),
  );
  expect(found).toEqual(Object.keys(PEERS).map((what) => [what, 'REDIS_UNREACHABLE', true]));
});
