import { existsSync } from 'node:fs';
import { appendFile, copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SOAK, scratch, soakTest } from '../helpers.ts';
import { cli, csv, FIXTURES, GROUP, phone, results, SENDER, sandbox, start } from './harness.ts';

const COLUMNS =
  'name,_chat_id,phone,row,chat_id,participant,status,reason_code,message,http_status,attempts,trace_id,asked_at,settled_at';

/** The invariant of every run: nobody was asked more than once, whatever happened. */
function onceEach(counts: { pairs: Readonly<Record<string, { asked: number }>> }): void {
  const twice = Object.entries(counts.pairs).filter(([, pair]) => pair.asked > 1);
  expect(twice).toEqual([]);
}

describe('run', () => {
  soakTest(
    'results that say that people were asked, and no ledger: refused, whatever was done to them',
    async () => {
      const dir = await scratch();
      const cohort = join(dir, 'cohort.csv');
      const out = join(dir, 'cohort.results.csv');
      const ledger = `${out}.ledger.jsonl`;
      const api = await sandbox('--limit', '100');
      await writeFile(cohort, csv(['nonsense', phone(1), phone(2)]));
      expect((await cli(['run', cohort, ...api.args], api.env)).code).toBe(4);

      await rename(ledger, join(dir, 'elsewhere.jsonl'));
      const lost = await cli(['run', cohort, ...api.args], api.env);
      expect(lost.code).toBe(2);
      expect(lost.stderr.trim().split('\n')).toHaveLength(1);
      expect(lost.stderr).toContain(`${out} says that 2 people were asked (the first in row 3)`);
      expect(existsSync(ledger)).toBe(false);
      const [header, ...rows] = (await readFile(out, 'utf8')).trim().split('\n');
      await writeFile(out, `${[header, ...rows.reverse()].join('\r\n')}\r\n`);
      expect((await cli(['run', cohort, ...api.args], api.env)).code).toBe(2);
      expect((await api.counts()).asks).toBe(2);

      // Each of the ways out.
      const named = ['--ledger', join(dir, 'elsewhere.jsonl')];
      expect((await cli(['run', cohort, ...named, ...api.args], api.env)).code).toBe(4);
      expect((await cli(['run', out, ...api.args], api.env)).code).toBe(2);
      const rebuilt = ['rebuild-ledger', out, '--base-url', new URL(api.url).origin];
      expect((await cli(rebuilt)).code).toBe(0);
      expect((await cli(['run', out, ...api.args], api.env)).code).toBe(4);
      expect((await api.counts()).asks).toBe(2);
      await rename(out, join(dir, 'old.csv'));
      await rename(ledger, join(dir, 'old.jsonl'));
      const anew = ['run', cohort, '--no-precheck', ...api.args];
      expect((await cli(anew, api.env)).code).toBe(2);
      expect((await api.counts()).asks).toBe(2);
      expect((await cli([...anew, '--ask-again-in-new-ledger'], api.env)).code).toBe(4);
      expect((await api.counts()).asks).toBe(4);
    },
  );

  soakTest('results of a dry run and no ledger: nobody was asked, so it runs', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(cohort, csv([phone(1)]));
    expect((await cli(['run', cohort, '--dry-run', ...api.args], api.env)).code).toBe(0);
    expect((await cli(['run', cohort, ...api.args], api.env)).code).toBe(0);
    expect((await api.counts()).asks).toBe(1);
  });

  it('asks for everybody once, writes what happened, and asks nobody the second time', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    const people = Array.from({ length: 30 }, (_, i) => phone(i, (i % 5) + 1));
    await writeFile(cohort, csv([...people, people[0]!, 'nonsense']));

    const first = await cli(['run', cohort, ...api.args], api.env);
    expect(first.stdout).toBe('');
    expect(first.code).toBe(4); // the invalid row, and those not on WhatsApp
    const out = join(dir, 'cohort.results.csv');
    const text = await readFile(out, 'utf8');
    expect(text.split('\n')[0]).toBe(COLUMNS);
    const rows = await results(out);
    expect(rows.map((row) => row['row'])).toEqual(Array.from({ length: 32 }, (_, i) => String(i + 2)));
    expect(rows.map((row) => row['participant'])).toEqual([...people, people[0], '']);
    const by = (ending: number) =>
      new Set(rows.filter((_, i) => i < 30 && (i % 5) + 1 === ending).map((r) => r['status']));
    expect([by(1), by(2), by(3), by(4), by(5)].map((set) => [...set])).toEqual([
      ['added'],
      ['added'],
      ['invited'],
      ['already_member'],
      ['failed'],
    ]);
    expect([rows[30]!['status'], rows[31]!['status']]).toEqual(['duplicate', 'invalid']);
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect((await stat(`${out}.ledger.jsonl`)).mode & 0o777).toBe(0o600);

    const before = await api.counts();
    expect(before.asks).toBe(30);
    expect(before.throttled).toBe(0);
    onceEach(before);

    const second = await cli(['run', cohort, ...api.args], api.env);
    expect(second.code).toBe(4);
    expect(await readFile(out, 'utf8')).toBe(text);
    expect((await api.counts()).asks).toBe(30);

    await appendFile(cohort, [31, 32, 33].map((i) => `New ${i},${GROUP},${phone(i)}\n`).join(''));
    await cli(['run', cohort, ...api.args], api.env);
    const after = await api.counts();
    expect(after.asks).toBe(33);
    onceEach(after);
    expect(await results(out)).toHaveLength(35);
  });

  soakTest('keeps the whole allowance of the sandbox’s window, and no more', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '10', '--window', '1s');
    await writeFile(cohort, csv(Array.from({ length: 60 }, (_, i) => phone(i))));
    const ended = await cli(['run', cohort, ...api.args, '--no-precheck'], api.env);
    expect(ended.code).toBe(0);
    const counts = await api.counts();
    expect(counts.asks).toBe(60);
    expect(counts.throttled).toBe(0);
    onceEach(counts);
  });

  soakTest('goes on after kill -9: every row once, nobody asked twice', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '50');
    await writeFile(cohort, csv(Array.from({ length: 200 }, (_, i) => phone(i, 1 + (i % 3)))));
    const running = start(['run', cohort, ...api.args], api.env);
    while ((await api.counts()).asks < 70) await new Promise((resolve) => setTimeout(resolve, 5));
    running.child.kill('SIGKILL');
    expect((await running.ended).signal).toBe('SIGKILL');

    const ended = await cli(['run', cohort, ...api.args], api.env);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(rows).toHaveLength(200);
    expect(new Set(rows.map((row) => row['participant'])).size).toBe(200);
    onceEach(await api.counts());
    const unknown = rows.filter((row) => row['status'] === 'unknown');
    expect(ended.code).toBe(unknown.length > 0 ? 4 : 0);
    expect(unknown.length).toBeLessThanOrEqual(50);
    expect(rows.filter((row) => row['status'] === 'not_attempted')).toEqual([]);
  });

  it.each(SOAK ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : (['SIGINT', 'SIGHUP'] as const))(
    '%s: no new asks, results written, run again to go on',
    async (signal) => {
      const dir = await scratch();
      const cohort = join(dir, 'cohort.csv');
      const api = await sandbox('--limit', '5', '--window', '2s');
      await writeFile(cohort, csv(Array.from({ length: 20 }, (_, i) => phone(i))));
      const running = start(['run', cohort, ...api.args, '--no-precheck'], api.env);
      while ((await api.counts()).asks < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.code).toBe(signal === 'SIGINT' ? 130 : 143);
      const by = signal === 'SIGINT' ? 'you (Ctrl-C)' : signal;
      expect(ended.stderr.endsWith(`stopped by ${by}\n`)).toBe(true);
      const rows = await results(join(dir, 'cohort.results.csv'));
      const asked = (await api.counts()).asks;
      expect(rows.filter((row) => row['status'] === 'added')).toHaveLength(asked);
      expect(rows.filter((row) => row['reason_code'] === 'interrupted')).toHaveLength(20 - asked);

      await api.control({ limit: 1000 });
      expect((await cli(['run', cohort, ...api.args, '--no-precheck'], api.env)).code).toBe(0);
      const counts = await api.counts();
      expect(counts.asks).toBe(20);
      onceEach(counts);
    },
  );

  it('reads standard input, and writes standard output', async () => {
    const dir = await scratch();
    const api = await sandbox('--limit', '100');
    const ledger = join(dir, 'l.jsonl');
    const ended = await cli(
      ['run', '-', '-o', '-', '--ledger', ledger, ...api.args],
      api.env,
      csv([phone(1, 1), phone(2, 3)]),
    );
    expect(ended.code).toBe(0);
    const lines = ended.stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(COLUMNS);
    expect(lines.map((line) => line.split(',')[6])).toEqual(['status', 'added', 'invited']);
    expect((await api.counts()).asks).toBe(2);
  });

  soakTest('sends batches, and settles each person of them', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(cohort, csv([1, 3, 5, 6, 1, 3].map((ending, i) => phone(i, ending))));
    const ended = await cli(['run', cohort, ...api.args, '--batch-size', '4'], api.env);
    expect(ended.code).toBe(4);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(rows.map((row) => row['status'])).toEqual([
      'added',
      'invited',
      'failed',
      'failed',
      'added',
      'invited',
    ]);
    const counts = await api.counts();
    expect(counts.asks).toBe(2);
    onceEach(counts);
  });

  soakTest('waits for a batch as long as its people take', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--latency-per-person', '150ms');
    await writeFile(cohort, csv(Array.from({ length: 20 }, (_, i) => phone(i))));
    const flags = ['--batch-size', '20', '--request-timeout', '1s'];
    const ended = await cli(['run', cohort, ...api.args, ...flags], api.env);
    expect(ended.code).toBe(0);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(new Set(rows.map((row) => row['status']))).toEqual(new Set(['added']));
    const counts = await api.counts();
    expect(counts.asks).toBe(1);
    onceEach(counts);
  });

  soakTest('does not ask for members', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await api.control({ join: [[GROUP, phone(1)]] });
    await writeFile(cohort, csv([phone(1), phone(2)]));
    expect((await cli(['run', cohort, ...api.args], api.env)).code).toBe(0);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(rows.map((row) => [row['status'], row['reason_code'], row['attempts']])).toEqual([
      ['already_member', 'listed_as_member', '0'],
      ['added', '', '1'],
    ]);
    expect((await api.counts()).asks).toBe(1);
  });

  it('stops with 5 when the key is rejected, and attempts nobody', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox();
    await writeFile(cohort, csv([phone(1), phone(2)]));
    for (const flags of [[], ['--no-precheck']]) {
      const ended = await cli(['run', cohort, ...api.args, ...flags], {
        PERISKOPE_API_KEY: 'pk_wrong_key_1234',
      });
      expect(ended.code).toBe(5);
      expect(ended.stdout + ended.stderr).not.toContain('pk_wrong_key_1234');
      const rows = await results(join(dir, 'cohort.results.csv'));
      expect(rows.map((row) => [row['status'], row['reason_code']])).toEqual([
        ['not_attempted', 'key_rejected'],
        ['not_attempted', 'key_rejected'],
      ]);
    }
    expect((await api.counts()).asks).toBe(0);
    expect((await cli(['run', cohort, ...api.args], api.env)).code).toBe(0);
    onceEach(await api.counts());
  });

  soakTest('asks nobody in a dry run, and touches no ledger', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox();
    await writeFile(cohort, csv([phone(1), phone(2)]));
    const ended = await cli(['run', cohort, ...api.args, '--dry-run'], api.env);
    expect(ended.code).toBe(0);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(rows.map((row) => row['status'])).toEqual(['planned', 'planned']);
    expect((await api.counts()).asks).toBe(0);
    expect(existsSync(join(dir, 'cohort.results.csv.ledger.jsonl'))).toBe(false);
    expect((await cli(['run', cohort, '--dry-run'])).code).toBe(0);
  });

  soakTest('asks no more than --limit, and the rest the next time', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(cohort, csv([1, 2, 3, 4, 5].map((i) => phone(i))));
    const args = ['run', cohort, ...api.args, '--limit', '2'];
    expect((await cli(args, api.env)).code).toBe(75);
    expect((await api.counts()).asks).toBe(2);
    expect((await cli(args, api.env)).code).toBe(75);
    expect((await cli(args, api.env)).code).toBe(0);
    const counts = await api.counts();
    expect(counts.asks).toBe(5);
    onceEach(counts);
  });

  soakTest('keeps to --daily-cap across runs', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(cohort, csv([1, 2, 3, 4, 5].map((i) => phone(i))));
    const args = ['run', cohort, ...api.args, '--daily-cap', '3'];
    const first = await cli(args, api.env);
    expect([first.code, (await api.counts()).asks]).toEqual([75, 3]);
    expect(first.stderr).toMatch(/--daily-cap 3\n$/);
    expect([(await cli(args, api.env)).code, (await api.counts()).asks]).toEqual([75, 3]);
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(rows.map((row) => row['reason_code'])).toEqual(['', '', '', 'daily_cap', 'daily_cap']);
    expect((await cli([...args.slice(0, -1), '9'], api.env)).code).toBe(0);
    onceEach(await api.counts());
  });

  soakTest('asks again for the failed with --retry, and from the results with both', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(cohort, csv([phone(1, 5), phone(2, 3), phone(3, 1)]));
    const asked = async () =>
      Object.fromEntries(
        Object.entries((await api.counts()).pairs).map(([pair, n]) => [pair.split(' ')[1], n.received]),
      );
    await cli(['run', cohort, ...api.args], api.env);
    await cli(['run', cohort, ...api.args, '--retry', 'failed'], api.env);
    expect(await asked()).toEqual({ [phone(1, 5)]: 2, [phone(2, 3)]: 1, [phone(3, 1)]: 1 });

    const again = join(dir, 'cohort.results.csv');
    const only = ['run', again, ...api.args, '--only-status', 'failed'];
    expect((await cli(only, api.env)).code).toBe(4);
    expect(await asked()).toEqual({ [phone(1, 5)]: 2, [phone(2, 3)]: 1, [phone(3, 1)]: 1 });
    expect((await cli([...only, '--retry', 'failed'], api.env)).code).toBe(4);
    expect(await asked()).toEqual({ [phone(1, 5)]: 3, [phone(2, 3)]: 1, [phone(3, 1)]: 1 });
    // Without the flag, a results CSV sends nobody anything that has been settled.
    await cli(['run', again, ...api.args, '-o', join(dir, 'third.csv')], api.env);
    expect(await asked()).toEqual({ [phone(1, 5)]: 3, [phone(2, 3)]: 1, [phone(3, 1)]: 1 });
    const rows = await results(join(dir, 'third.csv'));
    expect(rows.map((row) => row['status'])).toEqual(['failed', 'invited', 'added']);
  });

  soakTest('runs the fixture cohort through the embedded sandbox, a line per row', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await copyFile(join(FIXTURES, 'cohort.csv'), cohort);
    const ended = await cli(['run', cohort, '--sandbox', '--summary-json', join(dir, 'summary.json')]);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain('sandbox: nobody was contacted');
    const rows = await results(join(dir, 'cohort.sandbox.results.csv'));
    const summary = JSON.parse(await readFile(join(dir, 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({
      version: 1,
      sandbox: true,
      exit_code: 4,
      rows: rows.length,
      throttled: 0,
    });
    const total = Object.values(summary.status as Record<string, number>).reduce((sum, n) => sum + n, 0);
    expect(total).toBe(rows.length);

    // A sandbox ledger is no ledger of the real thing, and the other way round.
    const output = join(dir, 'cohort.sandbox.results.csv');
    const real = await cli(['run', cohort, '-o', output, '--phone', SENDER], { PERISKOPE_API_KEY: 'pk_x' });
    expect(real.code).toBe(2);
    expect(real.stderr).toMatch(/sandbox/);
  });
});

describe('--excel', () => {
  soakTest('writes what Excel leaves alone, which reads again as the same cohort', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(
      cohort,
      `name,chat_id,phone\n=HYPERLINK("x"),${GROUP},+${phone(1)}\n@SUM(1),${GROUP},${phone(2, 5)}\n`,
    );
    await cli(['run', cohort, ...api.args, '--excel'], api.env);
    const out = join(dir, 'cohort.results.csv');
    const text = await readFile(out, 'utf8');
    expect(text.startsWith('\ufeff')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text).not.toMatch(/(^|,)"?[=@]/m);
    expect(text).not.toMatch(/(^|,)\d{12,}(,|$)/m);

    const again = await cli(
      ['run', out, ...api.args, '--retry', 'failed', '-o', join(dir, 'again.csv')],
      api.env,
    );
    expect(again.code).toBe(4);
    const rows = await results(join(dir, 'again.csv'));
    // What was written for Excel stays so.
    expect(rows.map((row) => [row['participant'], row['status']])).toEqual([
      [`'${phone(1)}`, 'added'],
      [`'${phone(2, 5)}`, 'failed'],
    ]);
    const { pairs } = await api.counts();
    expect(Object.values(pairs).map((pair) => pair.received)).toEqual([1, 2]);
  });
});
