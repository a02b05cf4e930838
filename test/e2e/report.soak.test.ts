import { existsSync } from 'node:fs';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, csv, FIXTURES, GROUP, phone, results, sandbox } from './harness.ts';

const mode = async (path: string) => (await stat(path)).mode & 0o777;
/** `<td class="num line">12</td>` … of the list of everyone. */
const listed = (html: string) =>
  [...html.matchAll(/<tr data-s="(\w+)" data-g="[^"]*"><td class="num line">(\d+)</g)].map(
    ([, status, line]) => [line, status],
  );

describe('run --report', () => {
  it('writes a page with every row, the groups’ names and links, and the pace', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const page = join(dir, 'page.html');
    const api = await sandbox('--limit', '10');
    await writeFile(cohort, csv([phone(1), phone(2, 3), phone(3, 5), phone(4, 6), '12', phone(1)]));
    const ended = await cli(['run', cohort, ...api.args, '--report', page], api.env);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(/^report {3}\S+page\.html$/m);
    expect(await mode(page)).toBe(0o600);
    const html = await readFile(page, 'utf8');
    const rows = await results(join(dir, 'cohort.results.csv'));
    expect(listed(html)).toEqual(rows.map((row) => [row['row'], row['status']]));
    expect(html).toMatch(
      /<h3 dir="auto">[^<@]+<\/h3>\s*<p class="soft"><code>120363371308389685@g\.us<\/code>/,
    );
    expect(html).toMatch(/<a href="https:\/\/chat\.whatsapp\.com\/[\w-]+"/);
    expect(html).toMatch(/members when last read/);
    expect(html).toContain('4 asks');
    expect(html).toContain('The server allows 10 in 1 s. It never answered “too many requests”.');
    expect(html).not.toContain(api.env['PERISKOPE_API_KEY']);

    // Again, over the report that is there: the same people, and nobody is asked.
    const { asks } = await api.counts();
    expect((await cli(['run', cohort, ...api.args, '--report', page], api.env)).code).toBe(4);
    expect(listed(await readFile(page, 'utf8'))).toEqual(listed(html));
    expect((await api.counts()).asks).toBe(asks);
  });

  it('says why the run ended early', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox('--limit', '100');
    await writeFile(cohort, csv([phone(1), phone(2)]));
    const args = ['run', cohort, ...api.args, '--daily-cap', '1', '--report', join(dir, 'r.html')];
    expect((await cli(args, api.env)).code).toBe(75);
    const html = await readFile(join(dir, 'r.html'), 'utf8');
    expect(html).toContain('The run ended early: the sender reached --daily-cap 1.');
    expect(html).toContain('1 person is in their group and 1 was not asked yet.');
  });

  it('refuses to write over anything else, before anybody is asked', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const api = await sandbox();
    await writeFile(cohort, csv([phone(1)]));
    await writeFile(join(dir, 'precious.html'), '<p>precious');
    const refused: [string, RegExp][] = [
      [join(dir, 'precious.html'), /precious\.html exists and is no report of ours/],
      [cohort, /is used already/],
      [`${dir}/./cohort.csv`, /is used already/],
      [join(dir, 'cohort.results.csv'), /is used already/],
      [join(dir, 'absent', 'r.html'), /no such file or directory.*--report/],
      ['-', /--report needs a file/],
    ];
    for (const [path, says] of refused) {
      const ended = await cli(['run', cohort, ...api.args, '--report', path], api.env);
      expect([path, ended.code, ended.stderr]).toEqual([path, 2, expect.stringMatching(says)]);
    }
    expect((await api.counts()).asks).toBe(0);
    expect(await readFile(join(dir, 'precious.html'), 'utf8')).toBe('<p>precious');
    expect(await readFile(cohort, 'utf8')).toBe(csv([phone(1)]));
  });

  it('loses no results when the page cannot be written after all', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    await writeFile(cohort, csv([phone(1)]));
    const api = await sandbox();
    // A device that takes nothing: it looks writable until it is written.
    const ended = await cli(['run', cohort, ...api.args, '--report', '/dev/full'], api.env);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(/^ +1 {2}added/m);
    expect(ended.stderr).toMatch(/\/dev\/full: the report could not be written: disk full/);
    expect(ended.stderr).not.toMatch(/^report /m);
    expect((await results(join(dir, 'cohort.results.csv')))[0]?.['status']).toBe('added');
  });
});

