import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { desk } from './in-process.ts';

const GROUP = '120363371308389685@g.us';
const COHORT = `name,chat_id,phone\nAnna,${GROUP},+919874532456\nBoris,${GROUP},nonsense\nAnna,${GROUP},919874532456\n`;

describe('check', () => {
  it('says the plan and every problem, and needs nothing', async () => {
    const cohort = join(await scratch(), 'cohort.csv');
    await writeFile(cohort, COHORT);
    const told = await desk().run('check', cohort);
    expect([told.code, told.stderr]).toEqual([4, '']);
    expect(told.stdout).toMatch(/cohort\.csv row 3: phone: /);
    expect(told.stdout).toMatch(/3 rows: 1 person to ask/);
  });

  it('writes the same schema with --output', async () => {
    const dir = await scratch();
    const [cohort, plan] = [join(dir, 'cohort.csv'), join(dir, 'plan.csv')];
    await writeFile(cohort, COHORT);
    await desk().run('check', cohort, '--output', plan);
    const lines = (await readFile(plan, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => line.split(',')[6])).toEqual(['status', 'planned', 'invalid', 'duplicate']);
    await writeFile(plan, 'precious\n');
    await expect(desk().run('check', cohort, '--output', plan)).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
    });
  });

  it('from standard input to standard output: the plan is data, the words are beside it', async () => {
    const told = await desk({}, [COHORT]).run('check', '-', '--output', '-');
    expect(told.code).toBe(4);
    expect(told.stdout.split('\n')[0]).toMatch(/^name,_chat_id,phone,row,/);
    expect(told.stderr).toMatch(/standard input row 3: phone/);
  });

  it('shows the cells to a person at a terminal, and a log no number', async () => {
    const rows = [COHORT.replace('nonsense', '+233 23 123 4573 / +233 23 123 4586')];
    const person = await desk({}, rows, true).run('check', '-');
    expect(person.stdout).toContain('“+233 23 123 4573” and “+233 23 123 4586” are 2 numbers');
    const log = await desk({}, rows).run('check', '-');
    expect(log.stdout).toContain('“2332•••••573” and “2332•••••586” are 2 numbers');
    const beside = await desk({}, rows).run('check', '-', '--output', '-');
    expect(beside.stderr).toContain('“2332•••••573” and “2332•••••586” are 2 numbers');
  });

  it('counts the people to ask per country, and shows where the rare ones are', async () => {
    const people = Array.from({ length: 52 }, (_, i) => `9198765432${i + 10}`);
    const rows = [...people, '+5352345678', people[0], '+51987654321', 'nonsense', '+51987654322'];
    const cohort = `chat_id,phone\n${rows.map((one) => `${GROUP},${one}`).join('\n')}\n`;
    const expected = [
      '3 countries: 52 India · 2 Peru · 1 Cuba',
      '  look at  2 Peru (rows 56, 58) · 1 Cuba (row 54)',
      '           rare among these people: was each of these numbers read right?',
      '',
    ].join('\n');
    expect((await desk({}, [cohort]).run('check', '-')).stdout).toContain(expected);
    const plain = await desk({ NO_COLOR: '1' }, [cohort], true).run('check', '-');
    expect(plain.stdout).toContain(expected);
    const terminal = await desk({}, [cohort], true).run('check', '-');
    expect(terminal.stdout).toContain('52 India · \u001b[33m2 Peru\u001b[0m · \u001b[33m1 Cuba\u001b[0m');
    expect((await desk({}, ['chat_id,phone\n,x\n']).run('check', '-')).stdout).not.toMatch(/countr/);
  });

  it('a whole cohort is 0', async () => {
    const told = await desk({}, [COHORT.replace('nonsense', '+919874532457')]).run('check', '-');
    expect(told.code).toBe(0);
  });

  it('says how many rows hold nothing but delimiters, and counts none of them', async () => {
    const told = await desk({}, [`chat_id,phone\n${GROUP},+919874532457\n${',\n'.repeat(1000)}`]).run(
      'check',
      '-',
    );
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/1 row: 1 person to ask/);
    expect(told.stdout).toContain(
      'note: passed over 1000 rows of nothing but delimiters (rows 3, 4, 5 and 997 more)\n',
    );
  });
});

describe('results as a cohort', () => {
  const CELLS = ['=1+1', "'=1+1", "''=1+1", '+91-98745-32456', '@x', '\tx', "'quoted'", '−1', '007', "'007"];
  const COHORT = `=name,chat_id,phone\n${CELLS.map((cell, i) => `"${cell}",${GROUP},+91987453245${i}\n`).join('')}`;
  const own = async (path: string) =>
    (parse(await readFile(path), { bom: true }) as string[][]).map(([name]) => name);
  const inDir = async () => {
    const dir = await scratch();
    return (name: string) => join(dir, name);
  };

  it.each([
    ['without --excel', []],
    ['with --excel', ['--excel']],
  ])('keep what stands before a formula at one, however often: %s', async (_, flags) => {
    const at = await inDir();
    await writeFile(at('0.csv'), COHORT);
    for (let i = 0; i < 3; i++) await desk().run('check', at(`${i}.csv`), '-o', at(`${i + 1}.csv`), ...flags);
    const first = await own(at('1.csv'));
    expect(first.slice(0, 4)).toEqual(["'=name", "'=1+1", "''=1+1", `''${"'=1+1"}`]);
    expect([await own(at('2.csv')), await own(at('3.csv'))]).toEqual([first, first]);
  });

  it('of --excel, written without it, are as the cohort had them', async () => {
    const at = await inDir();
    await writeFile(at('cohort.csv'), COHORT);
    await desk().run('check', at('cohort.csv'), '-o', at('excel.csv'), '--excel');
    await desk().run('check', at('excel.csv'), '-o', at('plain.csv'));
    await desk().run('check', at('cohort.csv'), '-o', at('direct.csv'));
    expect(await own(at('plain.csv'))).toEqual(await own(at('direct.csv')));
  });

  it('and their shards, merged, are the same rows', async () => {
    const at = await inDir();
    await writeFile(at('cohort.csv'), COHORT);
    await desk().run('check', at('cohort.csv'), '-o', at('results.csv'));
    await desk().run('check', at('results.csv'), '-o', at('whole.csv'));
    for (const i of [1, 2])
      await desk().run('check', at('results.csv'), '-o', at('p.csv'), '--shard', `${i}/2`);
    const parts = [1, 2].map((i) => at(`p.shard-${i}-of-2.csv`));
    await desk().run('merge', ...parts, '-o', at('merged.csv'), '--cohort', at('results.csv'));
    expect(await readFile(at('merged.csv'), 'utf8')).toBe(await readFile(at('whole.csv'), 'utf8'));
  });
});
