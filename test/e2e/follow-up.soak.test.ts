import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { chatReads, cli, trial } from './follow-up-trial.ts';
import { GROUP, phone, results } from './harness.ts';

const OTHER = '120363398840217746@g.us';

describe('follow-up', () => {
  it('writes joined for whoever has come in, and changes nothing else', async () => {
    const { api, cohort, out, followUp } = await trial([3, 1, 3, 11, 5, 3]);
    const before = await readFile(out, 'utf8');
    const asked = (await api.counts()).asks;
    const reads = await chatReads(api);
    await api.control({
      join: [
        [GROUP, phone(0, 3)],
        [GROUP, phone(3, 11)],
      ],
    });

    const started = Date.now();
    const ended = await followUp('--log-level', 'silent');
    expect(ended.code).toBe(4);
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toMatch(/4 people invited\n +2 {2}joined.*\n +2 {2}still out\n/);
    expect(ended.stdout).toMatch(/2 joined, 2 still out\n/);
    expect(ended.stdout).not.toMatch(/\d{10}/);

    const [old, fresh] = [before.trimEnd().split('\n'), (await readFile(out, 'utf8')).trimEnd().split('\n')];
    expect(fresh[0]).toBe(old[0]);
    const changed = fresh.flatMap((line, i) => (line === old[i] ? [] : [i]));
    expect(changed).toEqual([1, 4]);
    const rows = await results(out);
    const was = (await import('csv-parse/sync')).parse(before, { columns: true }) as Record<string, string>[];
    for (const i of [0, 3]) {
      const { status, reason_code, settled_at, ...kept } = rows[i]!;
      const { status: _s, reason_code: _r, settled_at: _t, ...keptBefore } = was[i]!;
      expect([status, reason_code]).toEqual(['joined', 'accepted_invite']);
      expect(Date.parse(settled_at!)).toBeGreaterThanOrEqual(started);
      expect(kept).toEqual(keptBefore);
    }
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect((await chatReads(api)) - reads).toBe(1);

    // The ledger knows it too: the next run writes the very same bytes, and asks nobody.
    const followed = await readFile(out, 'utf8');
    await cli(['run', cohort, ...api.args], api.env);
    expect(await readFile(out, 'utf8')).toBe(followed);
    expect((await api.counts()).asks).toBe(asked);
  });

  it('leaves the file alone when nobody has come in, and ends with 0 when nobody is out', async () => {
    const { api, out, followUp } = await trial([3, 1]);
    const [text, { mtimeMs }] = [await readFile(out, 'utf8'), await stat(out)];
    const ended = await followUp();
    expect([ended.code, ended.stdout]).toEqual([4, expect.stringContaining('results  unchanged')]);
    expect([await readFile(out, 'utf8'), (await stat(out)).mtimeMs]).toEqual([text, mtimeMs]);

    await api.control({ join: [[GROUP, phone(0, 3)]] });
    expect((await followUp()).code).toBe(0);
    const reads = await chatReads(api);
    // Without notifications, joined is joined, also when they leave again; and with nobody to look for, no group is read.
    await api.control({ leave: [[GROUP, phone(0, 3)]], notifications: false });
    const again = await followUp();
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('0 people invited')]);
    expect((await results(out))[0]!['status']).toBe('joined');
    expect(await chatReads(api)).toBe(reads);
    expect((await api.counts()).asks).toBe(2);
  });

  it('writes left for whoever has gone since, and nothing asks them again', async () => {
    const { api, cohort, out, followUp } = await trial([3, 1, 3, 1, 5]);
    await api.control({ join: [[GROUP, phone(0, 3)]] });
    expect((await followUp()).code).toBe(4);
    await api.control({ leave: [[GROUP, phone(0, 3)]], remove: [[GROUP, phone(1, 1)]] });
    const ended = await followUp();
    expect(ended.code).toBe(4);
    expect(ended.stdout).toMatch(/2 {2}left: .*\n +1 {2}still out\n/);
    const expected = ['left/left_since', 'left/left_since', 'invited/', 'added/', 'failed/not_on_whatsapp'];
    const rows = async () => (await results(out)).map((row) => `${row['status']}/${row['reason_code']}`);
    expect(await rows()).toEqual(expected);
    const followed = await readFile(out, 'utf8');
    await cli(['run', cohort, ...api.args, '--retry', 'invited,unknown'], api.env);
    expect((await rows()).slice(0, 2)).toEqual(expected.slice(0, 2));
    expect((await cli(['run', cohort, ...api.args, '--retry', 'left'], api.env)).code).toBe(2);
    // Neither without the ledger.
    await writeFile(out, followed);
    const only = ['--only-status', 'left', '-o', `${out}.2.csv`];
    await cli(['run', out, ...api.args, ...only], api.env);
    expect((await results(`${out}.2.csv`))[0]!['status']).toBe('left');
    const { pairs } = await api.counts();
    expect([0, 1].map((i) => pairs[`${GROUP} ${phone(i, [3, 1][i])}`]?.received)).toEqual([1, 1]);
  });

  it('reads each group once, and says who is out in which', async () => {
    const text = `name,chat_id,phone\nA,${GROUP},${phone(1, 3)}\nB,${OTHER},${phone(2, 3)}\nC,${OTHER},${phone(3, 3)}\n`;
    const { api, out, followUp } = await trial([], [], text);
    const reads = await chatReads(api);
    await api.control({ join: [[OTHER, phone(2, 3)]] });
    const ended = await followUp('--list');
    expect((await chatReads(api)) - reads).toBe(2);
    expect(ended.stdout).toMatch(/^ {2}\S.* 1 still out$/m);
    expect(ended.stdout).toMatch(/^ {2}\S.* 1 joined, 1 still out$/m);
    expect(ended.stdout).toContain(`${out} row 2: 9198•••••003`);
    expect(ended.stdout).toContain(`${out} row 4: 9198•••••003`);
    expect(ended.stdout).not.toContain(`${out}:3:`);
    expect((await api.counts()).asks).toBe(3);
  });

  it('names invites that have expired, by line', async () => {
    const { api, out, followUp } = await trial([3, 3, 3, 11, 11]);
    await rm(`${out}.ledger.jsonl`);
    const rows = (await readFile(out, 'utf8')).trimEnd().split('\n');
    const askedAt = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    const aged = rows.map((row, i) =>
      i === 0 ? row : row.replace(/[^,]+(,[^,]+)$/, `${askedAt(i === 2 || i === 4 ? 4 : 2)}$1`),
    );
    await writeFile(out, `${aged.join('\n')}\n`);
    const ended = await followUp('--older-than', '3d');
    expect(ended.stdout).toContain('1 invite older than 3 d');
    expect(ended.stdout).toMatch(/^ +3 {2}still out\n +2 {2}waiting for a group admin/m);
    // Requests do not expire: they are no expired invites, and stand apart.
    const [expired, requests] = ended.stdout.split(
      '1 request older than 3 d 0 h, waiting for a group admin: not expired',
    );
    expect(expired).toMatch(/results\.csv row 3: .*asked 4 d 0 h ago/);
    expect(expired).not.toMatch(/results\.csv:[2456]:/);
    expect(requests).toMatch(/results\.csv row 5: .*asked 4 d 0 h ago/);
    expect(requests).not.toMatch(/results\.csv:[2346]:/);
    expect(existsSync(`${out}.ledger.jsonl`)).toBe(false);
    expect((await api.counts()).asks).toBe(5);
  });

  it('keeps what --excel has written, and odd cells, as they are', async () => {
    const text = `name,chat_id,phone,note\n=HYPERLINK("x"),${GROUP},+${phone(1, 3)},"two\nlines"\n'@x,${GROUP},${phone(2, 3)},00123\n`;
    for (const flags of [[], ['--excel']]) {
      const { api, out, followUp } = await trial([], flags, text);
      const before = await readFile(out, 'utf8');
      await api.control({ join: [[GROUP, phone(2, 3)]] });
      expect((await followUp()).code).toBe(4);
      const line = flags.length > 0 ? '\r\n' : '\n';
      const [old, fresh] = [before.split(line), (await readFile(out, 'utf8')).split(line)];
      expect(fresh.slice(0, -2)).toEqual(old.slice(0, -2));
      expect(fresh.at(-2)).not.toBe(old.at(-2));
      expect(fresh.at(-2)!.startsWith(old.at(-2)!.split(',invited,')[0]!)).toBe(true);
      expect((await api.counts()).asks).toBe(2);
    }
  });

  it('writes elsewhere with --output, and on stdout', async () => {
    const { api, out, followUp } = await trial([3, 3]);
    const before = await readFile(out, 'utf8');
    await api.control({ join: [[GROUP, phone(0, 3)]] });
    const ended = await followUp('-o', '-', '--log-level', 'silent');
    expect(ended.stdout.split('\n')[1]).toContain(',joined,accepted_invite,');
    expect(ended.stderr).toContain('1 still out');
    const other = `${out}.new.csv`;
    expect((await followUp('-o', other)).code).toBe(4);
    expect(await readFile(other, 'utf8')).toBe(ended.stdout);
    expect(await readFile(out, 'utf8')).toBe(before);
    expect((await api.counts()).asks).toBe(2);
  });

  it('leaves a summary for machines and a job page', async () => {
    const { api, out, followUp } = await trial([3, 3]);
    await api.control({ join: [[GROUP, phone(0, 3)]] });
    const file = `${out}.json`;
    const page = `${out}.md`;
    const env = { ...api.env, GITHUB_STEP_SUMMARY: page, GITHUB_ACTIONS: 'true' };
    const ended = await cli(['follow-up', out, ...api.args, '--summary-json', file], env);
    expect(ended.stdout).toMatch(/^::group::.*\n[\s\S]*1 still out[\s\S]*\n::endgroup::\n$/);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      command: 'follow-up',
      exit_code: 4,
      asks: 0,
      status: { joined: 1, invited: 1 },
    });
    expect(await readFile(page, 'utf8')).toContain('1 joined, 1 still out');
    expect((await followUp()).code).toBe(4);
    expect((await api.counts()).asks).toBe(2);
  });
});
