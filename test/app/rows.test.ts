import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { openCohort } from '../../src/cohort/cohort.ts';
import { rowText } from '../../src/domain/words.ts';
import { phone } from '../e2e/harness.ts';
import { scratch } from '../helpers.ts';
import { api, desk } from './in-process.ts';

const GROUP = '120363371308389685@g.us';

/** A form's export: answers of several lines above whoever is in trouble, and a blank row. */
const FORM = `Timestamp,What is your full name?,Tell us about you,WhatsApp number,chat_id
1/2/2026,Asha Rao,"I like
long walks
and tea",+${phone(1)},${GROUP}
1/2/2026,Ravi Kumar,"Two
lines",nonsense,${GROUP}

1/2/2026,Meena Iyer,,,${GROUP}
1/2/2026,Zoé Núñez,,+${phone(4, 4)},${GROUP}
1/2/2026,Asha Rao,,${phone(1)},${GROUP}
`;

async function form(text = FORM) {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, text);
  return { dir, cohort, at: (name: string) => join(dir, name) };
}

describe('rows are those of the spreadsheet', () => {
  it.each([
    ['on one line each', 'phone,x\na,1\nb,2\n', ['row 2', 'row 3']],
    ['with a cell of three lines', 'phone,x\na,"1\n2\n3"\nb,2\n', ['row 2', 'row 3 (line 5)']],
    ['with CRLF in a cell', 'phone,x\r\na,"1\r\n2"\r\nb,2\r\n', ['row 2', 'row 3 (line 4)']],
    ['with CR alone', 'phone,x\ra,"1\r2"\rb,2\r', ['row 2', 'row 3 (line 4)']],
    ['with a header of two lines', '"phone\nnumber",x\na,1\n', ['row 2 (line 3)']],
    ['with blank lines', '\nphone,x\n\na,1\n\n\nb,2\n', ['row 4', 'row 7']],
    ['of nothing but delimiters between', 'phone,x\n,\na,1\n,\nb,2\n', ['row 3', 'row 5']],
    ['under sep=', 'sep=;\nphone;x\na;1\nb;2\n', ['row 2 (line 3)', 'row 3 (line 4)']],
    [
      'under a record whose quotes go on after their end',
      'phone,x\na,"1\n2"x\nb,2\n',
      ['row 2', 'row 2 (line 3)', 'row 3 (line 4)'],
    ],
    [
      'under a record of several lines that is too wide',
      'phone,x\n"a\nb",2,3\nc,4\n',
      ['row 2', 'row 2 (line 3)', 'row 3 (line 4)'],
    ],
    [
      'in quotes that never close',
      'phone,x\na,"1\nb,2\nc,3\n',
      ['row 2', 'row 2 (line 3)', 'row 2 (line 4)'],
    ],
  ])('%s', async (_what, text, rows) => {
    const { cohort } = await form(text);
    const found: string[] = [];
    const opened = await openCohort(cohort, { chatId: GROUP as never });
    for await (const batch of opened.readings()) found.push(...batch.map(({ row }) => rowText(row)));
    expect(found).toEqual(rows);
  });

  it('in check: with the names at a terminal, without them in a pipe', async () => {
    const { cohort } = await form();
    const piped = await desk().run('check', cohort);
    expect(piped.stdout).toContain('cohort.csv row 3 (line 5): WhatsApp number: “nonsense”');
    expect(piped.stdout).toContain('cohort.csv row 5 (line 8): WhatsApp number: the phone');
    expect(piped.stdout).not.toMatch(/Ravi|Meena/);
    const seen = await desk({}, [], true).run('check', cohort);
    expect(seen.stdout).toContain('cohort.csv row 3 (line 5), Ravi Kumar: WhatsApp number: “nonsense”');
    expect(seen.stdout).toContain('cohort.csv row 5 (line 8), Meena Iyer: WhatsApp number');
    const kept = await desk({ CI: 'true' }, [], true).run('check', cohort);
    expect(kept.stdout).not.toMatch(/Ravi|Meena/);
  });

  it('in the results, what to do, and the page; nobody is named in the log', async () => {
    const { cohort, at } = await form();
    const { sandbox, args, env } = await api();
    const files = ['-o', at('r.csv'), '--report', at('p.html')];
    const flags = [...args, ...files, '--progress', 'off', '--log-level', 'trace'];
    const told = await desk(env).run('run', cohort, ...flags);
    expect(told.code).toBe(4);
    const rows = parse(await readFile(at('r.csv')), { columns: true }) as Record<string, string>[];
    expect(rows.map(({ row, status }) => `${row} ${status}`)).toEqual([
      '2 added',
      '3 invalid',
      '5 invalid',
      '6 already_member',
      '7 duplicate',
    ]);
    expect(rows[4]?.['message']).toBe('the same person and group as row 2');
    expect(told.stderr).toMatch(/1 {2}phone_missing .*\n {11}row 5\n/);
    expect(told.stderr).not.toMatch(/Asha|Ravi|Meena|Zoé/);
    const page = await readFile(at('p.html'), 'utf8');
    expect(page).toContain('<td class="num line" title="line 5 of the file">3</td>');
    expect(page).toMatch(/<span class="lead" dir="auto">Ravi Kumar<\/span>/);
    expect(page).not.toMatch(/<span class="lead" dir="auto">1\/2\/2026/);

    const again = await desk({}, [], true).run('report', at('r.csv'), '--report', at('q.html'));
    expect(again.stdout).toMatch(/phone_missing .*\n {11}row 5 Meena Iyer\n/);
    expect(await readFile(at('q.html'), 'utf8')).toMatch(/<span class="lead" dir="auto">Ravi Kumar<\/span>/);
    expect(sandbox.counts().asks).toBe(2);
  });

  it('in what CI shows, which names nobody', async () => {
    const { cohort, at } = await form();
    const env = { GITHUB_ACTIONS: 'true', CI: 'true', GITHUB_STEP_SUMMARY: at('page.md') };
    const told = await desk(env, [], true).run('run', cohort, '--dry-run', '-o', at('r.csv'));
    expect(told.stderr).toMatch(/^::warning title=1 row invalid%3A phone_missing::.* \(row 5\)$/m);
    const page = await readFile(at('page.md'), 'utf8');
    expect(page).toMatch(/phone_missing.*\(row 5\) \|\n/);
    expect(told.stderr + page).not.toMatch(/Asha|Ravi|Meena|Zoé/);
  });

  it('names the first three of a reason, and counts the others', async () => {
    const people = Array.from({ length: 15 }, (_, i) => `P${i} \u202e\u001b[31m,,${GROUP}`);
    const { cohort, at } = await form(`name,phone,chat_id\n${people.join('\n')}\nOk,+${phone(1)},${GROUP}\n`);
    await desk().run('run', cohort, '--dry-run', '-o', at('r.csv'));
    const told = await desk({ NO_COLOR: '1' }, [], true).run('report', at('r.csv'), '--report', at('q.html'));
    expect(told.stdout).toContain(
      '           rows 2 P0 \\u202e [31m, 3 P1 \\u202e [31m, 4 P2 \\u202e [31m and 12 more\n',
    );
  });

  it('of shards come together again, also where a record cannot be read', async () => {
    const { cohort, at } = await form(
      `${FORM}1/2/2026,"Bro"ken,"x\ny",+${phone(9)},${GROUP}\n1/2/2026,Last,,+${phone(10)},${GROUP}\n`,
    );
    const { sandbox, args, env } = await api();
    const flags = [...args, '--progress', 'off', '-q'];
    for (const shard of ['1/2', '2/2'])
      await desk(env).run('run', cohort, ...flags, '-o', at('s.csv'), '--shard', shard);
    const parts = [1, 2].map((i) => at(`s.shard-${i}-of-2.csv`));
    await desk().run('merge', ...parts, '-o', at('m.csv'), '--cohort', cohort);
    await desk(env).run('run', cohort, ...args, '-o', at('w.csv'), '--dry-run', '-q');
    const column = async (name: string) =>
      (parse(await readFile(at(name)), { columns: true }) as Record<string, string>[]).map(({ row }) => row);
    expect(await column('m.csv')).toEqual(await column('w.csv'));
    expect(sandbox.counts().asks).toBe(3);
  });
});
