import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRedisUrl, placeOf } from '../../../../src/send/rate-limit/redis/redis-client.ts';
import { refusalOf, troubleOf } from '../../../../src/send/rate-limit/redis/redis-link.ts';
import { RedisTime } from '../../../../src/send/rate-limit/redis/redis-time.ts';

describe('Redis’s clock', () => {
  test('goes on as ours does, whatever the ways take', () => {
    const exchange = fc.record({
      wait: fc.double({ min: 0, max: 5000, noNaN: true }),
      forth: fc.double({ min: 0, max: 400, noNaN: true }),
      back: fc.double({ min: 0, max: 400, noNaN: true }),
    });
    const offsets = fc.integer({ min: -1e12, max: 2e12 });
    fc.assert(
      fc.property(offsets, fc.array(exchange, { minLength: 1, maxLength: 30 }), (offset, exchanges) => {
        const time = new RedisTime();
        let now = 1000;
        for (const { wait, forth, back } of exchanges) {
          now += wait;
          expect(time.add(now, now + forth + back, now + forth + offset)).toBe(false);
          now += forth + back;
          const error = Math.abs(time.toRedis(now) - (now + offset));
          expect(error).toBeLessThanOrEqual(time.slackAt(now) + 1e-3);
          expect(time.toMonotonic(time.toRedis(now))).toBeCloseTo(now, 2);
        }
      }),
    );
  });

  test('says once when it was set', () => {
    for (const by of [-3_600_000, -200, 200, 3_600_000]) {
      const time = new RedisTime();
      time.add(0, 2, 50_001);
      expect(time.add(1000, 1002, 51_001)).toBe(false);
      expect(time.add(2000, 2002, 52_001 + by)).toBe(true);
      expect(time.add(3000, 3002, 53_001 + by)).toBe(false);
    }
  });
});

describe('the Redis URL', () => {
  const node = (host: string, port: number) => ({ host, port });
  test.each([
    ['redis://localhost', { kind: 'server', nodes: [node('localhost', 6379)], tls: false, db: 0 }],
    ['rediss://r.example.com:6380/2', { nodes: [node('r.example.com', 6380)], tls: true, db: 2 }],
    ['redis://u:p%40ss@[::1]/', { nodes: [node('::1', 6379)], username: 'u', password: 'p@ss' }],
    ['redis://:100%@h', { nodes: [node('h', 6379)], username: undefined, password: '100%' }],
    [
      'redis+sentinel://:pw@a,b:5000/mymaster',
      {
        kind: 'sentinel',
        nodes: [node('a', 26_379), node('b', 5000)],
        name: 'mymaster',
        password: 'pw',
        db: 0,
      },
    ],
    ['rediss+sentinel://a/my-master/3', { kind: 'sentinel', name: 'my-master', tls: true, db: 3 }],
    ['redis-sentinel://[::1]:1,[::2]:2/m', { nodes: [node('::1', 1), node('::2', 2)], name: 'm' }],
    [
      'rediss+cluster://u:p@a:7000,b',
      { kind: 'cluster', nodes: [node('a', 7000), node('b', 6379)], tls: true },
    ],
    ['redis-cluster://a/', { kind: 'cluster', nodes: [node('a', 6379)], name: undefined, db: 0 }],
  ])('%s', (text, expected) => expect(parseRedisUrl(text)).toMatchObject(expected));

  test.each([
    ['redis://a,b', /several hosts/],
    ['redis+sentinel://a:26379,b', /names no server/],
    ['redis+sentinel://a/m/x', /database/],
    ['redis+cluster://a/1', /only one/],
    ['redis+cluster://a,,b', /no host|no URL/],
    ['redis+cluster://a:x', /not a URL/],
    ['redis+sentinel:///m', /no host/],
    ['valkey://a', /must begin/],
  ])('%s is refused', (text, says) => expect(() => parseRedisUrl(text)).toThrow(says));

  test('refuses what it cannot mean, without a word of it', () => {
    const word = fc.string({ minLength: 8 }).filter((text) => !/^[\s/]*$/.test(text));
    fc.assert(
      fc.property(
        fc.constantFrom('', 'http://', 'redis:', 'redis://h/', 'redis://h?p=', 'redis+cluster://h/'),
        word,
        (a, b) => {
          try {
            parseRedisUrl(`${a}${b}`);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
            if (!'redis://host:6379/0, or rediss:// for TLS'.includes(b)) {
              expect((error as Error).message).not.toContain(b);
            }
          }
        },
      ),
    );
  });

  test('is named by host and port alone', () => {
    expect(placeOf(parseRedisUrl('redis://u:secret@h:7'))).toBe('h:7');
    expect(placeOf(parseRedisUrl('redis://u:secret@[::1]'))).toBe('[::1]:6379');
    expect(placeOf(parseRedisUrl('redis+cluster://u:secret@a,b:7'))).toBe('a:6379,b:7');
  });
});

describe('what Redis’s errors mean', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  const socket = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  test.each([
    [
      reply('WRONGPASS invalid username-password pair or user is disabled.'),
      /user or password \(WRONGPASS\)/,
    ],
    [reply('NOAUTH Authentication required.'), /user or password/],
    [reply("NOPERM this user has no permissions to run the 'evalsha' command"), /user or password/],
    [reply('MOVED 866 127.0.0.1:7001'), /refuses: MOVED/],
    [reply('READONLY You can’t write against a read only replica.'), /READONLY/],
    [socket('DEPTH_ZERO_SELF_SIGNED_CERT'), /TLS/],
  ])('refused for good: %s', (error, says) => expect(refusalOf(error)).toMatch(says));
  test.each([
    [socket('ECONNREFUSED'), 'ECONNREFUSED'],
    [
      reply('LOADING Redis is loading the dataset in memory'),
      'LOADING Redis is loading the dataset in memory',
    ],
    [new Error('Command timed out'), 'no answer in time'],
    [new Error('Connection is closed.'), 'the connection was closed'],
    ['nonsense', 'the connection was closed'],
  ])('trouble: %s', (error, says) => {
    expect(refusalOf(error)).toBeUndefined();
    expect(troubleOf(error)).toBe(says);
  });
  test('what an answer quotes is left out', () => {
    expect(refusalOf(reply("ERR unknown command 'x', with args beginning with: 'secret'"))).not.toContain(
      'secret',
    );
  });
});
