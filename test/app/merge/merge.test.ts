import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { OnboardError } from '../../../src/domain/errors.ts';
import { openLedger } from '../../../src/ledger/ledger.ts';
import { scratch } from '../../helpers.ts';
import { desk } from '../in-process.ts';
import { person } from './people.ts';

const HEADER =
  'name,_chat_id,phone,row,chat_id,participant,status,reason_code,message,http_status,attempts,trace_id,asked_at,settled_at';
const GROUP = '120363371308389685@g.us';
const line = (row: number, status = 'added', reason = '') =>
  `Person ${row},${GROUP},${person(row)},${row},${GROUP},${person(row)},${status},${reason},,200,1,,,`;
const csv = (...lines: string[]) => `${[HEADER, ...lines].join('\n')}\n`;

let dir: string;
const at = (name: string) => join(dir, name);
const put = async (name: string, text: string) => {
  await writeFile(at(name), text);
  return at(name);
};
/** A cohort whose rows are the lines 2 to `last`. */
const cohortTo = (last: number) =>
  put(
    'cohort.csv',
    `name,chat_id,phone\n${Array.from({ length: last - 1 }, (_, i) => `Person ${i + 2},${GROUP},${person(i + 2)}\n`).join('')}`,
  );
const merge = (...args: string[]) => desk().run('merge', ...args, '-o', at('merged.csv'));

async function refusal(...args: string[]): Promise<{ code: number; message: string }> {
  const error = await merge(...args).then(
    (told) => Promise.reject(new Error(`it was merged: ${told.stdout}`)),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OnboardError);
  const { exitCode, message } = error as OnboardError;
  expect(message).not.toContain('\n');
  await expect(stat(at('merged.csv'))).rejects.toThrow('ENOENT');
  return { code: exitCode, message: message.replaceAll(`${dir}/`, '') };
}

beforeEach(async () => {
  dir = await scratch();
});

