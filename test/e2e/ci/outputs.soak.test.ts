import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SummarySchema } from '../../../src/report/summary/summary-json.ts';
import { scratch } from '../../helpers.ts';
import { parseXml } from '../../report/xml.ts';
import { cli } from '../follow-up-trial.ts';
import { csv, FIXTURES, GROUP, phone, SENDER, sandbox } from '../harness.ts';

const PHONE = /(?<!\d)9198\d{8}(?!\d)/;

describe('in CI', () => {
  it('leaves a page, annotations and files for machines, none of which holds a phone number', async () => {
    const dir = await scratch();
    const path = (name: string) => join(dir, name);
    const api = await sandbox('--limit', '20');
    await writeFile(path('cohort.csv'), csv([1, 3, 5, 6, 1, 3].map((ending, i) => phone(i, ending))));
    await writeFile(path('page.md'), 'what an earlier command left\n');
    const env = { ...api.env, GITHUB_ACTIONS: 'true', CI: 'true', GITHUB_STEP_SUMMARY: path('page.md') };
    const files = [
      '--summary-json',
      path('s.json'),
      '--junit',
      path('j.xml'),
      '--metrics-file',
      path('m.prom'),
    ];
    const ended = await cli(['run', path('cohort.csv'), ...api.args, ...files], env);
    expect([ended.code, ended.stdout]).toEqual([4, '']);

    const commands = ended.stderr.split('\n').filter((line) => line.startsWith('::'));
    expect(commands).toEqual([
      '::group::group-onboard: summary',
      '::endgroup::',
      expect.stringMatching(/^::warning title=1 row failed%3A (not_on_whatsapp|privacy_blocked)::/),
      expect.stringMatching(/^::warning title=1 row failed%3A (not_on_whatsapp|privacy_blocked)::/),
    ]);
    const page = await readFile(path('page.md'), 'utf8');
    expect(page).toMatch(/^what an earlier command left\n## group-onboard run: 6 rows, 2 to look at/);

    const summary = JSON.parse(await readFile(path('s.json'), 'utf8'));
    expect(SummarySchema.parse(summary)).toEqual(summary);
    const counts = await api.counts();
    expect(summary).toMatchObject({
      exit_code: 4,
      rows: 6,
      asks: counts.asks,
      status: { added: 2, invited: 2, failed: 2 },
      groups: [{ chat_id: GROUP, rows: 6, name: expect.stringMatching(/cohort/) }],
      // A number that is masked cannot be typed: what can be is there, the rest in words.
      next: `when the reasons are gone: group-onboard run ${path('cohort.csv')} --base-url ${api.url} ${files.join(' ')} --retry failed (with your --phone)`,
    });
    expect(ended.stderr).toContain(`\nnext     ${summary.next}\n`);
    expect(summary.duration_seconds * 1000).toBeGreaterThanOrEqual(summary.waits.total_seconds * 1000);
    expect(Date.parse(summary.ended_at) - Date.parse(summary.started_at)).toBeGreaterThan(0);

    const suite = parseXml(await readFile(path('j.xml'), 'utf8')).children[0]!;
    expect(suite.attributes).toMatchObject({ tests: '1', failures: '1' });
    const metrics = await readFile(path('m.prom'), 'utf8');
    expect(metrics).toContain(`group_onboard_asks{cohort="cohort.csv"} ${counts.asks}\n`);
    expect((await stat(path('m.prom'))).mode & 0o777).toBe(0o644);

    const published = [
      ...commands,
      page,
      JSON.stringify(summary),
      await readFile(path('j.xml'), 'utf8'),
      metrics,
    ];
    for (const text of published) expect(text).not.toMatch(PHONE);
    expect(counts.asks).toBe(6);
    expect(Object.values(counts.pairs).every(({ asked }) => asked === 1)).toBe(true);
  });

  it('folds the summary in GitLab; with --quiet there is none, and the files are there all the same', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '20');
    await writeFile(cohort, csv([phone(1)]));
    const gitlab = await cli(['run', cohort, ...api.args], { ...api.env, GITLAB_CI: 'true' });
    // The escape of GitLab's marks, shown as ^.
    const shown = gitlab.stderr.replaceAll('\u001b', '^');
    expect(shown).toMatch(/\^\[0Ksection_start:\d+:group_onboard_summary\r\^\[0Kgroup-onboard: summary\n/);
    expect(shown).toMatch(/1 {2}added [\s\S]*\^\[0Ksection_end:\d+:group_onboard_summary\r\^\[0K\n$/);
    const page = join(dir, 'page.md');
    const quiet = await cli(['run', cohort, ...api.args, '--quiet'], {
      ...api.env,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: page,
    });
    expect([quiet.code, quiet.stderr]).toEqual([0, '']);
    expect(await readFile(page, 'utf8')).toContain('1 row (exit code 0)');
    expect((await api.counts()).asks).toBe(1);
  });

  it('says at the start which file cannot be used, and asks nobody', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox();
    await writeFile(cohort, csv([phone(1)]));
    for (const [flags, says] of [
      [['--junit', join(dir, 'absent', 'j.xml')], /absent/],
      [['--metrics-file', '-'], /--metrics-file needs a file/],
      [['--summary-json', cohort], /--summary-json .* is used already/],
      [['--junit', join(dir, 'x'), '--metrics-file', join(dir, 'x')], /--metrics-file .* is used already/],
    ] as const) {
      const ended = await cli(['run', cohort, ...api.args, ...flags], api.env);
      expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(says)]);
    }
    // A page that cannot be written is no reason to fail.
    const env = { ...api.env, GITHUB_STEP_SUMMARY: join(dir, 'absent', 'page.md') };
    expect((await cli(['run', cohort, ...api.args], env)).code).toBe(0);
    expect((await api.counts()).asks).toBe(1);
  });

  it('tells time spent waiting from time spent asking', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await copyFile(join(FIXTURES, 'cohort.csv'), cohort);
    const api = await sandbox('--limit', '20', '--window', '1s');
    const args = [...api.args.slice(0, 2), '--phone', SENDER, '--summary-json', join(dir, 's.json')];
    await cli(['run', cohort, ...args], api.env);
    const summary = JSON.parse(await readFile(join(dir, 's.json'), 'utf8'));
    const { asks } = await api.counts();
    expect(summary.asks).toBe(asks);
    // 55 asks and 5 reads at 20 a second: two windows at least have to be waited for.
    expect(summary.waits.total_seconds).toBeGreaterThan(1);
    expect(summary.waits.total_seconds).toBeLessThanOrEqual(summary.duration_seconds);
  });
});
