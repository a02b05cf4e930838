import { expect, it, onTestFinished, vi } from 'vitest';
import { FORM, openSharing } from '../../../../src/app/asking/share.ts';
import { systemClock } from '../../../../src/app/io.ts';
import { Releases } from '../../../../src/app/session.ts';
import { LinkDown } from '../../../../src/send/rate-limit/redis/link.ts';
import { parseRedisUrl } from '../../../../src/send/rate-limit/redis/redis-client.ts';
import { openRedisLink, type RedisLinkOptions } from '../../../../src/send/rate-limit/redis/redis-link.ts';
import { replyOf } from '../../../../src/send/rate-limit/redis/scripts.ts';
import { SharedCap, type SharedCapOptions } from '../../../../src/send/rate-limit/redis/shared-cap.ts';
import { RunControl } from '../../../../src/send/run-control.ts';
import { PATIENTLY } from '../../../helpers.ts';
import {
  describeWithRedis,
  freePort,
  type RedisServer,
  redisCluster,
  redisSentinel,
  redisServer,
} from '../../../redis.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function linkTo(redis: Pick<RedisServer, 'url'>, over: Partial<RedisLinkOptions> = {}) {
  const lost = vi.fn();
  const link = await openRedisLink({
    target: parseRedisUrl(redis.url),
    prefix: 'test:{x}',
    clock: systemClock,
    log: silent,
    lost,
    ...over,
  });
  onTestFinished(() => link.close());
  return { link, lost };
}

/** Words of the process `me`, which knows that epoch: `request`, its token, and the state that it gives. */
const words = (me: string, request: string, token: number | '' = '', state = '', epoch = 'e') =>
  [me, epoch, 'e', 0, 2000, request, token, state, state === '' ? '' : 'shown', 60_000] as const;

describeWithRedis('the link', () => {
  it('runs the script, also when Redis has forgotten it: one lease at a time, and the state with it', async () => {
    const redis = await redisServer();
    const [{ link: one }, { link: two }] = await Promise.all([linkTo(redis), linkTo(redis)]);
    const a = async (...of: [string, (number | '')?, string?]) =>
      replyOf(await one.pace('', [...words('a', ...of), 0]));
    const b = async (...of: [string, (number | '')?, string?]) =>
      replyOf(await two.pace('', [...words('b', ...of), 0]));
    expect(replyOf(await one.pace('', [...words('a', 'want', '', '', ''), 0]))).toMatchObject({
      ...{ epoch: 'e', token: 1, state: '', crashed: false, isLost: false },
    });
    expect(await b('want')).toMatchObject({ token: undefined, place: 0, shown: '' });
    await redis.client().script('FLUSH');
    expect(await a('keep', 1, 'kept')).toMatchObject({ token: 1, wanting: 1, living: new Set(['a', 'b']) });
    // The reply of before has not arrived.
    expect(await b('want')).toMatchObject({ token: undefined, shown: 'shown' });
    expect(await a('pass', 1, 'passed')).toMatchObject({ token: undefined, wanting: 1 });
    // What a tells now is for the next holder, until that has taken it in.
    await one.pace('', [...words('a', ''), 1, 'a:7', '{"an":"answer"}']);
    const taken = { token: 2, state: 'passed', crashed: false, told: new Map([['a:7', '{"an":"answer"}']]) };
    expect(await b('want')).toMatchObject(taken);
    expect(await b('want')).toMatchObject(taken);
    await two.pace('', [...words('b', 'keep', 2), 0, 'a:7']);
    expect((await b('keep', 2)).told.size).toBe(0);
    // An old token holds nothing, and what its holder may have asked holds others up.
    const late = await a('keep', 1, 'late');
    expect(late.token).toBeUndefined();
    expect((await b('keep', 2)).holdUntil).toBeGreaterThan(late.now);
    for (const key of await redis.client().keys('*'))
      expect(await redis.client().pttl(key)).toBeGreaterThan(0);
  });

  it('a lease that was not given up is taken when it is over, and one that Redis lost is waited for', async () => {
    const redis = await redisServer();
    const { link } = await linkTo(redis);
    const say = async (...of: Parameters<typeof words>) => replyOf(await link.pace('', [...words(...of), 0]));
    const first = await say('a', 'want', '', '', '');
    await say('a', 'keep', 1, 'kept');
    await vi.waitFor(async () => expect((await say('b', 'want')).token).toBe(2), PATIENTLY);
    const taken = await say('b', 'want');
    expect(taken).toMatchObject({ state: 'kept', crashed: true });
    expect(taken.now - first.now).toBeGreaterThanOrEqual(2000);
    await redis.client().flushall();
    expect((await say('a', 'want')).token).toBeUndefined();
    expect(await say('b', 'keep', 2, 'kept')).toMatchObject({ token: 2, epoch: 'e', isLost: false });
    expect((await say('c', 'want', '', '', 'another')).isLost).toBe(true);
  });

  it('survives a blip, and gives up after its patience, once', async () => {
    const redis = await redisServer();
    const warn = vi.fn();
    let ahead = 0;
    const clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() + ahead };
    const patienceMs = 600_000;
    const { link, lost } = await linkTo(redis, { patienceMs, clock, log: { ...silent, warn } });
    const back = vi.fn();
    link.onBack(back);
    const { generation } = link;
    await redis.kill();
    await expect(link.ask((client) => client.ping())).rejects.toThrow(LinkDown);
    expect(link.up).toBe(false);
    const again = link.again();
    await redis.start();
    expect(await again).toBe(true);
    await vi.waitFor(() => expect(back).toHaveBeenCalled(), PATIENTLY);
    expect(link.generation).toBe(generation + 1);
    expect(await link.ask((client) => client.ping())).toBe('PONG');
    expect(lost).not.toHaveBeenCalled();
    await redis.kill();
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(2), PATIENTLY);
    expect(lost).not.toHaveBeenCalled();
    ahead = patienceMs;
    await vi.waitFor(() => expect(lost).toHaveBeenCalled(), PATIENTLY);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(lost.mock.calls[0]?.[0]).toMatch(/Redis at 127\.0\.0\.1:\d+, .*ECONNREFUSED/);
    expect(warn.mock.calls.map(([, text]) => text)).toEqual([
      expect.stringContaining('nothing is asked meanwhile'),
      expect.stringContaining('nothing is asked meanwhile'),
    ]);
    expect(await link.again()).toBe(false);
  });

  it('one that refuses us on the way back ends it as well, and says so', async () => {
    const redis = await redisServer();
    const { link, lost } = await linkTo(redis, { patienceMs: 4000 });
    // As if another password had been set: what is there refuses us.
    const admin = redis.client();
    await admin.call('CONFIG', 'SET', 'requirepass', 'another-password');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await vi.waitFor(() => expect(lost).toHaveBeenCalled(), PATIENTLY);
    expect(lost.mock.calls[0]?.[0]).toMatch(/refuses this user or password/);
    expect(link.up).toBe(false);
  });
});

