import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordLine } from '../../src/sandbox/counts.ts';
import { bestOfThree, scratch } from '../helpers.ts';
import { cli, GROUP, phone, results, SENDER, sandbox, start } from './harness.ts';

const A = '919811111111';
const B = '919822222222';
const C = 'phone-bqzvyibhmwkaergr';
const OTHER = '120363402715563921@g.us';

/** [sender cell, person, group], a row each. */
type Line = readonly [sender: string, person: string, group?: string];

async function cohortOf(lines: readonly Line[], column = 'sender') {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  const rows = lines.map(([sender, person, group = GROUP]) => `${group},${person},${sender}`);
  await writeFile(cohort, `chat_id,phone,${column}\n${rows.join('\n')}\n`);
  const record = join(dir, 'record.jsonl');
  const asked = async () => {
    const text = await readFile(record, 'utf8');
    const asks = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RecordLine);
    return asks.flatMap(({ sender, participants }) => participants.map((who) => `${sender} ${who}`)).sort();
  };
  return { dir, cohort, record, asked, out: join(dir, 'cohort.results.csv') };
}

/** Without the harness's `--phone`. */
const bare = (api: { readonly url: string }) => ['--base-url', api.url];
const people = (n: number, from = 0) => Array.from({ length: n }, (_, i) => phone(from + i));