describe('report', () => {
  it('makes the page and the summary again from the results, with or without --excel', async () => {
    for (const flags of [[], ['--excel']]) {
      const dir = await scratch();
      const cohort = join(dir, 'cohort.csv');
      const api = await sandbox('--limit', '100');
      await writeFile(
        cohort,
        `name,chat_id,phone\n=1+1,${GROUP},+${phone(1)}\nBo,${GROUP},${phone(2, 5)}\nCy,${GROUP},5.6E+10\n`,
      );
      const ran = await cli(['run', cohort, ...api.args, ...flags], api.env);
      const before = await readFile(join(dir, 'cohort.results.csv'), 'utf8');
      const ended = await cli(['report', join(dir, 'cohort.results.csv')]);
      expect([ended.code, ended.stderr]).toEqual([0, '']);
      // The same summary, from the counts to the advice, and where the page is.
      const middle = (text: string) => text.slice(text.indexOf('3 rows'), text.indexOf('\nresults '));
      const names = (text: string) => text.replace(/(?<=\ngroups\n) {2}.*(?= 1 added)/, '');
      expect(names(middle(ended.stdout))).toBe(names(middle(ran.stderr)));
      expect(ended.stdout).toMatch(/^report {3}\S+cohort\.results\.html$/m);
      const page = join(dir, 'cohort.results.html');
      expect(await mode(page)).toBe(0o600);
      const html = await readFile(page, 'utf8');
      expect(listed(html)).toEqual([
        ['2', 'added'],
        ['3', 'failed'],
        ['4', 'invalid'],
      ]);
      expect(html).toContain('<span class="lead" dir="auto">=1+1</span>');
      expect(html).toContain(`<span class="tel">+${phone(1)}</span>`);
      expect(html).toContain('<q>5.6E+10</q>');
      expect(html).toContain('2 asks');
      expect(await readFile(join(dir, 'cohort.results.csv'), 'utf8')).toBe(before);
    }
  });

  it('says which rows it left out, when the file was edited', async () => {
    const dir = await scratch();
    const path = join(dir, 'mine.csv');
    const fixture = await readFile(join(FIXTURES, 'results.csv'), 'utf8');
    // The fixture has one such row itself.
    await writeFile(path, fixture.replace(',added,', ',done,'));
    const ended = await cli(['report', path, '--report', join(dir, 'r.html')]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^4 rows\n[\s\S]*^note {5}2 rows without a status, not counted/m);
    expect(await readFile(join(dir, 'r.html'), 'utf8')).toContain('2 rows of the file hold no status');
  });

  it.each([
    ['a cohort', 'cohort.csv', /cohort\.csv is not a results CSV/],
    ['another CSV', 'no-phone-column.csv', /no-phone-column\.csv is not a results CSV/],
    ['nothing', 'empty.csv', /empty/],
    ['an absent file', 'absent.csv', /absent\.csv/],
    ['no text', 'binary.csv', /binary\.csv/],
  ])('refuses %s: exit 3, one line, no page', async (_what, name, says) => {
    const dir = await scratch();
    if (name !== 'absent.csv') await copyFile(join(FIXTURES, name), join(dir, name));
    const ended = await cli(['report', join(dir, name)]);
    expect([ended.code, ended.stdout]).toEqual([3, '']);
    expect(ended.stderr).toMatch(/^group-onboard: [^\n]+\n$/);
    expect(ended.stderr).toMatch(says);
    expect(existsSync(join(dir, name.replace('.csv', '.html')))).toBe(false);
  });

  it('refuses to write the page over the results', async () => {
    const dir = await scratch();
    const path = join(dir, 'results.csv');
    await copyFile(join(FIXTURES, 'results.csv'), path);
    const ended = await cli(['report', path, '--report', path]);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/is used already/)]);
    expect((await cli(['report', '-'])).code).toBe(2);
    expect(await readFile(path)).toEqual(await readFile(join(FIXTURES, 'results.csv')));
  });
});