describeWithRedis('the shared cap', () => {
  const HOUR = 3_600_000;
  const capOf = async (redis: RedisServer, over: Partial<SharedCapOptions> = {}) => {
    const { link } = await linkTo(redis);
    return new SharedCap({
      link,
      sender: () => '919876543210',
      ledgerId: 'ledger-a',
      asked: () => [],
      now: () => Date.now(),
      ...over,
    });
  };
  const sum = async (redis: RedisServer) => {
    const client = redis.client();
    const [key] = (await client.keys('test:{x}:cap:*')).filter((name) => !name.endsWith(':sum'));
    const members = key === undefined ? [] : await client.zrange(key, 0, -1);
    const people = members.reduce((all, member) => all + Number(member.split(':').at(-1)), 0);
    if (key !== undefined) expect(Number(await client.get(`${key}:sum`))).toBe(people);
    return { people, members };
  };

  it('sets aside at once, gives back, and counts an ask under the ledger’s name', async () => {
    const redis = await redisServer();
    const [one, two] = await Promise.all([capOf(redis), capOf(redis, { ledgerId: 'ledger-b' })]);
    const rooms = await Promise.all([one.reserve(4, 10), two.reserve(4, 10), one.reserve(4, 10)]);
    expect(rooms.map(({ people }) => people).sort()).toEqual([2, 4, 4]);
    expect((await two.reserve(1, 10)).people).toBe(0);
    one.giveBack(rooms[0]!);
    two.recorded(rooms[1]!, 12);
    // Whoever came last got what was left.
    const { people } = rooms[1]!;
    await vi.waitFor(
      async () => expect((await sum(redis)).members).toContain(`ledger-b:12:${people}`),
      PATIENTLY,
    );
    expect((await sum(redis)).people).toBe(10 - rooms[0]!.people);
    two.notDone(12, people);
    await vi.waitFor(async () => expect((await sum(redis)).people).toBe(rooms[2]!.people), PATIENTLY);
    // Another sender has room of its own, and no number is in a key.
    const other = await capOf(redis, { sender: () => 'phone-abcdefgh' });
    expect((await other.reserve(10, 10)).people).toBe(10);
    expect((await redis.client().keys('*')).join()).not.toMatch(/9198|abcdefgh/);
  });

  it('what the ledger knows counts once, however often it is told; what is older than a day does not', async () => {
    const redis = await redisServer();
    const now = Date.now();
    const asks = Array.from({ length: 1203 }, (_, i) => ({ ask: i + 2, at: now - i * 1000, people: 1 }));
    const old = { ask: 9000, at: now - 25 * HOUR, people: 5 };
    const asked = () => [...asks, old];
    const first = await capOf(redis, { asked });
    expect((await first.reserve(3, 1205)).people).toBe(2);
    // The same ledger in another run: the reservation of a run that died is dropped, as its ledger knows better.
    const second = await capOf(redis, { asked });
    expect((await second.reserve(3, 1205)).people).toBe(2);
    expect((await sum(redis)).people).toBe(1205);
  });

  it('waits for a Redis that is away, and tells it again what it has lost', async () => {
    const redis = await redisServer();
    const asks = [{ ask: 2, at: Date.now(), people: 3 }];
    const cap = await capOf(redis, { asked: () => asks });
    const room = await cap.reserve(1, 10);
    await redis.kill();
    cap.recorded(room, 5);
    asks.push({ ask: 5, at: Date.now(), people: 1 });
    const waiting = cap.reserve(9, 10);
    await redis.start();
    expect((await waiting).people).toBe(6);
    expect((await sum(redis)).people).toBe(10);
  });
});

