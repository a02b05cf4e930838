import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../../helpers.ts';
import { csv, phone, sandbox } from '../harness.ts';
import { job, onceEach, until } from './support.ts';

const people = (n: number) => Array.from({ length: n }, (_, i) => phone(i, 1));

describe('the API goes away in mid-run', () => {
  it('for long: 75, and the rerun completes when it is back; nobody is asked twice', async () => {
    const record = join(await scratch(), 'record.jsonl');
    const first = await sandbox('--limit', '1000', '--record', record);
    const on = await job(first, csv(people(60)));
    const running = on.start('--max-rate', '100/s', '--concurrency', '3');
    await until(async () => (await first.counts()).asks >= 15);
    first.kill();
    expect((await running.ended).code).toBe(75);
    const rows = await on.rows();
    expect(rows).toHaveLength(60);
    expect(rows.filter((row) => row === 'unknown/no_answer').length).toBeLessThanOrEqual(3);
    expect(rows.filter((row) => row === 'not_attempted/api_unreachable').length).toBeGreaterThan(30);
    expect(rows.filter((row) => row.startsWith('failed'))).toEqual([]);

    const second = await sandbox('--limit', '1000', '--record', record, '--port', new URL(first.url).port);
    const again = await on.run();
    const after = await on.rows();
    const unknown = after.filter((row) => row === 'unknown/no_answer').length;
    expect(again.code).toBe(unknown > 0 ? 4 : 0);
    expect(after.filter((row) => row.startsWith('added'))).toHaveLength(60 - unknown);
    onceEach(await second.counts());
  });

  it('for a moment: the same run goes on', async () => {
    const record = join(await scratch(), 'record.jsonl');
    const first = await sandbox('--limit', '1000', '--record', record);
    const on = await job(first, csv(people(40)));
    const running = on.start('--max-rate', '100/s', '--concurrency', '2');
    await until(async () => (await first.counts()).asks >= 10);
    first.kill();
    await running.shows('API out of reach');
    const second = await sandbox('--limit', '1000', '--record', record, '--port', new URL(first.url).port);
    const ended = await running.ended;
    const rows = await on.rows();
    const unknown = rows.filter((row) => row === 'unknown/no_answer').length;
    expect(unknown).toBeLessThanOrEqual(2);
    expect(ended.code).toBe(unknown > 0 ? 4 : 0);
    expect(rows.filter((row) => row.startsWith('added'))).toHaveLength(40 - unknown);
    onceEach(await second.counts());
  });
});
