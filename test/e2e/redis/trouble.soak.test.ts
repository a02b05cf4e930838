import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scratch } from '../../helpers.ts';
import { describeWithRedis, freePort, redisServer } from '../../redis.ts';
import { until } from '../faults/support.ts';
import { cli, csv, phone, results, SENDER, sandbox } from '../harness.ts';
import { askedAt, fleet, nobodyTwice, seen, words } from './fleet.ts';

const PASSWORD = 'hunter2-and-some-more';

describeWithRedis('Redis goes away in mid-run', () => {
  it('for good: asking stops at once and in good order, 75, every row in the results', async () => {
    const redis = await redisServer();
    const api = await sandbox('--limit', '20');
    const members = await fleet(api, redis.url, 2, 150);
    const running = members.map((member) => member.start());
    await until(async () => (await seen(api)).asks >= 45);
    await redis.kill();
    const goneAt = performance.timeOrigin + performance.now();
    const ended = await Promise.all(running.map((one) => one.ended));
    expect(ended.map(({ code }) => code)).toEqual([75, 75]);
    const counts = await seen(api);
    expect(counts.throttled).toBe(0);
    nobodyTwice(counts);
    // What was granted goes out, a window's at most; nothing else does, in the seconds until it is given up.
    const after = askedAt(counts).filter((at) => at > goneAt);
    expect(after.length).toBeLessThanOrEqual(20);
    for (const [i, member] of members.entries()) {
      const rows = await member.rows();
      expect(rows.map((row) => row['participant'])).toEqual(member.people);
      const left = rows.filter((row) => row['status'] !== 'added');
      expect(left.length).toBeGreaterThan(0);
      for (const row of left) {
        expect([row['status'], row['reason_code']]).toEqual(['not_attempted', 'redis_unreachable']);
      }
      const told = words(ended[i]!)
        .split('\n')
        .filter((line) => line.includes(`127.0.0.1:${redis.port}`));
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('ECONNREFUSED');
    }
    expect(counts.asks).toBe(
      (await Promise.all(members.map((member) => member.rows())))
        .flat()
        .filter((row) => row['status'] === 'added').length,
    );
  });

  it('and is back, empty, within two seconds: the run goes on, and nobody is throttled', async () => {
    const redis = await redisServer();
    const api = await sandbox('--limit', '20');
    const members = await fleet(api, redis.url, 3, 50);
    const running = members.map((member) => member.start());
    await until(async () => (await seen(api)).asks >= 45);
    await redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await redis.start();
    const ended = await Promise.all(running.map((one) => one.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    const counts = await seen(api);
    expect([counts.throttled, counts.asks]).toEqual([0, 150]);
    nobodyTwice(counts);
  });
});

/** A way to Redis that can be made to answer otherwise. */
async function relay(port: number) {
  let garble: (() => string) | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const one of [near, far]) sockets.add(one.on('error', () => undefined));
    near.pipe(far);
    far.on('data', (bytes) => near.write(garble?.() ?? bytes)).on('end', () => near.end());
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as { port: number };
  return {
    url: `redis://127.0.0.1:${own}`,
    becomes: (how: typeof garble) => {
      garble = how;
    },
  };
}

describeWithRedis('what answers is not Redis any more, in mid-run', () => {
  it.each<[string, () => string]>([
    ['garbage', () => 'lorem ipsum'],
    ['OK to all', () => '+OK\r\n'],
    ['nothing', () => ''],
  ])('%s: 75, and nobody twice', async (_what, how) => {
    const redis = await redisServer();
    const way = await relay(redis.port);
    const api = await sandbox('--limit', '10');
    const [member] = await fleet(api, way.url, 1, 300);
    const running = member!.start();
    await until(async () => (await seen(api)).asks >= 15);
    way.becomes(how);
    const ended = await running.ended;
    expect([ended.code, words(ended)]).toEqual([75, expect.stringMatching(/which shares the allowance/)]);
    const counts = await seen(api);
    nobodyTwice(counts);
    const rows = await member!.rows();
    expect(rows).toHaveLength(300);
    expect(rows.filter((row) => row['status'] === 'added')).toHaveLength(counts.asks);
  });
});

describeWithRedis('at the start', () => {
  const run = async (url: Record<string, string>, ...flags: string[]) => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv([phone(1), phone(2)]));
    const api = await sandbox();
    const ended = await cli(['run', cohort, ...api.args, ...flags], { ...api.env, ...url });
    const counts = await seen(api);
    expect(counts.timeline.length > 0).toBe(ended.code === 0);
    expect(ended.stderr + ended.stdout).not.toContain(PASSWORD);
    return { ...ended, dir };
  };

  it('nobody there: 75, one line, nothing sent, the rows say why', async () => {
    const port = await freePort();
    const ended = await run({ GROUP_ONBOARD_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${port}` });
    expect(ended.code).toBe(75);
    const told = words(ended)
      .split('\n')
      .filter((line) => line.includes(`127.0.0.1:${port}`));
    expect(told).toEqual([expect.stringContaining('cannot be reached (ECONNREFUSED)')]);
    const rows = await results(join(ended.dir, 'cohort.results.csv'));
    expect(rows.map((row) => row['reason_code'])).toEqual(['redis_unreachable', 'redis_unreachable']);
  });

  it('a wrong password, or none: 2, one line, nothing sent', async () => {
    const redis = await redisServer('--requirepass', 'right-password');
    for (const userinfo of [`:${PASSWORD}@`, '', `somebody:${PASSWORD}@`]) {
      const ended = await run({ GROUP_ONBOARD_REDIS_URL: `redis://${userinfo}127.0.0.1:${redis.port}` });
      expect([ended.code, words(ended)]).toEqual([2, expect.stringMatching(/refuses this user or password/)]);
      expect(words(ended).split('\n')).toHaveLength(1);
    }
  });

  it('the right password, from a file', async () => {
    const redis = await redisServer('--requirepass', PASSWORD);
    const file = join(await scratch(), 'redis-url');
    await writeFile(file, `redis://:${PASSWORD}@127.0.0.1:${redis.port}/3\n`);
    expect((await run({ GROUP_ONBOARD_REDIS_URL_FILE: file })).code).toBe(0);
  });

  it('TLS: a certificate that nobody vouches for is refused (2), one that is vouched for is taken', async () => {
    const certificate = fileURLToPath(new URL('../../send/certificate/', import.meta.url));
    const [cert, key] = [`${certificate}localhost.cert.pem`, `${certificate}localhost.key.pem`];
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    const redis = await redisServer(
      '--port',
      '0',
      '--tls-port',
      'PORT',
      '--tls-auth-clients',
      'no',
      ...files,
    );
    const url = { GROUP_ONBOARD_REDIS_URL: `rediss://localhost:${redis.port}` };
    const refused = await run(url);
    expect([refused.code, words(refused)]).toEqual([2, expect.stringMatching(/TLS certificate .*CERT/)]);
    expect((await run({ ...url, NODE_EXTRA_CA_CERTS: cert })).code).toBe(0);
  });

  it('TLS where there is none: 75 or 2, and nothing sent', async () => {
    const redis = await redisServer();
    const ended = await run({ GROUP_ONBOARD_REDIS_URL: `rediss://127.0.0.1:${redis.port}` });
    expect([2, 75]).toContain(ended.code);
  });
});