describeWithRedis('sentinels and clusters', () => {
  const works = async (url: string) => {
    const { link } = await linkTo({ url });
    const reply = replyOf(await link.pace('', [...words('a', 'want', '', '', ''), 0]));
    expect(reply.token).toBe(1);
    const cap = new SharedCap({
      link,
      sender: () => '919876543210',
      ledgerId: 'ledger-a',
      asked: () => [],
      now: () => Date.now(),
    });
    expect((await cap.reserve(3, 2)).people).toBe(2);
  };

  it('a cluster: all keys of an account are in one slot', async () => works(await redisCluster()));

  it('a sentinel says where the server is', async () => works(await redisSentinel(await redisServer())));

  it('a sentinel that does not know the server, or is not there: out of reach', async () => {
    const url = await redisSentinel(await redisServer());
    for (const wrong of [`${url}-of-another`, `redis+sentinel://127.0.0.1:${await freePort()}/the-server`]) {
      await expect(linkTo({ url: wrong })).rejects.toThrow(/cannot be reached/);
    }
    await expect(linkTo({ url: `redis+cluster://127.0.0.1:${await freePort()}` })).rejects.toThrow(
      /cannot be reached/,
    );
  });
});

describeWithRedis('what a run shares', () => {
  const parts = async (url: string | undefined) => {
    const releases = new Releases();
    onTestFinished(() => releases.all());
    const control = new RunControl();
    const to = { baseUrl: new URL('https://api.example.com/v1'), apiKey: 'pk_abcdefgh' };
    const redis = url === undefined ? undefined : parseRedisUrl(url);
    return { redis, to, control, clock: systemClock, log: silent, releases };
  };

  it('nothing without Redis', async () => expect(await openSharing(await parts(undefined))).toBeUndefined());

  it('one that is out of reach stops the run', async () => {
    const made = await parts(`redis://127.0.0.1:${await freePort()}`);
    expect(await openSharing(made)).toBeUndefined();
    expect(made.control.reason).toMatchObject({ exit: 75, code: 'redis_unreachable' });
  });

  it('a pacer by name, and a cap for each sender', async () => {
    const redis = await redisServer();
    const made = await parts(redis.url);
    const sharing = await openSharing(made);
    const waits = vi.fn();
    let granted = 0;
    const pacer = sharing!.pacer('a-name')({
      clock: systemClock,
      random: Math.random,
      settings: { maxInFlight: 3 },
      hooks: {
        demand: () => ({ ask: 2 - granted, read: 0 }),
        lead: () => 2,
        grant: (permits) => {
          granted += permits.length;
        },
        waits,
      },
    });
    pacer.look();
    await vi.waitFor(() => expect(granted).toBe(1), PATIENTLY);
    const keys = await redis.client().keys('*');
    expect(keys).toContainEqual(
      expect.stringMatching(new RegExp(`^group-onboard:${FORM}:\\{[0-9a-f]{16}\\}:pace:[0-9a-f]{16}$`)),
    );
    await pacer.close();
    const ledger = { path: '/a', header: { created: 'then' }, asksInLast: () => [] };
    expect((await sharing!.cap(() => '919876543210', ledger).reserve(5, 3)).people).toBe(3);
    expect(made.control.stopped).toBe(false);
  });
});
