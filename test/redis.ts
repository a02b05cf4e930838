/** A real redis-server of the test's own: its own port, nothing on disk. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, onTestFinished } from 'vitest';
import { scratch } from './helpers.ts';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** A client of the test's own. */
  client(): Redis;
  kill(): Promise<void>;
  /** Starts it again, empty. */
  start(): Promise<void>;
}

const isThere = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Skips, and says so, where there is no redis-server; with CI set nothing is skipped. */
export function describeWithRedis(name: string, tests: () => void): void {
  if (isThere || process.env['CI']) {
    describe(name, tests);
    return;
  }
  console.warn(`SKIPPED: ${name}: there is no redis-server here (Debian’s package redis-server)`);
  describe.skip(name, tests);
}

/** @param flags of redis-server; `PORT` in one stands for the port. */
export async function redisServer(...flags: string[]): Promise<RedisServer> {
  const port = await freePort();
  const own = flags.map((flag) => (flag === 'PORT' ? String(port) : flag));
  let server: ChildProcess | undefined;
  const kill = async () => {
    const running = server;
    server = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };
  const start = async () => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...own];
    const started = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    server = started;
    await new Promise<void>((resolve, reject) => {
      started.once('error', reject);
      started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
      started.stdout?.on('data', (text: Buffer) => {
        if (/Ready to accept connections/.test(String(text))) resolve();
      });
    });
  };
  onTestFinished(kill);
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client: () => {
      const client = new Redis({ port, host: '127.0.0.1', lazyConnect: false });
      client.on('error', () => undefined);
      onTestFinished(() => client.disconnect());
      return client;
    },
    kill,
    start,
  };
}

/** A cluster of one node, which has all slots. Its URL. */
export async function redisCluster(): Promise<string> {
  const file = join(await scratch(), 'nodes.conf');
  const own = ['--cluster-config-file', file, '--cluster-announce-ip', '127.0.0.1'];
  const redis = await redisServer('--cluster-enabled', 'yes', ...own);
  const client = redis.client();
  await client.cluster('ADDSLOTSRANGE', 0, 16_383);
  while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return redis.url.replace('redis://', 'redis+cluster://');
}

/** A sentinel that knows `redis` as `the-server`. Its URL. */
export async function redisSentinel(redis: RedisServer): Promise<string> {
  const port = await freePort();
  const file = join(await scratch(), 'sentinel.conf');
  const lines = [`port ${port}`, 'bind 127.0.0.1', `sentinel monitor the-server 127.0.0.1 ${redis.port} 1`];
  await writeFile(file, `${lines.join('\n')}\n`);
  const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void sentinel.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    sentinel.once('error', reject);
    sentinel.once('exit', (code) => reject(new Error(`the sentinel ended with ${code}`)));
    sentinel.stdout.on('data', (text: Buffer) => {
      if (/\+monitor master the-server/.test(String(text))) resolve();
    });
  });
  return `redis+sentinel://127.0.0.1:${port}/the-server`;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
