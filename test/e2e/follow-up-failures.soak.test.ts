import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cli, trial } from './follow-up-trial.ts';
import { csv, GROUP, phone, SENDER } from './harness.ts';
import { inProcess } from './in-process.ts';

describe('follow-up that cannot', () => {
  it('ends with 4 when a group cannot be read, 5 without a valid key, 75 without an API: nothing is touched', async () => {
    const hidden = GROUP.replace(/\d{4}@/, '0500@');
    const { api, out, followUp } = await trial([], [], csv([phone(1, 3)], hidden));
    const before = await readFile(out, 'utf8');
    const unread = await followUp();
    expect([unread.code, unread.stdout]).toEqual([4, expect.stringMatching(/1 {2}unknown: their group/)]);
    const rejected = await cli(['follow-up', out, ...api.args], { PERISKOPE_API_KEY: 'pk_wrong_key_1234' });
    expect([rejected.code, rejected.stdout]).toEqual([5, expect.stringMatching(/stopped .*key/)]);
    expect(rejected.stdout + rejected.stderr).not.toContain('pk_wrong_key_1234');
    expect((await api.counts()).asks).toBe(1);
    api.kill();
    const away = await followUp();
    expect(away.code).toBe(75);
    expect(await readFile(out, 'utf8')).toBe(before);
  });

  it('refuses what it could not write again as it was', async () => {
    const { api, cohort, out, followUp } = await trial([3, 1]);
    const none = await cli(['follow-up', cohort, ...api.args], api.env);
    expect([none.code, none.stderr]).toEqual([
      3,
      expect.stringMatching(/is not a results CSV: .*; give .* beside it, \S+\.results\.csv\n$/),
    ]);
    const form = `${cohort}.form.csv`;
    await writeFile(form, 'Timestamp,Your name\n2026-01-01,Asha\n');
    const other = await cli(['follow-up', form, ...api.args], api.env);
    expect([other.code, other.stderr]).toEqual([
      3,
      expect.stringMatching(/is not a results CSV: .*; give the results CSV that run wrote\n$/),
    ]);
    expect((await cli(['follow-up', `${out}.absent`, ...api.args], api.env)).code).toBe(3);
    expect((await cli(['follow-up', '-', ...api.args], api.env)).code).toBe(2);
    expect((await followUp('--ledger', out)).code).toBe(2);
    expect((await followUp('--ledger', `${out}.absent`)).code).toBe(2);
    expect((await followUp('--older-than', 'long')).code).toBe(2);
    const noKey = await cli(['follow-up', out, '--phone', SENDER]);
    expect([noKey.code, noKey.stderr]).toEqual([2, expect.stringContaining('PERISKOPE_API_KEY')]);
    // The sandbox's ledger is none of the API's, and the other way round.
    expect((await cli(['follow-up', out, '--sandbox'])).code).toBe(2);

    const broken = `${await readFile(out, 'utf8')}too,few\n`;
    await writeFile(out, broken);
    const ended = await followUp();
    expect([ended.code, ended.stderr]).toEqual([
      3,
      expect.stringMatching(/results\.csv row 4: .*nothing was changed/),
    ]);
    expect(await readFile(out, 'utf8')).toBe(broken);
    expect((await api.counts()).asks).toBe(2);
  });

  it('ends with 143 on SIGTERM, however long the API takes: nothing is touched', async () => {
    const { api, out } = await trial([3]);
    const before = await readFile(out, 'utf8');
    await api.control({ holdMs: 60_000 });
    const args = ['follow-up', out, ...api.args, '--log-level', 'silent'];
    const ended = await inProcess(args, api.env, 300);
    expect([ended.code, ended.stdout]).toEqual([143, expect.stringContaining('stopped by SIGTERM')]);
    expect(await readFile(out, 'utf8')).toBe(before);
    await api.control({ holdMs: 0 });
    expect((await api.counts()).asks).toBe(1);
  });
});
