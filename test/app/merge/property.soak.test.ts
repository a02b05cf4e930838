import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scratch } from '../../helpers.ts';
import { desk } from '../in-process.ts';

/** What people have in their spreadsheets: formulas, quotes, line breaks in cells, cells that cannot be read. */
const name = fc.oneof(
  fc.constantFrom(
    'Ana',
    '=1+1',
    '@x',
    "'quoted",
    '"',
    'a,b',
    'two\nlines',
    'cr\r\nlf',
    '',
    ' edge ',
    '+91 1',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => !text.includes('\0')),
);
const chat = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 10, max: 21 }).map((i) => `1203630000000000${i}@g.us`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'nonsense', '905301234567-1574073754@g.us') },
);
const phone = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 30 }).map((i) => `91987453${String(i).padStart(4, '0')}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('', '9.19E+11', '5215512345678', '525512345678') },
);
/** One of nothing but delimiters is not a row. */
const row = fc.tuple(name, chat, phone).filter((cells) => cells.some((text) => text.trim() !== ''));
const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe('the results of the shards, merged', () => {
  it('are those of the unsharded run, byte for byte, for any cohort and any number of shards', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const check = async (...args: string[]) => desk().run('check', cohort, ...args);
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.boolean(),
        async (rows, n, excel, blankLines) => {
          const lines = rows.map((cells) => cells.map(cell).join(',')).join(blankLines ? '\n\n' : '\n');
          await writeFile(cohort, `name,chat_id,phone\n${lines}\n`);
          const flags = excel ? ['--excel'] : [];
          const whole = join(dir, 'whole.csv');
          await check('-o', whole, ...flags);
          const shards: string[] = [];
          for (let i = 1; i <= n; i++) {
            await check('-o', join(dir, 'part.csv'), '--shard', `${i}/${n}`, ...flags);
            shards.push(join(dir, `part.shard-${i}-of-${n}.csv`));
          }
          const merged = join(dir, 'merged.csv');
          for (const by of [[], ['--cohort', cohort]]) {
            const told = await desk().run('merge', ...shards.reverse(), '-o', merged, ...by);
            expect(await readFile(merged, 'utf8')).toBe(await readFile(whole, 'utf8'));
            expect(told.stdout).toMatch(new RegExp(`^${rows.length} rows?\n`));
            // Blank lines are no rows, and only the cohort tells.
            if (by.length > 0 || !blankLines) expect([0, 4]).toContain(told.code);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('name every row that a lost shard leaves without a result', async () => {
    const dir = await scratch();
    const cohort = join(dir, 'cohort.csv');
    const shard = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 25 }), shard, async (rows, lost) => {
        await writeFile(
          cohort,
          `name,chat_id,phone\n${rows.map((cells) => cells.map(cell).join(',')).join('\n')}\n`,
        );
        const parts: string[] = [];
        for (let i = 1; i <= 3; i++) {
          await desk().run('check', cohort, '-o', join(dir, 'part.csv'), '--shard', `${i}/3`);
          parts.push(join(dir, `part.shard-${i}-of-3.csv`));
        }
        const [missing] = parts.splice(lost - 1, 1);
        const lines = async (path: string) => {
          const text = await desk()
            .run('check', path, '-o', '-')
            .catch(() => undefined);
          return text === undefined ? 0 : Number(/(\d+) rows?:/.exec(text.stderr)?.[1]);
        };
        const lostRows = await lines(missing as string);
        const merged = join(dir, 'merged.csv');
        const told = await desk().run('merge', ...parts, '-o', merged, '--cohort', cohort);
        expect(await lines(merged)).toBe(rows.length);
        const text = await readFile(merged, 'utf8');
        expect(text.split(',not_attempted,no_result,').length - 1).toBe(lostRows);
        expect(told.code === 75).toBe(lostRows > 0);
        if (lostRows > 0) expect(told.stdout).toContain(`no results of shard ${lost}/3 are given`);
      }),
      { numRuns: 15 },
    );
  });
});