describe('a cohort with a sender column', () => {
  it('sends each row through its own phone, and an empty cell through --phone', async () => {
    const lines: Line[] = [
      [A, phone(1)],
      [`+${B}`, phone(2)],
      [C, phone(3)],
      ['', phone(4)],
      ['+91 98111-11111', phone(5)],
      [B, phone(1)], // the same person in the same group: asked once
      ['9.198E+11', phone(6)],
      [B, phone(1), OTHER],
    ];
    const at = await cohortOf(lines, 'X-Phone');
    const api = await sandbox('--limit', '100', '--record', at.record);
    const ended = await cli(['run', at.cohort, ...api.args], api.env);
    expect(ended.code).toBe(4);
    const sent = [
      `${A} ${phone(1)}`,
      `${B} ${phone(2)}`,
      `${C} ${phone(3)}`,
      // --phone is the number of the phone that row 3 names by its id: one phone, called as it was named first.
      `${C} ${phone(4)}`,
      `${A} ${phone(5)}`,
      `${B} ${phone(1)}`,
    ].sort();
    expect(await at.asked()).toEqual(sent);
    const rows = await results(at.out);
    expect(rows.map((row) => row['status'])).toEqual([
      ...['added', 'added', 'added', 'added', 'added', 'duplicate', 'invalid', 'added'],
    ]);
    expect(rows[6]).toMatchObject({ reason_code: 'sender_unreadable', 'X-Phone': '9.198E+11' });
    expect(rows.map((row) => row['X-Phone']?.replace(/^'/, ''))).toEqual(lines.map(([sender]) => sender));
    expect(ended.stderr).not.toMatch(new RegExp(`${A}|${B}`));
    expect((await api.counts()).throttled).toBe(0);

    // Again, and from the results: nobody is asked, and the results are the same.
    const text = await readFile(at.out, 'utf8');
    expect((await cli(['run', at.cohort, ...api.args], api.env)).code).toBe(4);
    expect(await readFile(at.out, 'utf8')).toBe(text);
    const from = ['run', at.out, ...api.args, '-o', join(at.dir, 'again.csv')];
    expect((await cli([...from, '--only-status', 'failed'], api.env)).code).toBe(4);
    expect(await at.asked()).toEqual(sent);
  });

  it('needs no --phone when every row names its phone; a row that does not is invalid', async () => {
    const at = await cohortOf([
      [A, phone(1)],
      ['', phone(2)],
      [B, phone(3, 5)],
    ]);
    const api = await sandbox('--limit', '100', '--record', at.record);
    expect((await cli(['run', at.cohort, ...bare(api)], api.env)).code).toBe(4);
    expect((await results(at.out)).map((row) => row['reason_code'])).toEqual([
      '',
      'sender_missing',
      'not_on_whatsapp',
    ]);
    expect(await at.asked()).toEqual([`${A} ${phone(1)}`, `${B} ${phone(3, 5)}`]);

    // The results, corrected, are a cohort that still says who sends.
    const failed = ['--only-status', 'failed', '--retry', 'failed', '-o', join(at.dir, 'again.csv')];
    const retry = ['run', at.out, ...bare(api), ...failed];
    expect((await cli(retry, api.env)).code).toBe(4);
    expect((await at.asked()).filter((one) => one === `${B} ${phone(3, 5)}`)).toHaveLength(2);

    // Without the column, and without --phone, nothing is sent.
    const none = await cohortOf([['x', phone(9)]], 'note');
    const refused = await cli(['run', none.cohort, ...bare(api)], api.env);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--phone')]);
  });

  it('makes batches of one group and one sender', async () => {
    const at = await cohortOf(people(8).map((who, i) => [i % 2 ? A : B, who] as const));
    const api = await sandbox('--limit', '100', '--record', at.record);
    expect((await cli(['run', at.cohort, ...bare(api), '--batch-size', '3'], api.env)).code).toBe(0);
    const counts = await api.counts();
    expect(counts.asks).toBe(4);
    expect(counts.senders).toEqual({ [A]: 4, [B]: 4 });
  });

  it('goes on without a phone that is not connected, and says so at the end', async () => {
    const at = await cohortOf(people(12).map((who, i) => [[A, B, C][i % 3] as string, who] as const));
    const api = await sandbox('--limit', '100', '--record', at.record);
    await api.control({ disconnected: [B] });
    for (const flags of [[], ['--no-precheck']]) {
      const ended = await cli(['run', at.cohort, ...bare(api), ...flags], api.env);
      expect(ended.code).toBe(5);
      expect(ended.stderr).toMatch(
        /1 of \d sending phones stopped: 9198•••••222: the sending phone is not connected.*\n$/,
      );
      const rows = await results(at.out);
      const of = (sender: string) => rows.filter((row) => row['sender'] === sender);
      expect(new Set(of(A).map((row) => row['status']))).toEqual(new Set(['added']));
      expect(new Set(of(C).map((row) => row['status']))).toEqual(new Set(['added']));
      // Without the precheck an ask finds out: it is lost, and everybody after it is not attempted.
      const left = of(B).filter((row) => row['status'] === 'not_attempted');
      if (flags.length === 0) expect(left).toHaveLength(4);
      expect(new Set(left.map((row) => row['reason_code']))).toEqual(
        left.length > 0 ? new Set(['phone_not_connected']) : new Set(),
      );
    }
    await api.control({ disconnected: [] });
    await cli(['run', at.cohort, ...bare(api), '--retry', 'unknown'], api.env);
    expect(new Set((await results(at.out)).map((row) => row['status']))).toEqual(new Set(['added']));
    expect((await api.counts()).senders).toEqual({ [A]: 4, [B]: expect.any(Number), [C]: 4 });
  });

  it('ends at once when no phone is connected, or the key is rejected', async () => {
    const at = await cohortOf([
      [A, phone(1)],
      [B, phone(2)],
    ]);
    const api = await sandbox('--limit', '100', '--record', at.record);
    await api.control({ phoneConnected: false });
    const ended = await cli(['run', at.cohort, ...bare(api)], api.env);
    expect([ended.code, ended.stderr]).toEqual([
      5,
      expect.stringMatching(/2 of 2 sending phones stopped: .*111.*; .*222.*\n$/),
    ]);
    const wrong = await cli(['run', at.cohort, ...bare(api), '--no-precheck'], {
      PERISKOPE_API_KEY: 'pk_wrong_key_1234',
    });
    expect(wrong.code).toBe(5);
    expect((await results(at.out)).map((row) => row['reason_code'])).toEqual([
      'key_rejected',
      'key_rejected',
    ]);
    expect((await api.counts()).asks).toBe(0);
  });

  it.each(['key', 'phone'])('keeps --daily-cap and --gap for each phone, --limit-per %s', async (per) => {
    const at = await cohortOf([
      ...people(5).map((who) => [A, who] as const),
      ...people(3, 10).map((who) => [B, who] as const),
    ]);
    const api = await sandbox('--limit', '100', '--record', at.record);
    const ended = await cli(
      [
        'run',
        at.cohort,
        ...bare(api),
        '--limit-per',
        per,
        '--daily-cap',
        '4',
        '--gap',
        '300ms..300ms',
        '--no-precheck',
      ],
      api.env,
    );
    expect([ended.code, ended.stderr]).toEqual([75, expect.stringMatching(/--daily-cap 4\n$/)]);
    expect((await api.counts()).senders).toEqual({ [A]: 4, [B]: 3 });
    expect((await results(at.out)).map((row) => row['reason_code'])).toEqual([
      ...['', '', '', '', 'daily_cap', '', '', ''],
    ]);
    // By the run's own record of them: how long each takes to arrive is the machine's. A record is written ahead of its
    // ask's instant, by the time that a write may take: at most 50 ms (rate-limit/lead.ts).
    const asks = (await results(at.out)).filter((row) => row['asked_at']);
    const times = (sender: string) =>
      asks.filter((row) => row['sender'] === sender).map((row) => Date.parse(row['asked_at'] as string));
    for (const sender of [A, B]) {
      const gaps = times(sender)
        .slice(1)
        .map((at, i) => at - (times(sender)[i] as number));
      for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(300 - 50);
    }
    // Side by side, and not one after the other.
    expect(Math.max(times(A)[0] as number, times(B)[0] as number)).toBeLessThan(
      Math.min(times(A)[3] as number, times(B)[2] as number),
    );
  });

  it('stops in good order on a signal, and goes on', async () => {
    const at = await cohortOf(people(20).map((who, i) => [i % 2 ? A : B, who] as const));
    const api = await sandbox('--limit', '5', '--window', '1s', '--record', at.record);
    const running = start(['run', at.cohort, ...bare(api), '--no-precheck'], api.env);
    while ((await api.counts()).asks < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
    const asked = (await api.counts()).asks;
    expect((await results(at.out)).filter((row) => row['reason_code'] === 'interrupted')).toHaveLength(
      20 - asked,
    );
    expect((await cli(['run', at.cohort, ...bare(api)], api.env)).code).toBe(0);
    const counts = await api.counts();
    expect(counts.asks).toBe(20);
    expect(counts.senders).toEqual({ [A]: 10, [B]: 10 });
  });

  // What the server counts by, and what the run is told.
  it.each([
    ['key', 'key'],
    ['phone', 'phone'],
    ['phone', 'key'],
  ] as const)('keeps a limit by the %s, told --limit-per %s', async (by, told) => {
    const once = async () => {
      const at = await cohortOf(people(90).map((who, i) => [[A, B, C][i % 3] as string, who] as const));
      const api = await sandbox('--limit', '10', '--window', '1s', '--latency', '10ms', '--limit-by', by);
      const before = performance.now();
      const ended = await cli(['run', at.cohort, ...bare(api), '--limit-per', told], api.env);
      const seconds = (performance.now() - before) / 1000;
      expect(ended.code).toBe(0);
      const counts = await api.counts();
      expect([counts.throttled, counts.asks]).toEqual([0, 90]);
      expect(counts.senders).toEqual({ [A]: 30, [B]: 30, [C]: 30 });
      return seconds;
    };
    // By the key 96 requests at 10 per second, by the phone 32 each; a machine that is busy with something else can make
    // that long, and would have to three times in a row.
    if (told === 'phone') expect(await bestOfThree(once, (seconds) => seconds < 7)).toBeLessThan(7);
    else if (by === 'key') expect(await once()).toBeGreaterThan(8.5);
    else await once();
  });

  it('--max-rate is the whole run’s, whatever the server counts by', async () => {
    const at = await cohortOf(people(12).map((who, i) => [[A, B, C][i % 3] as string, who] as const));
    const api = await sandbox('--limit', '100', '--limit-by', 'phone');
    const flags = ['--limit-per', 'phone', '--max-rate', '4/s', '--no-precheck'];
    expect((await cli(['run', at.cohort, ...bare(api), ...flags], api.env)).code).toBe(0);
    expect((await api.counts()).senders).toEqual({ [A]: 4, [B]: 4, [C]: 4 });
    const times = (await results(at.out)).map((row) => Date.parse(row['asked_at'] as string));
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2_200);
  });

  it('--limit-per phone with fewer asks in flight than phones: 2, one line, nothing sent', async () => {
    const at = await cohortOf(people(6).map((who, i) => [[A, B, C][i % 3] as string, who] as const));
    const api = await sandbox('--limit', '100');
    const ended = await cli(
      ['run', at.cohort, ...bare(api), '--limit-per', 'phone', '--concurrency', '2'],
      api.env,
    );
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('--concurrency 2 is less than the 3 sending phones');
    expect((await api.counts()).asks).toBe(0);
  });

  it('says in check and in a dry run how many people each phone asks', async () => {
    const at = await cohortOf([
      [A, phone(1)],
      [A, phone(2)],
      [B, phone(3)],
      ['', phone(4)],
      ['nonsense', phone(5)],
    ]);
    const checked = await cli(['check', at.cohort]);
    expect(checked.stdout).toContain('sender: “nonsense” is not a sending phone');
    expect(checked.stdout).toContain(
      [
        '3 sending phones',
        '        2  9198•••••111',
        '        1  9198•••••222',
        '        1  rows that name none: the one of --phone',
      ].join('\n'),
    );
    const dry = await cli(['run', at.cohort, '--dry-run', '--phone', SENDER], {});
    expect(dry.code).toBe(4);
    expect(dry.stderr).toContain('"senders":{"9198•••••111":2,"9198•••••222":1,"9198•••••210":1}');
  });

  it('follows up through the phones that invited', async () => {
    const at = await cohortOf([
      [A, phone(1, 3)],
      [B, phone(2, 3), OTHER],
    ]);
    const api = await sandbox('--limit', '100');
    expect((await cli(['run', at.cohort, ...bare(api)], api.env)).code).toBe(0);
    expect((await results(at.out)).map((row) => row['status'])).toEqual(['invited', 'invited']);
    await api.control({ join: [[OTHER, phone(2, 3)]] });
    expect((await cli(['follow-up', at.out, ...bare(api)], api.env)).code).toBe(4);
    expect((await results(at.out)).map((row) => [row['status'], row['sender']])).toEqual([
      ['invited', A],
      ['joined', B],
    ]);
  });
});
