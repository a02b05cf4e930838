import { readFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { csv, phone, SENDER, sandbox } from '../harness.ts';
import { job, lastLine, onceEach } from './support.ts';

const KEY = 'pk_network_of_the_test';
const people = (n: number) => Array.from({ length: n }, (_, i) => phone(i, 1));
const at = (url: string) => ({
  args: ['--base-url', url, '--phone', SENDER],
  env: { PERISKOPE_API_KEY: KEY },
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createHttp();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server with a certificate that nobody signed; counts the requests that came through. */
async function untrusted(): Promise<{ url: string; requests: () => number }> {
  const file = (name: string) =>
    readFile(new URL(`../../send/certificate/localhost.${name}.pem`, import.meta.url));
  let requests = 0;
  const server = createHttps({ key: await file('key'), cert: await file('cert') }, (_request, response) => {
    requests++;
    response.end('{}');
  });
  return { url: `https://localhost:${await listening(server)}/v1`, requests: () => requests };
}

describe('the API out of reach from the start', () => {
  it('refused, no such name, no trusted TLS: bounded, then 75', async () => {
    const tls = await untrusted();
    const cases = [
      [`http://127.0.0.1:${await closedPort()}/v1`, /refused/, []],
      [`http://127.0.0.1:${await closedPort()}/v1`, /refused/, ['--no-precheck']],
      ['https://api.group-onboard.invalid/v1', /host name could not be resolved/, []],
      [tls.url, /no trusted TLS connection/, []],
      [tls.url, /no trusted TLS connection/, ['--no-precheck']],
    ] as const;
    await Promise.all(
      cases.map(async ([url, says, flags]) => {
        const api = at(url);
        const on = await job(
          { ...api, env: { ...api.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' } },
          csv(people(4)),
        );
        const start = performance.now();
        const ended = await on.run(...flags);
        expect(ended.code).toBe(75);
        expect(lastLine(ended.stderr)).toMatch(/^stopped {2}the API cannot be reached \(.*\); 6 tries$/);
        expect(lastLine(ended.stderr)).toMatch(says);
        expect(performance.now() - start).toBeLessThan(40_000);
        // With backoff and jitter: each wait is between half of the last one's double and all of it.
        const waits = [...ended.stderr.matchAll(/"wait_ms":(\d+),"msg":"waiting: API out of reach/g)];
        expect(waits).toHaveLength(5);
        for (const [i, wait] of waits.entries()) {
          expect(Number(wait[1])).toBeGreaterThanOrEqual(250 * 2 ** i);
          expect(Number(wait[1])).toBeLessThanOrEqual(500 * 2 ** i);
        }
        expect(await on.rows()).toEqual(Array(4).fill('not_attempted/api_unreachable'));
      }),
    );
    expect(tls.requests()).toBe(0);
  }, 60_000);

  it('a proxy out of reach: the same', async () => {
    const proxy = `http://user:proxy-password@127.0.0.1:${await closedPort()}`;
    const api = at('https://api.group-onboard.invalid/v1');
    const on = await job({ ...api, env: { ...api.env, HTTPS_PROXY: proxy } }, csv(people(2)));
    const ended = await on.run('--deadline', '6s');
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/API out of reach/);
    expect(ended.stderr).not.toMatch(/proxy-password/);
    expect(await on.rows()).toEqual(Array(2).fill('not_attempted/deadline'));
  });

  it('a server that never answers: in doubt, and the breaker', async () => {
    let asks = 0;
    const server = createHttp((request) => {
      if (request.method === 'POST') asks++;
    });
    const on = await job(at(`http://127.0.0.1:${await listening(server)}/v1`), csv(people(9)));
    const ended = await on.run('--request-timeout', '400ms', '--concurrency', '1', '--max-rate', '100/s');
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(/^stopped {2}5 asks in a row without a clear answer/);
    expect(asks).toBe(5);
    expect(await on.rows()).toEqual([
      ...Array(5).fill('unknown/no_answer'),
      ...Array(4).fill('not_attempted/breaker'),
    ]);
  });
});

describe('the API sends us elsewhere', () => {
  it('a redirect is an error: the run stops, and the key goes nowhere', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv([phone(1, 1), phone(2, 65), phone(3, 1)]));
    const ended = await on.run('--concurrency', '1');
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(/^stopped {2}the API answered with a redirect \(307\)/);
    expect(await on.rows()).toEqual(['added', 'not_attempted/redirected', 'not_attempted/redirected']);
    const counts = await api.counts();
    expect(counts).toMatchObject({ decoy: { requests: 0, keySeen: false } });
    onceEach(counts);
  });
});

describe('the API is busy', () => {
  it('429 and 503 for one of them for ever: six tries each, the others go on, 75', async () => {
    const api = await sandbox('--limit', '50', '--window', '200ms');
    const people = [phone(0, 71), phone(1, 69), ...Array.from({ length: 30 }, (_, i) => phone(2 + i, 1))];
    const on = await job(api, csv(people));
    const ended = await on.run();
    expect(ended.code).toBe(75);
    expect(await on.rows()).toEqual([
      ...Array(2).fill('not_attempted/throttled'),
      ...Array(30).fill('added'),
    ]);
    expect(lastLine(ended.stderr)).toMatch(/^next {5}node .*cli\.js run .*cohort\.csv/);
    const counts = await api.counts();
    const received = Object.values(counts.pairs).map((pair) => pair.received);
    expect(received.sort((a, b) => b - a).slice(0, 4)).toEqual([6, 6, 1, 1]);
    onceEach(counts);
  });
});
