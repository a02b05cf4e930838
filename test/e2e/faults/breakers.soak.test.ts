import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { csv, GROUP, phone, sandbox } from '../harness.ts';
import { job, lastLine, onceEach, until } from './support.ts';

const many = (n: number, ending: number, from = 0) =>
  Array.from({ length: n }, (_, i) => phone(from + i, ending));
const tally = (rows: readonly string[]) =>
  Object.fromEntries([...new Set(rows)].map((row) => [row, rows.filter((other) => other === row).length]));

describe('the breaker', () => {
  it('stops after 5 in doubt in a row; the memberships are read all the same', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv([...many(3, 1), ...many(4, 55, 3), ...many(1, 70, 7), ...many(9, 1, 8)]));
    const ended = await on.run('--concurrency', '1');
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(/^stopped {2}5 asks in a row without a clear answer/);
    expect(await on.rows()).toEqual([
      ...Array(3).fill('added'),
      ...Array(4).fill('added/confirmed_by_membership'),
      'unknown/no_answer',
      ...Array(9).fill('not_attempted/breaker'),
    ]);
    const next = await on.run('--concurrency', '1');
    expect(next.code).toBe(4);
    expect(tally(await on.rows())).toMatchObject({ added: 12, 'unknown/no_answer': 1 });
    onceEach(await api.counts());
  });

  it('--breaker N, with many asks in flight: no more are begun, and nobody is lost', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv(many(60, 66)));
    const ended = await on.run('--breaker', '2', '--max-rate', '200/s');
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(/^stopped {2}\d+ asks in a row/);
    const counts = await api.counts();
    const rows = tally(await on.rows());
    expect(rows).toEqual({
      'unknown/no_answer': counts.asks,
      'not_attempted/breaker': 60 - counts.asks,
    });
    onceEach(counts);
  });

  it('WhatsApp’s own throttling: cools down, then stops; nobody is in doubt', async () => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv([phone(0), ...many(4, 13, 1)]));
    const ended = await on.run('--concurrency', '1', '--cool-down', '100ms');
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(/^stopped {2}5 asks in a row throttled by WhatsApp/);
    expect(ended.stderr).toMatch(/WhatsApp throttles the sending phone/);
    expect(tally(await on.rows())).toEqual({ added: 1, 'not_attempted/whatsapp_throttled': 4 });
    onceEach(await api.counts());
  });

  it.each([
    ['2', 3, 'added', 20],
    ['20%', 5, 'added', 20],
  ])('--max-errors %s', async (limit, failures) => {
    const api = await sandbox('--limit', '1000');
    const on = await job(api, csv([...many(failures, 5), ...many(40, 1, 10), ...many(failures + 20, 5, 60)]));
    const ended = await on.run('--concurrency', '1', '--max-errors', limit, '--max-rate', '500/s');
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(/^stopped {2}more rows .*--max-errors/);
    const rows = tally(await on.rows());
    expect(rows['not_attempted/max_errors']).toBeGreaterThan(0);
    const failed = rows['failed/not_on_whatsapp'] ?? 0;
    if (limit === '2') expect([failed, rows['added']]).toEqual([3, undefined]);
    else expect(failed / ((rows['added'] ?? 0) + failed)).toBeGreaterThan(0.2);
    onceEach(await api.counts());
  });
});

describe('the account', () => {
  it.each<[string, number, object | undefined, string, RegExp]>([
    ['the key is revoked in mid-run', 67, undefined, 'key_rejected', /rejected the key \(401\)/],
    ['the key is revoked by somebody', 1, { keyRevoked: true }, 'key_rejected', /rejected the key \(401\)/],
    [
      'the phone is disconnected in mid-run',
      68,
      undefined,
      'phone_not_connected',
      /phone is not connected to WhatsApp \(DISCONNECTED\)/,
    ],
    [
      'the phone is disconnected by somebody',
      1,
      { phoneConnected: false },
      'phone_not_connected',
      /phone is not connected to WhatsApp \(DISCONNECTED\)/,
    ],
  ])('%s', async (_what, ending, control, code, says) => {
    const api = await sandbox('--limit', '20', '--window', '1s');
    const on = await job(api, csv([...many(20, 1), phone(20, ending), ...many(60, 1, 21)]));
    const running = on.start();
    if (control) {
      await until(async () => (await api.counts()).asks >= 20);
      await api.control(control);
    }
    const ended = await running.ended;
    expect(ended.code).toBe(5);
    expect(lastLine(ended.stderr)).toMatch(says);
    const rows = tally(await on.rows());
    expect(rows[`not_attempted/${code}`]).toBeGreaterThan(0);
    expect(Object.keys(rows).filter((row) => /failed/.test(row))).toEqual([]);
    onceEach(await api.counts());

    if (!control) return;
    // Put right, the same command goes on.
    await api.control({ keyRevoked: false, phoneConnected: true, limit: 1000 });
    await on.run();
    const after = tally(await on.rows());
    expect(Object.keys(after).filter((row) => row !== 'added' && row !== 'unknown/no_answer')).toEqual([]);
    expect(after['unknown/no_answer'] ?? 0).toBeLessThanOrEqual(20);
    onceEach(await api.counts());
  });
});

describe('one group', () => {
  const CLOSED = [
    ['is full', '120363371308380419@g.us', 'failed/group_full'],
    ['has no admin rights for us', '120363371308380401@g.us', 'failed/not_admin'],
    ['answers 403', '120363371308380403@g.us', 'failed/not_admin'],
    ['answers 404', '120363371308380404@g.us', 'failed/chat_not_found'],
  ] as const;

  it.each(CLOSED)('%s: its people fail, another group goes on', async (_what, closed, found) => {
    const api = await sandbox('--limit', '1000');
    const lines = many(15, 1).flatMap((one) => [`a,${closed},${one}`, `b,${GROUP},${one}`]);
    const on = await job(api, `name,chat_id,phone\n${lines.join('\n')}\n`);
    const ended = await on.run('--concurrency', '3');
    expect(ended.code).toBe(4);
    const rows = await on.rows();
    const groups = (await on.records()).map((row) => row['chat_id']);
    const inClosed = rows.filter((_, i) => groups[i] === closed);
    // The last place of the full group is taken by the first who asks.
    expect(tally(inClosed)[found]).toBeGreaterThanOrEqual(14);
    expect(tally(rows.filter((_, i) => groups[i] === GROUP))).toEqual({ added: 15 });
    const counts = await api.counts();
    expect(counts.asks).toBeLessThanOrEqual(15 + 4);
    onceEach(counts);
    expect(JSON.stringify(counts)).toContain(closed);
    const unasked = Object.entries(counts.pairs).filter(([pair]) => pair.startsWith(closed));
    expect(unasked.length).toBeLessThanOrEqual(4);
    expect((await readFile(on.ledger, 'utf8')).split('"status":"failed"').length - 1).toBeGreaterThanOrEqual(
      14,
    );
  });
});
