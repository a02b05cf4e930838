import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../../helpers.ts';
import { describeWithRedis, redisServer } from '../../redis.ts';
import { cli, GROUP, phone, results, sandbox } from '../harness.ts';
import { askedAt, nobodyTwice, seen } from './fleet.ts';

const SENDERS = ['919811111111', '919822222222'];

describeWithRedis('several senders, in several processes', () => {
  it.each([
    ['key', 'phone'],
    ['phone', 'phone'],
    ['key', 'key'],
  ] as const)(
    'keep an allowance by the %s (told, the server counts by the %s), and a daily cap for each sender',
    async (told, by) => {
      const redis = await redisServer();
      const api = await sandbox('--limit', '20', '--limit-by', by);
      const runs = await Promise.all(
        [0, 1].map(async (at) => {
          const cohort = join(await scratch(), 'cohort.csv');
          const rows = Array.from(
            { length: 20 },
            (_, i) => `${GROUP},${phone(at * 20 + i)},${SENDERS[i % 2]}`,
          );
          await writeFile(cohort, `chat_id,phone,sender\n${rows.join('\n')}\n`);
          const flags = [
            '--base-url',
            api.url,
            '--redis-url',
            redis.url,
            '--limit-per',
            told,
            '--daily-cap',
            '15',
            '--no-precheck',
          ];
          return () => cli(['run', cohort, ...flags], api.env);
        }),
      );
      const ended = await Promise.all(runs.map((run) => run()));
      for (const { code } of ended) expect([75, 0]).toContain(code);
      const counts = await seen(api);
      expect([counts.asks, counts.throttled]).toEqual([30, 0]);
      expect((await api.counts()).senders).toEqual({
        [SENDERS[0] as string]: 15,
        [SENDERS[1] as string]: 15,
      });
      nobodyTwice(counts);
    },
  );

  it('keep the gap together, between the asks of all phones', async () => {
    const redis = await redisServer();
    const api = await sandbox('--limit', '1000');
    const runs = [0, 1].map(async (at) => {
      const cohort = join(await scratch(), 'cohort.csv');
      const lines = Array.from({ length: 4 }, (_, i) => `${GROUP},${phone(at * 4 + i)},${SENDERS[i % 2]}`);
      await writeFile(cohort, `chat_id,phone,sender\n${lines.join('\n')}\n`);
      const flags = [
        '--base-url',
        api.url,
        '--redis-url',
        redis.url,
        '--gap',
        '400ms..500ms',
        '--no-precheck',
      ];
      const { code } = await cli(['run', cohort, ...flags], api.env);
      const rows = await results(cohort.replace('.csv', '.results.csv'));
      return { code, at: rows.map((row) => Date.parse(row['asked_at'] as string)) };
    });
    const ended = await Promise.all(runs);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const counts = await seen(api);
    expect(askedAt(counts)).toHaveLength(8);
    // Each phone in each process by itself would be done within two gaps. By the runs' own record of their asks: how long
    // one takes to arrive is the machine's.
    const asks = ended.flatMap((run) => run.at);
    expect(Math.max(...asks) - Math.min(...asks)).toBeGreaterThan(6 * 400);
    nobodyTwice(counts);
  });
});
