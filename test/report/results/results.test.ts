import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RESULT_COLUMNS } from '../../../src/domain/words.ts';
import {
  assertWritable,
  openRecords,
  openResults,
  ownColumns,
  plainCell,
  type ResultRow,
} from '../../../src/report/results/results.ts';
import { fill, smallDisk } from '../../full-disk.ts';
import { repeats, scratch } from '../../helpers.ts';

function row(line: number, fields: readonly string[], extra: Partial<ResultRow> = {}): ResultRow {
  return {
    row: { line, fields },
    chatId: '120363371308389685@g.us',
    participant: '919537851844',
    status: 'invited',
    reasonCode: '',
    message: 'Invite sent to participant',
    httpStatus: 200,
    attempts: 1,
    traceId: 'ff85c2a0-dc08-11ef-b2dd-f36c1b4f3634',
    askedAt: Date.parse('2025-01-26T17:14:27.000Z'),
    settledAt: Date.parse('2025-01-26T17:14:27.250Z'),
    ...extra,
  };
}

const read = (path: string) => parse(readFileSync(path), { bom: true }) as string[][];

describe('what is written', () => {
  test('the cohort’s columns first, then the results', async () => {
    const path = join(await scratch(), 'out.csv');
    const results = await openResults(path, ['Name', 'chat_id', 'phone']);
    await results.write([
      row(2, ['Asha, "A"', 'mine', '+91 95378 51844']),
      row(3, ['=1+1', '', '12'], {
        chatId: '',
        participant: '',
        status: 'invalid',
        reasonCode: 'phone_too_short',
        message: '-too short',
        httpStatus: undefined,
        attempts: 0,
        traceId: '',
        askedAt: undefined,
        settledAt: undefined,
      }),
    ]);
    await results.write([]);
    await results.write([row(4, ['short'])]);
    await results.write([row(5, ['a', 'b', 'c', 'surplus'])]);
    await results.commit();
    expect(readFileSync(path, 'utf8').split('\n')).toEqual([
      `Name,_chat_id,phone,${RESULT_COLUMNS.join(',')}`,
      `"Asha, ""A""",mine,+91 95378 51844,2,120363371308389685@g.us,919537851844,invited,,Invite sent to participant,200,1,ff85c2a0-dc08-11ef-b2dd-f36c1b4f3634,2025-01-26T17:14:27.000Z,2025-01-26T17:14:27.250Z`,
      `'=1+1,,12,3,,,invalid,phone_too_short,'-too short,,0,,,`,
      expect.stringMatching(/^short,,,4,/),
      expect.stringMatching(/^a,b,c,5,/),
      '',
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('plain records and others in any order are what csv-stringify makes of all of them', async () => {
    const dir = await scratch();
    const unit = fc.constantFrom(
      'a',
      '1',
      ' ',
      ',',
      '"',
      ';',
      '|',
      '\t',
      '\n',
      '\r',
      '\u0085',
      '\u2028',
      'é',
      '😀',
      "'",
    );
    const plain = fc.string({ unit: fc.constantFrom('a', '1', 'é', '-', "'"), maxLength: 5 });
    const cell = fc.oneof({ weight: 5, arbitrary: plain }, fc.string({ unit, maxLength: 4 }));
    const records = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(records, { maxLength: 3 }), fc.boolean(), async (writes, excel) => {
        const path = join(dir, 'out.csv');
        const writer = await openRecords(path, { excel });
        for (const each of writes) await writer.write(each);
        await writer.commit();
        const whole = stringify(writes.flat(), {
          record_delimiter: excel ? '\r\n' : '\n',
          quoted_match: /[;|\p{Cc}\u2028\u2029]|^\s|\s$/u,
        });
        expect(readFileSync(path, 'utf8')).toBe((excel && writes.flat().length > 0 ? '\ufeff' : '') + whole);
      }),
    );
  });

  test('no rows: a header', async () => {
    const path = join(await scratch(), 'out.csv');
    await (await openResults(path, ['a'])).commit();
    expect(read(path)).toEqual([['a', ...RESULT_COLUMNS]]);
  });

  test('for Excel: a byte order mark, CRLF, and numbers that stay numbers of a person', async () => {
    const path = join(await scratch(), 'out.csv');
    const results = await openResults(path, ['phone', 'name'], { excel: true });
    await results.write([row(2, ['0091 95378 51844', 'é'])]);
    await results.commit();
    const text = readFileSync(path, 'utf8');
    expect(text.startsWith('\ufeffphone,name,row,')).toBe(true);
    expect(text.split('\r\n')).toHaveLength(3);
    expect(read(path)[1]!.slice(0, 5)).toEqual([
      "'0091 95378 51844",
      'é',
      '2',
      '120363371308389685@g.us',
      "'919537851844",
    ]);
  });

  test('a name that is taken gets _ until it is free', () => {
    expect(ownColumns(['row', '_row', 'status', 'status', 'Status', ''])).toEqual([
      '__row',
      '_row',
      '_status',
      '__status',
      'Status',
      '',
    ]);
    const name = fc.oneof(fc.constantFrom(...RESULT_COLUMNS, '_row', '__row', '_status'), fc.string());
    fc.assert(
      fc.property(fc.uniqueArray(name), (columns) => {
        const all = [...ownColumns(columns), ...RESULT_COLUMNS];
        expect(new Set(all).size).toBe(all.length);
        ownColumns(columns).forEach((own, i) => {
          expect(own.replace(/^_*/, '')).toBe(columns[i]!.replace(/^_*/, ''));
        });
      }),
    );
  });

  test('any text comes back from any column, and no cell begins as a formula', async () => {
    const dir = await scratch();
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc
        .array(
          fc.constantFrom(
            '=',
            '+',
            "'",
            '"',
            ',',
            ';',
            '\n',
            '\r',
            '\t',
            ' ',
            '@',
            '-',
            'a',
            '1',
            '\ufeff',
            '|',
          ),
          { maxLength: 6 },
        )
        .map((all) => all.join('')),
    );
    const cohort = fc.integer({ min: 1, max: 4 }).chain((width) => {
      const record = fc.array(text, { minLength: width, maxLength: width });
      return fc.tuple(record, fc.array(fc.tuple(record, text), { maxLength: 5 }), fc.boolean());
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(cohort, async ([columns, records, excel]) => {
        const path = join(dir, `${run++}.csv`);
        const results = await openResults(path, columns, { excel });
        await results.write(records.map(([fields, message], i) => row(i + 2, fields, { message })));
        await results.commit();
        const [header, ...rows] = parse(readFileSync(path), { bom: excel }) as string[][];
        const plain = (cells: readonly string[]) => cells.map((cell) => plainCell(cell, { excel }));
        // A line break in a name is written as the one between records: csv-parse takes the first it sees for that.
        const names = ownColumns(columns).map((name) => name.replace(/\r\n|\r|\n/g, excel ? '\r\n' : '\n'));
        expect(plain(header!)).toEqual([...names, ...RESULT_COLUMNS]);
        expect(
          rows.map((cells) => [plain(cells.slice(0, columns.length)), plain(cells)[columns.length + 5]]),
        ).toEqual(records);
        for (const cell of [header!, ...rows].flat()) expect(cell).not.toMatch(/^[=@\t\r\n]|^[" ]+[=@]/);
        rmSync(path);
      }),
      { numRuns: repeats(300) },
    );
  });
});

test('a cell with any line break is quoted, so that no program begins a row, and so a formula, inside it', async () => {
  const path = join(await scratch(), 'out.csv');
  const results = await openResults(path, ['Name']);
  const breaks = ['\r', '\n', '\r\n', '\v', '\f', '\u0085', '\u2028', '\u2029'];
  await results.write(breaks.map((char, i) => row(i + 2, [`x${char}=1+1`], { message: `y${char}=1+1` })));
  await results.commit();
  const text = readFileSync(path, 'utf8');
  for (const char of breaks) expect(text).toContain(`"x${char}=1+1"`);
  for (const char of breaks) expect(text).toContain(`"y${char}=1+1"`);
});

describe('all or nothing', () => {
  test('what was there stays until the commit, and after an abort', async () => {
    const dir = await scratch();
    const path = join(dir, 'out.csv');
    writeFileSync(path, 'old');
    const aborted = await openResults(path, ['a']);
    await aborted.write(Array.from({ length: 5000 }, (_, i) => row(i, ['x'])));
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(dir)).toHaveLength(2);
    await aborted.abort();
    await aborted.abort();
    expect(readdirSync(dir)).toEqual(['out.csv']);
    await expect(aborted.write([row(1, ['x'])]).then(() => aborted.commit())).rejects.toThrow();

    const committed = await openResults(path, ['a']);
    await committed.write([row(2, ['new'])]);
    expect(readFileSync(path, 'utf8')).toBe('old');
    await committed.commit();
    await committed.abort();
    expect(read(path)[1]![0]).toBe('new');
    expect(readdirSync(dir)).toEqual(['out.csv']);
  });

  test('a link stays a link, and a device a device', async () => {
    const dir = await scratch();
    mkdirSync(join(dir, 'real'));
    symlinkSync(join(dir, 'real/out.csv'), join(dir, 'link.csv'));
    // A link to what is not there yet names no file: it is replaced by one.
    writeFileSync(join(dir, 'real/out.csv'), 'old');
    const results = await openResults(join(dir, 'link.csv'), ['a']);
    await results.commit();
    expect(read(join(dir, 'real/out.csv'))[0]![0]).toBe('a');
    const nowhere = await openResults('/dev/null', ['a']);
    await nowhere.write([row(2, ['x'])]);
    await nowhere.commit();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    await assertWritable('/dev/null');
  });

  test('where nothing can be written is said before anything is sent, and leaves no trace', async () => {
    const dir = await scratch();
    const path = join(dir, 'out.csv');
    await assertWritable(path);
    expect(readdirSync(dir)).toEqual([]);
    writeFileSync(path, 'old');
    await assertWritable(path);
    expect([readdirSync(dir), readFileSync(path, 'utf8')]).toEqual([['out.csv'], 'old']);
    for (const bad of [dir, join(dir, 'missing/out.csv'), join(path, 'out.csv'), '/proc/out.csv']) {
      for (const attempt of [() => assertWritable(bad), () => openResults(bad, ['a'])]) {
        const error = await attempt().catch((caught: unknown) => caught);
        expect(error, bad).toMatchObject({
          code: 'NOT_WRITABLE',
          exitCode: 2,
          message: expect.stringContaining(bad),
        });
        expect((error as Error).message).not.toContain('\n');
      }
    }
    expect(existsSync(join(dir, 'missing'))).toBe(false);
  });

  test('a full disk: what was there stays', async (context) => {
    const dir = await smallDisk(context, 1024 * 1024);
    const path = join(dir, 'out.csv');
    writeFileSync(path, 'old');
    fill(dir, 300 * 1024);
    const results = await openResults(path, ['a']);
    const writing = (async () => {
      for (let i = 0; i < 100; i++)
        await results.write(Array.from({ length: 100 }, () => row(i, ['x'.repeat(50)])));
    })();
    await expect(writing).rejects.toMatchObject({
      code: 'RESULTS_FAILED',
      exitCode: 75,
      message: expect.stringContaining('disk full (ENOSPC)'),
    });
    await results.abort();
    expect(readFileSync(path, 'utf8')).toBe('old');
    rmSync(join(dir, 'ballast'));
    expect(readdirSync(dir)).toEqual(['out.csv']);
    fill(dir);
    await expect(assertWritable(path)).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
      message: expect.stringContaining('disk full'),
    });
    execFileSync('mount', ['-o', 'remount,ro', dir]);
    await expect(assertWritable(path)).rejects.toMatchObject({
      message: expect.stringContaining('read-only'),
    });
  });
});

describe('to a stream', () => {
  test('with back-pressure, and without ending it', async () => {
    const stream = new PassThrough({ highWaterMark: 1000 });
    const results = await openResults(stream, ['a']);
    let written = false;
    const writing = results.write(Array.from({ length: 100 }, (_, i) => row(i, ['x']))).then(() => {
      written = true;
    });
    await new Promise((done) => setImmediate(done));
    const chunks: Buffer[] = [];
    expect(written).toBe(false);
    stream.on('data', (chunk) => chunks.push(chunk));
    await writing;
    await results.commit();
    await results.abort();
    expect(parse(Buffer.concat(chunks))).toHaveLength(101);
    expect(stream.writableEnded).toBe(false);
    expect(stream.listenerCount('error')).toBe(0);
  });

  test('that its reader closes is an error, not a silent end', async () => {
    const head = spawn('head', ['-n', '1'], { stdio: ['pipe', 'ignore', 'inherit'] });
    onTestFinished(() => {
      head.kill();
    });
    const results = await openResults(head.stdin!, ['a']);
    const writing = (async () => {
      for (;;) await results.write(Array.from({ length: 100 }, (_, i) => row(i, ['x'.repeat(100)])));
    })();
    const refused = { code: 'RESULTS_FAILED', message: expect.stringContaining('the reader has closed it') };
    await expect(writing).rejects.toMatchObject(refused);
    await expect(results.write([row(1, ['x'])])).rejects.toMatchObject(refused);
    await expect(results.commit()).rejects.toMatchObject({ code: 'RESULTS_FAILED' });
  });

  test('that is destroyed while it is full does not hang', async () => {
    const stream = new Writable({ highWaterMark: 1, write: () => undefined });
    const results = await openResults(stream, ['a']);
    const writing = results.write([row(1, ['x'])]);
    await new Promise((done) => setImmediate(done));
    const closed = once(stream, 'close');
    stream.destroy();
    await closed;
    await expect(writing).rejects.toMatchObject({ code: 'RESULTS_FAILED' });
    await expect(results.write([row(2, ['x'])])).rejects.toMatchObject({ code: 'RESULTS_FAILED' });
  });
});