describe('merge', () => {
  it('puts rows in the order of the cohort, cells as they are, readable by the owner alone', async () => {
    const formula = line(3).replace('Person 3', `"'=1+1"`);
    const a = await put('a.csv', csv(line(2), line(5, 'failed', 'privacy_blocked')));
    const b = await put('b.csv', csv(formula, line(4, 'invited')));
    const told = await merge(a, b);
    expect(await readFile(at('merged.csv'), 'utf8')).toBe(
      csv(line(2), formula.replaceAll('"', ''), line(4, 'invited'), line(5, 'failed', 'privacy_blocked')),
    );
    expect((await stat(at('merged.csv'))).mode & 0o777).toBe(0o600);
    expect(told.code).toBe(4);
    expect(told.stdout).toMatch(/^4 rows\n +2 {2}added/);
    expect(told.stdout).toContain('send them the group’s invite link yourself');
  });

  it.each([
    [['added', 'joined'], 0],
    [['added', 'unknown'], 4],
    [['failed', 'not_attempted'], 75],
  ])('%j ends with %d', async (statuses, code) => {
    const files = await Promise.all(statuses.map((status, i) => put(`${i}.csv`, csv(line(i + 2, status)))));
    expect((await merge(...files)).code).toBe(code);
  });

  it('takes shards without a row, and writes standard output', async () => {
    const a = await put('a.csv', csv());
    const b = await put('b.csv', csv(line(2)));
    const told = await desk().run('merge', a, b, '-o', '-');
    expect([told.code, told.stdout]).toEqual([0, csv(line(2))]);
    expect(told.stderr).toMatch(/^1 row\n/);
  });

  it('says which lines of the cohort are in no file', async () => {
    const a = await put('x.shard-1-of-3.csv', csv(line(3), line(4)));
    const b = await put('x.shard-3-of-3.csv', csv(line(9), line(10)));
    const told = await merge(a, b);
    expect(told.code).toBe(75);
    expect(told.stdout).toContain(
      'note     5 rows of the cohort in no file: 2, 5–8 (rows without a result, or blank ones: --cohort tells)\n',
    );
    expect(told.stdout).toContain('note     no results of shard 2/3 are given\n');
  });

  it('counts a record on several lines as one row, as spreadsheets do', async () => {
    const tall = line(2).replace('Person 2', '"Per\nson\n2"');
    expect((await merge(await put('a.csv', csv(tall, line(3))))).code).toBe(0);
    expect((await merge(await put('a.csv', csv(tall, line(4))))).stdout).toContain(
      '1 row of the cohort in no file: 3',
    );
  });

  it('shows twenty places, and counts the others', async () => {
    const every = Array.from({ length: 30 }, (_, i) => line(3 + i * 3));
    const told = await merge(await put('a.csv', csv(...every)));
    expect(told.stdout).toMatch(/59 rows .*: 2, 4–5, 7–8, .*58–59 and 10 more places \(/);
  });

  it('writes rows of the cohort without a result as not_attempted', async () => {
    const cohort = await cohortTo(6);
    const a = await put('a.csv', csv(line(2), line(4)));
    const told = await merge(a, '--cohort', cohort);
    expect(told.code).toBe(75);
    expect(told.stdout.replaceAll(`${dir}/`, '')).toContain(
      'note     3 rows without a result in cohort.csv: 3, 5–6\n',
    );
    const missing = (row: number) =>
      line(row, 'not_attempted', 'no_result').replace(
        'no_result,,200,1',
        'no_result,none of the merged files has a result for this row,,0',
      );
    expect(await readFile(at('merged.csv'), 'utf8')).toBe(
      csv(line(2), missing(3), line(4), missing(5), missing(6)),
    );
    // A blank line is no row.
    await writeFile(cohort, (await readFile(cohort, 'utf8')).replace(/^Person 3.*$/m, ''));
    expect((await merge(a, '--cohort', cohort)).stdout).toContain('2 rows without a result');
  });

  it('keeps to --excel where the files were written with it', async () => {
    const excel = line(2).replaceAll(`,${person(2)},`, `,'${person(2)},`);
    const a = await put('a.csv', `\ufeff${csv(excel)}`.replaceAll('\n', '\r\n'));
    await merge(a, '--cohort', await cohortTo(3));
    const text = await readFile(at('merged.csv'), 'utf8');
    expect(text.startsWith(`\ufeff${HEADER}\r\n${excel}\r\nPerson 3,${GROUP},'${person(3)},3,`)).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('refuses a row that two files have, naming both', async () => {
    const a = await put('a.csv', csv(line(2), line(4)));
    const b = await put('b.csv', csv(line(3), line(4)));
    const { code, message } = await refusal(a, b);
    expect(code).toBe(3);
    expect(message).toMatch(/^row 4 of the cohort is in a\.csv row 3 and in b\.csv row 3: /);
    expect((await refusal(a, a)).message).toMatch(
      /^row 2 of the cohort is in a\.csv row 2 and in a\.csv row 2: /,
    );
  });

  it.each<[string, string, RegExp]>([
    ['out of order', csv(line(9), line(4)), /^bad\.csv row 3: row 4 of the cohort comes after row 9: sort/],
    [
      'with a row twice',
      csv(line(9), line(9)),
      /^bad\.csv row 3: row 9 of the cohort is there twice \(row 2 too\)/,
    ],
    ['with a row too short', csv(line(9), 'Person,x'), /^bad\.csv row 3: 2 fields, and the header has 14/],
    ['with a quote that is open', csv(line(9), `"${line(10)}`), /^bad\.csv row 3: the row has a quote/],
    ['with a row cell edited', csv(line(2).replace(',2,', ',two,')), /^bad\.csv row 2: its row cell/],
    ['with a status edited', csv(line(2, 'done')), /^bad\.csv row 2: its status cell/],
    ['that is not a results CSV', 'name,phone\nx,1\n', /^bad\.csv is not a results CSV/],
    ['that is empty', '', /^bad\.csv is empty/],
    [
      'with other columns',
      csv(line(9)).replace('name,', 'who,'),
      /^bad\.csv has other columns than good\.csv/,
    ],
  ])('refuses a file %s', async (_what, text, says) => {
    const good = await put('good.csv', csv(line(3)));
    const { code, message } = await refusal(good, await put('bad.csv', text));
    expect([code, message]).toEqual([3, expect.stringMatching(says)]);
  });

  it('refuses results of another cohort, and of one that was edited since', async () => {
    const a = await put('a.csv', csv(line(2), line(4)));
    const short = await refusal(a, '--cohort', await cohortTo(3));
    expect([short.code, short.message]).toEqual([
      3,
      expect.stringMatching(/^a\.csv row 3: row 4 of the cohort is not what cohort/),
    ]);
    const cohort = await cohortTo(5);
    const text = await readFile(cohort, 'utf8');
    await writeFile(cohort, text.replace('Person 4', 'Somebody'));
    expect((await refusal(a, '--cohort', cohort)).message).toMatch(
      /^a\.csv row 3: row 4 of the cohort is not what .* edited/,
    );
    await writeFile(cohort, text.replace('Person 2', '"Person\n2"'));
    expect((await refusal(a, '--cohort', cohort)).message).toMatch(
      /^a\.csv row 2: row 2 of the cohort is not/,
    );
    await writeFile(cohort, text.replace('name,', 'who,'));
    expect((await refusal(a, '--cohort', cohort)).message).toMatch(
      /^a\.csv has other columns than cohort\.csv/,
    );
  });

  it('writes over results of ours, and over nothing else', async () => {
    const a = await put('a.csv', csv(line(2)));
    await put('merged.csv', 'a,b\n1,2\n');
    await expect(merge(a)).rejects.toThrow(/not a group-onboard results CSV/);
    expect(await readFile(at('merged.csv'), 'utf8')).toBe('a,b\n1,2\n');
    await put('merged.csv', csv(line(7)));
    expect((await merge(a)).code).toBe(0);
  });
});

describe('people whom a ledger knows, and the results do not', () => {
  const pair = (row: number) => ({ chatId: GROUP as never, participant: person(row) as never });
  async function ledgerWith(name: string, rows: readonly number[], done = true): Promise<void> {
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const ledger = await openLedger(at(name), { origin: 'sandbox', clock });
    for (const row of rows) {
      const ask = await ledger.asked([pair(row)], '919876543210');
      if (!done) await ledger.notDone(ask);
    }
    await ledger.close();
  }

  it('are not merged as not attempted, as they would be asked again', async () => {
    const a = await put('a.csv', csv(line(2), line(3, 'not_attempted', 'interrupted')));
    await ledgerWith('a.csv.ledger.jsonl', [2]);
    expect((await merge(a)).code).toBe(75);
    const other = await put('b.csv', csv(line(2), line(3, 'not_attempted', 'interrupted')));
    await ledgerWith('b.csv.ledger.jsonl', [2, 3]);
    await writeFile(at('merged.csv'), csv());
    await expect(merge(other)).rejects.toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(
        /b\.csv row 3 is not_attempted, and \S+b\.csv\.ledger\.jsonl says that they were asked/,
      ),
    });
    expect(await readFile(at('merged.csv'), 'utf8')).toBe(csv());
  });

  it('are looked for in the ledgers of the shards that have no results', async () => {
    const a = await put('c.shard-1-of-2.csv', csv(line(2)));
    await ledgerWith('c.shard-2-of-2.csv.ledger.jsonl', [4]);
    await ledgerWith('c.shard-1-of-3.csv.ledger.jsonl', [3]);
    const cohort = await cohortTo(4);
    const { code, message } = await refusal(a, '--cohort', cohort);
    expect(code).toBe(75);
    expect(message).toMatch(/^cohort\.csv row 4 has no result, and c\.shard-2-of-2\.csv\.ledger\.jsonl says/);
  });

  it('are none where nothing was done, or the ledger has no header yet', async () => {
    const a = await put('c.shard-1-of-3.csv', csv(line(2)));
    await ledgerWith('c.shard-2-of-3.csv.ledger.jsonl', [3], false);
    await put('c.shard-3-of-3.csv.ledger.jsonl', '{"ledger":"gro');
    expect((await merge(a, '--cohort', await cohortTo(4))).code).toBe(75);
  });
});