describe('a Redis URL that cannot be meant: exit 2, one line, nothing sent', () => {
  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['a password in a flag', ['--redis-url', `redis://:${PASSWORD}@localhost`], {}, /ps.*REDIS_URL_FILE/],
    ['another scheme', ['--redis-url', 'http://localhost:6379'], {}, /redis:\/\/ or rediss:\/\//],
    [
      'no URL',
      [],
      { GROUP_ONBOARD_REDIS_URL: `local host ${PASSWORD}` },
      /GROUP_ONBOARD_REDIS_URL is not a URL/,
    ],
    ['a database that is none', ['--redis-url', 'redis://localhost/x'], {}, /database/],
    ['a query', [], { GROUP_ONBOARD_REDIS_URL: `redis://localhost?password=${PASSWORD}` }, /must end/],
    ['a file that is not there', [], { GROUP_ONBOARD_REDIS_URL_FILE: '/nowhere' }, /nowhere \(ENOENT\)/],
    ['two of them', [], { GROUP_ONBOARD_REDIS_URL: 'redis://a', GROUP_ONBOARD_REDIS_URL_FILE: '/b' }, /both/],
  ])('%s', async (_what, flags, env, says) => {
    const cohort = join(await scratch(), 'cohort.csv');
    await writeFile(cohort, csv([phone(1)]));
    const args = ['run', cohort, '--base-url', 'http://127.0.0.1:9/v1', '--phone', SENDER, ...flags];
    const ended = await cli(args, { PERISKOPE_API_KEY: 'pk_of_the_test', ...env });
    expect([ended.code, words(ended)]).toEqual([2, expect.stringMatching(says)]);
    expect(words(ended).split('\n')).toHaveLength(1);
    expect(ended.stderr).not.toContain(PASSWORD);
  });
});
