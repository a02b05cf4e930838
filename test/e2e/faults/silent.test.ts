/** Peers that accept and stay silent: a run ends all the same, with its results, and its process is gone. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SOAK } from '../../helpers.ts';
import { csv, phone, SENDER } from '../harness.ts';
import { job, lastLine } from './support.ts';

/** A peer of bytes; `reads` are GETs, and a proxy sees CONNECT. Counts the asks that reach it. */
async function peer(
  does: (socket: Socket, head: string) => void,
): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      heard.push(head.split(' ')[0] ?? '');
      does(socket, head);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard };
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const nothing = () => {};
const say = (text: string) => (socket: Socket) => void socket.write(text);
/** Reads of the phone and the groups are answered; asks are not. */
const asksOnly = (then: (socket: Socket) => void) => (socket: Socket, head: string) => {
  if (head.startsWith('POST')) return then(socket);
  const body = JSON.stringify(
    head.includes('/phones')
      ? { is_ready: true, wa_state: 'CONNECTED', org_phone: SENDER }
      : { chat_type: 'group', members: {} },
  );
  socket.write(`${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`);
};

type Way = 'proxy' | 'tls' | 'api';
const PEERS: readonly (readonly [string, Way, (socket: Socket, head: string) => void])[] = [
  ['a proxy that says nothing', 'proxy', nothing],
  ['a proxy that says half a line', 'proxy', say('HTTP/1.1 20')],
  ['a proxy whose tunnel is silent', 'proxy', say('HTTP/1.1 200 OK\r\n\r\n')],
  ['silence in the handshake', 'tls', nothing],
  ['no head', 'api', nothing],
  ['half a head', 'api', say(`${HEAD}X-Rate`)],
  ['half a body', 'api', say(`${HEAD}Content-Length: 99\r\n\r\n{"a`)],
  ['no end of a chunk', 'api', say(`${HEAD}Transfer-Encoding: chunked\r\n\r\n20\r\n{"a`)],
  ['no head of an ask', 'api', asksOnly(nothing)],
  ['half the body of an ask', 'api', asksOnly(say(`${HEAD}Content-Length: 99\r\n\r\n{"a`))],
];

const cases = PEERS.flatMap(([what, way, does]) =>
  (['--deadline', 'SIGINT'] as const).flatMap((end) =>
    [[], ['--no-precheck']].map((flags) => ({ what, way, does, end, flags })),
  ),
);
/** In `npm test` one of each way. */
const chosen = SOAK ? cases : cases.filter((_, i) => [0, 3, 9, 18, 39].includes(i));

/** Most at a time: each is a process. */
const AT_ONCE = 5;

it('out soon after the deadline and the signal, with results, whatever is silent', async () => {
  for (let i = 0; i < chosen.length; i += AT_ONCE)
    await Promise.all(chosen.slice(i, i + AT_ONCE).map(endsInTime));
});

async function endsInTime({ what, way, does, end, flags }: (typeof cases)[number]): Promise<void> {
  const which = `${what}, ${end} ${flags}`;
  const { port, heard } = await peer(does);
  const url =
    way === 'api' ? `http://127.0.0.1:${port}/v1` : `https://127.0.0.1:${way === 'tls' ? port : 9}/v1`;
  const env = {
    PERISKOPE_API_KEY: 'pk_silence_of_the_test',
    ...(way === 'proxy' && { HTTPS_PROXY: `http://127.0.0.1:${port}` }),
  };
  const on = await job({ args: ['--base-url', url, '--phone', SENDER], env }, csv([phone(1), phone(2)]));
  const running = on.start(...flags, ...(end === '--deadline' ? ['--deadline', '4s'] : []));
  const start = performance.now();
  if (end === 'SIGINT') {
    await running.shows('cohort read');
    running.child.kill('SIGINT');
  }
  const ended = await running.ended;
  // Four seconds (in which a busy machine reads the cohort), ten for what is in flight, fifteen for the memberships of those in doubt, and what the machine takes.
  expect(performance.now() - start, which).toBeLessThan(45_000);
  expect(ended.code, which).toBe(end === 'SIGINT' ? 130 : 75);
  expect(lastLine(ended.stderr)).toMatch(/^stopped /);
  const rows = await on.rows();
  expect(rows, which).toHaveLength(2);
  // Asked at most once each, and who was asked is in doubt.
  const asks = heard.filter((method) => method === 'POST').length;
  expect(
    rows.filter((row) => row.startsWith('unknown')),
    which,
  ).toHaveLength(asks);
}
