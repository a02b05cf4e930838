import { expect, it } from 'vitest';
import { describeWithRedis, redisServer } from '../../redis.ts';
import { sandbox } from '../harness.ts';
import { fleet, nobodyTwice, seen } from './fleet.ts';

describeWithRedis('--daily-cap is kept together', () => {
  it('three runs at once ask as many as one may, and the next run knows', async () => {
    const redis = await redisServer();
    const api = await sandbox('--limit', '200');
    const members = await fleet(api, redis.url, 3, 60);
    const ended = await Promise.all(members.map((member) => member.start('--daily-cap', '50').ended));
    expect(ended.map(({ code }) => code)).toEqual([75, 75, 75]);
    expect((await seen(api)).asks).toBe(50);
    const rows = (await Promise.all(members.map((member) => member.rows()))).flat();
    expect(rows.filter((row) => row['status'] === 'added')).toHaveLength(50);
    expect(rows.filter((row) => row['reason_code'] === 'daily_cap')).toHaveLength(130);

    const [first] = members;
    expect((await first!.start('--daily-cap', '50').ended).code).toBe(75);
    expect((await seen(api)).asks).toBe(50);
    expect((await first!.start('--daily-cap', '54').ended).code).toBe(75);
    expect((await seen(api)).asks).toBe(54);

    // Redis has lost what it knew; the ledger has not.
    await redis.kill();
    await redis.start();
    const own = (await first!.rows()).filter((row) => row['status'] === 'added').length;
    expect((await first!.start('--daily-cap', String(own)).ended).code).toBe(75);
    expect((await seen(api)).asks).toBe(54);
    expect((await first!.start('--daily-cap', String(own + 2)).ended).code).toBe(75);
    const counts = await seen(api);
    expect(counts.asks).toBe(56);
    nobodyTwice(counts);
  });

  it('several people in an ask, and asks that were not done, are counted as what they are', async () => {
    const redis = await redisServer();
    const api = await sandbox('--limit', '200');
    await api.control({ force429: 3 });
    const members = await fleet(api, redis.url, 2, 20);
    const flags = ['--daily-cap', '25', '--batch-size', '3'];
    const ended = await Promise.all(members.map((member) => member.start(...flags).ended));
    for (const { code } of ended) expect([0, 75]).toContain(code);
    const rows = (await Promise.all(members.map((member) => member.rows()))).flat();
    expect(rows.filter((row) => row['status'] === 'added')).toHaveLength(25);
  });
});
