import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { csv, GROUP, phone, sandbox } from '../harness.ts';
import { asked, job, onceEach, until } from './support.ts';

const CONFIRMED = 'added/confirmed_by_membership';
const UNKNOWN = 'unknown/no_answer';

/** Ending → what the run makes of it, and what `--retry unknown` does. */
const FAULTS: readonly [ending: number, what: string, first: string, retried: string][] = [
  [52, 'HTTP 500, nothing done', UNKNOWN, 'added'],
  [53, 'HTTP 500, after adding', CONFIRMED, CONFIRMED],
  [54, 'reset, nothing done', UNKNOWN, 'added'],
  [55, 'reset, after adding', CONFIRMED, CONFIRMED],
  [56, 'a timeout', CONFIRMED, CONFIRMED],
  [57, 'a truncated body', CONFIRMED, CONFIRMED],
  [58, '200 without the key', CONFIRMED, CONFIRMED],
  [59, '200 with a plain string', CONFIRMED, CONFIRMED],
  [60, 'an empty body', CONFIRMED, CONFIRMED],
  [61, 'HTTP 502, nothing done', UNKNOWN, UNKNOWN],
  [62, 'HTTP 504, after adding', CONFIRMED, CONFIRMED],
  [66, 'reset always', UNKNOWN, UNKNOWN],
  [70, 'reset, after inviting', UNKNOWN, UNKNOWN],
  [72, 'JSON cut short', CONFIRMED, CONFIRMED],
];
const FLAGS = ['--breaker', '99', '--request-timeout', '1s'];

describe('in doubt', () => {
  it('membership tells; the rerun asks nobody; --retry unknown asks again exactly those', async () => {
    const api = await sandbox('--limit', '1000');
    const people = FAULTS.flatMap(([ending], i) => [phone(2 * i, ending), phone(2 * i + 1, 1)]);
    const on = await job(api, csv(people));
    const expected = (column: 2 | 3) => FAULTS.flatMap((fault) => [fault[column], 'added']);

    expect((await on.run(...FLAGS)).code).toBe(4);
    expect(await on.rows()).toEqual(expected(2));
    const first = await api.counts();
    expect(people.map(asked(first))).toEqual(people.map(() => 1));
    const written = await readFile(on.output, 'utf8');

    expect((await on.run(...FLAGS)).code).toBe(4);
    expect((await api.counts()).asks).toBe(first.asks);
    expect(await readFile(on.output, 'utf8')).toBe(written);

    expect((await on.run(...FLAGS, '--retry', 'unknown')).code).toBe(4);
    expect(await on.rows()).toEqual(expected(3));
    const again = FAULTS.flatMap(([, , result]) => [result === UNKNOWN ? 2 : 1, 1]);
    expect(people.map(asked(await api.counts()))).toEqual(again);
  });

  it('whole batches: those with an answer have it, the others go by the membership', async () => {
    const api = await sandbox('--limit', '1000');
    // A batch is waited for longer than one person.
    await api.control({ slowMs: 15_000 });
    const endings = [1, 53, 3, /**/ 1, 66, 3, /**/ 1, 58, 3, /**/ 1, 57, 3, /**/ 1, 61, 3, /**/ 1, 56, 3];
    const people = endings.map((ending, i) => phone(i, ending));
    const on = await job(api, csv(people));
    expect((await on.run(...FLAGS, '--batch-size', '3')).code).toBe(4);
    expect(await on.rows()).toEqual([
      ...[CONFIRMED, CONFIRMED, UNKNOWN], // 500 after all was done: an invite does not show in the group
      ...[UNKNOWN, UNKNOWN, UNKNOWN],
      ...['added', CONFIRMED, 'invited'],
      ...[CONFIRMED, CONFIRMED, UNKNOWN],
      ...[UNKNOWN, UNKNOWN, UNKNOWN],
      ...[CONFIRMED, CONFIRMED, UNKNOWN],
    ]);
    expect((await api.counts()).asks).toBe(6);
    await on.run(...FLAGS, '--batch-size', '3');
    expect((await api.counts()).asks).toBe(6);

    await on.run(...FLAGS, '--retry', 'unknown');
    const counts = asked(await api.counts());
    const unknown = [2, 3, 4, 5, 11, 12, 13, 14, 17];
    expect(people.map(counts)).toEqual(people.map((_, i) => (unknown.includes(i) ? 2 : 1)));
  });

  it('a batch refused by 400 or 422 is split, and only the bad participant fails', async () => {
    const api = await sandbox('--limit', '1000');
    const people = [1, 64, 3, /**/ 3, 1, 63, /**/ 1, 1, 1].map((ending, i) => phone(i, ending));
    const on = await job(api, csv(people));
    expect((await on.run('--batch-size', '3')).code).toBe(4);
    expect(await on.rows()).toEqual([
      ...['added', 'failed/bad_request', 'invited'],
      ...['invited', 'added', 'failed/bad_request'],
      ...['added', 'added', 'added'],
    ]);
    const [, bad] = await on.records();
    expect(bad).toMatchObject({ http_status: '422', message: expect.stringMatching(/not a valid phone/) });
    onceEach(await api.counts());
  });

  it.each([
    ['fails', '0500'],
    ['is nonsense', '0503'],
    ['has no members', '0204'],
    ['is stale', '0304'],
  ])('a membership read that %s: unknown', async (what, kind) => {
    const api = await sandbox('--limit', '1000');
    await api.control({ notifications: false });
    const group = `12036337130838${kind}@g.us`;
    const on = await job(api, csv([phone(1, 55), phone(2, 1)], group));
    const ended = await on.run();
    expect(ended.code).toBe(4);
    expect(await on.rows()).toEqual([UNKNOWN, 'added']);
    if (what !== 'is stale') expect(ended.stderr).toMatch(/"warn".*membership not readable/);
    onceEach(await api.counts());
  });

  it.each(['0204', '0304'])(
    'a membership read that tells nothing, and notifications that do: added (%s)',
    async (kind) => {
      const api = await sandbox('--limit', '1000');
      const on = await job(api, csv([phone(1, 55), phone(2, 1)], `12036337130838${kind}@g.us`));
      expect((await on.run()).code).toBe(0);
      expect(await on.rows()).toEqual(['added/confirmed_by_notification', 'added']);
      onceEach(await api.counts());
    },
  );

  it('a crash leaves them to the next run, and --retry unknown asks them in that same run', async () => {
    const api = await sandbox('--limit', '1000');
    const people = [phone(1, 66), phone(2, 55)];
    const on = await job(api, csv(people));
    await api.control({ latency: { ms: 60_000 } });
    const running = on.start('--no-precheck', '--batch-size', '2');
    const recorded = async () =>
      (await readFile(on.ledger, 'utf8').catch(() => '')).split('"asked"').length - 1;
    await until(async () => (await recorded()) > 0);
    running.child.kill('SIGKILL');
    await running.ended;
    await api.control({ latency: { ms: 0 }, join: [[GROUP, people[1]!]] });
    const before = asked(await api.counts());
    expect((await on.run('--retry', 'unknown')).code).toBe(4);
    expect(await on.rows()).toEqual([UNKNOWN, CONFIRMED]);
    const after = asked(await api.counts());
    expect(people.map((one) => after(one) - before(one))).toEqual([1, 0]);
  });
});
