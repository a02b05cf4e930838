import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CsvRecord, RecordSplitter, type SplitterOptions } from '../../../src/cohort/file/records.ts';
import type { Place } from '../../../src/domain/words.ts';
import { repeats } from '../../helpers.ts';

function split(chunks: readonly string[], options: Partial<SplitterOptions> = {}): readonly CsvRecord[] {
  const splitter = new RecordSplitter({ delimiter: ',', ...options });
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

/** Cuts a text at the given places. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [...new Set(places.map((place) => (text.length === 0 ? 0 : place % text.length)))].sort(
    (a, b) => a - b,
  );
  return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
}

const lines = (records: readonly CsvRecord[]) => records.map(({ line }) => line);
const fields = (records: readonly CsvRecord[]) => records.map((record) => record.fields);

describe('line numbers', () => {
  test('count blank lines, and every line of a quoted field, whatever the breaks', () => {
    for (const br of ['\n', '\r\n', '\r']) {
      const text = ['', 'a,b', '', '"x', 'y",z', '  ', 'last,one'].join(br);
      const records = split([text]);
      expect(lines(records)).toEqual([2, 4, 7]);
      expect(fields(records)).toEqual([
        ['a', 'b'],
        [`x${br}y`, 'z'],
        ['last', 'one'],
      ]);
    }
  });

  test('a line that holds only "" is a record, where a blank one is none', () => {
    const records = split(['phone\n""\n\n1\n']);
    expect(records).toEqual([
      { line: 1, fields: ['phone'] },
      { line: 2, fields: [''] },
      { line: 4, fields: ['1'] },
    ]);
  });
});

describe('stray quotes', () => {
  test('inside an unquoted field a quote is a character', () => {
    expect(split(['a,6" pipe,"x, ""y""\nz",b\n'])).toEqual([
      { line: 1, fields: ['a', '6" pipe', 'x, "y"\nz', 'b'] },
    ]);
  });

  test('one that is never closed takes every line to the end of the file apart, because each may be part of the cell', () => {
    const text = `h,i\ne,f\n"a,b\n\n${'c,d\n'.repeat(50)}`;
    const records = split([text]);
    expect(records.slice(0, 2).every((record) => record.broken === undefined)).toBe(true);
    expect(records[2]).toEqual({ line: 3, fields: ['"a', 'b'], broken: 'has a quote that is never closed' });
    expect(records[3]).toEqual({
      line: 5,
      number: 3,
      fields: ['c', 'd'],
      broken: 'stands inside the quotes that open in row 3',
    });
    expect(records.slice(2).every((record) => record.broken !== undefined)).toBe(true);
    expect(records.length).toBe(53);
    expect(records.at(-1)?.line).toBe(54);
  });

  test('one that is closed beyond the longest record does so up to there, and memory stays bounded', () => {
    const splitter = new RecordSplitter({ delimiter: ',', longest: 1000 });
    const records = [...splitter.push('h,i\n"a,b\n')];
    for (let i = 0; i < 1000; i++) records.push(...splitter.push(`c${i},d\n`));
    // Long before the end of the text, the lines after the quote are out.
    expect(records.length).toBeGreaterThan(800);
    records.push(...splitter.push('e",f\ng,h\n'), ...splitter.end());
    expect(records.length).toBe(1004);
    expect(records[1]?.broken).toMatch(/never closed/);
    expect(records.filter((record) => record.broken === undefined).map((record) => record.line)).toEqual([
      1, 1004,
    ]);
  });

  test.each<[string, string, readonly number[]]>([
    ['text after a closing quote', 'h,i\n"a" b,c\nd,e\n', [2]],
    ['the same, on two lines', 'h,i\nx,"a\ny, b" c\nd,e\n', [2, 3]],
    ['quotes inside quotes, and a closing one a line below', 'h,i\nx,"a "b"\ny, c"\nd,e\n', [2, 3]],
    ['the same, with a row of its own between', 'h,i\nx,"a "b"\n1,2\ny, c"\nd,e\n', [2, 3, 4]],
    ['the same, in the middle of a line', 'h,i\n"a "b"\ny, c",x\nd,e\n', [2, 3]],
    ['backslashes for quotes', 'h,i\nx,"a \\"b\\"\ny, c"\nd,e\n', [2, 3]],
    ['inches, closed on the line', 'h,i\n"5\'10" tall",x\nd,e\nf,g\n', [2]],
    ['inches, and later a field of two lines', 'h,i\n"5\'10" tall",x\nd,e\nf,"g\nh"\ni,j\n', [2]],
    ['inches in every row', `h,i\n${'"5\'10" tall",x\n'.repeat(3)}d,e\n`, [2, 3, 4]],
    ['a space before the quotes, over two lines', 'h,i\nx, "a\ny, b"\nd,e\n', [2, 3]],
    ['the same in the first field', 'h,i\n "a\ny, b",x\nd,e\n', [2, 3]],
    ['a space before the quotes, on one line', 'h,i\nx, "a"\nd,e\n', []],
    ['a quote in the middle of a field', 'h,i\nx "a,b\ny"z,b\n', []],
    ['two empty ones', 'h,i\n"",""\nd,e\n', []],
    ['three in a row, and no fourth', 'h,i\n""",x\nd,e\n', [2, 3]],
  ])('%s: nobody reads these lines', (_, text, broken) => {
    for (const br of ['\n', '\r\n', '\r']) {
      const records = split([text.replaceAll('\n', br)]);
      const lines = records.filter((record) => record.broken !== undefined).map((record) => record.line);
      expect(lines).toEqual(broken);
      expect(records.at(-1)?.line).toBe(text.trimEnd().split('\n').length);
    }
  });

  test('a record of several lines that is refused is taken apart, and reading goes on after it', () => {
    const text = 'n,p\n"Ann,1\n\nBob,2\nCarl",3\nDan,4\n"E\nF",5\n';
    const asked: number[] = [];
    const isRecord = ([first]: readonly string[], { line }: Place) => {
      asked.push(line);
      return !first?.includes('Bob');
    };
    const records = split([text], { isRecord });
    expect(records.map(({ line, fields, broken }) => [line, fields.join('|'), broken])).toEqual([
      [1, 'n|p', undefined],
      [2, '"Ann|1', 'has a quote that is closed only in a later row'],
      [4, 'Bob|2', 'stands inside the quotes that open in row 2'],
      [5, 'Carl"|3', 'stands inside the quotes that open in row 2'],
      [6, 'Dan|4', undefined],
      [7, 'E\nF|5', undefined],
    ]);
    expect(asked).toEqual([2, 7]);
    // The control: without the question, three people are one record.
    expect(split([text]).length).toBe(4);
  });
});

describe('what took minutes takes a second or two', () => {
  const row = 'Asha,120363371308389685@g.us,+919876543210\n';
  // A sixth outside the soak: what is quadratic is still seen to be.
  const many = repeats(60_000, 1 / 6);
  test.each<[string, string, number]>([
    ['a stray quote before each row', `"${row}`.repeat(many), many],
    ['a stray quote in the middle of each', 'a,"b,c\n'.repeat(many), many],
    ['an open quote before two million blank lines', `"a,b\n${'\n'.repeat(2_000_000)}`, 1],
    ['an open quote before 200,000 rows', `"a,b\n${row.repeat(200_000)}`, 200_001],
    ['records of two lines that are refused', '"Asha\nRao",1\n'.repeat(many), 2 * many],
    ['a line of 250,000 quoted fields', `${'"a",'.repeat(250_000)}\n`, 1],
    ['a line of a million quotes', `${'"'.repeat(1_000_000)}\n`, 1],
    ['a line of 400,000 quotes after spaces', `${' "'.repeat(400_000)}\n`, 1],
    ['text after a closing quote in each', '"5\'10" tall",x\n'.repeat(many), many],
  ])('%s', (_, text, expected) => {
    const splitter = new RecordSplitter({ delimiter: ',', isRecord: () => false });
    let found = 0;
    for (let at = 0; at < text.length; at += 128 * 1024)
      found += splitter.push(text.slice(at, at + 128 * 1024)).length;
    expect(found + splitter.end().length).toBe(expected);
  });
});

describe('giants', () => {
  test('a line that is too long is one broken record, and its tail is not kept', () => {
    const splitter = new RecordSplitter({ delimiter: ',' });
    const records = [...splitter.push('h,i\na,')];
    for (let i = 0; i < 100; i++) records.push(...splitter.push('x'.repeat(100_000)));
    // It is out before its end is seen: memory does not wait for it.
    expect(lines(records)).toEqual([1, 2]);
    records.push(...splitter.push('\r'), ...splitter.push('\nb,c\n'), ...splitter.end());
    expect(lines(records)).toEqual([1, 2, 3]);
    expect(records[1]?.broken).toBe('is longer than a row can be');
    expect(records[1]?.fields[0]).toBe('a');
    expect(records[1]?.fields.join('').length).toBeLessThan(20_000);
    expect(records[2]?.fields).toEqual(['b', 'c']);
  });

  test('one at the end of the file, without a line break, too', () => {
    const records = split(['h,i\n', `a,${'x'.repeat(2000)}`, 'y'.repeat(10)], { longest: 1000 });
    expect(lines(records)).toEqual([1, 2]);
    expect(records[1]?.broken).toBe('is longer than a row can be');
  });
});

const cell = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'ä', '1', ' ', ',', '"', '\n', '\r', '\r\n', '😀'), maxLength: 6 }),
  fc.constant(''),
);
const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 12 });
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
/** What spreadsheets write: quotes where they are needed. */
const written = fc
  .tuple(table, fc.constantFrom('\n', '\r\n', '\r'))
  .map(([rows, br]) => ({ rows, text: rows.map((row) => row.map(quoted).join(',')).join(br) }));
const anyText = fc.string({
  unit: fc.constantFrom('a', '1', ' ', ',', '"', '"', '\n', '\r', '\r\n', '\n'),
  maxLength: 60,
});
const places = fc.array(fc.nat(), { maxLength: 8 });
const runs = { numRuns: repeats(10_000, 1 / 10) };

describe('for any text', () => {
  test('sound CSV gives the records that were written, cut into chunks anyhow', () => {
    fc.assert(
      fc.property(written, places, ({ rows, text }, at) => {
        expect(fields(split(cut(text, at)))).toEqual(rows);
      }),
      runs,
    );
  });

  test('unquoted CSV gives what csv-parse gives', () => {
    fc.assert(
      fc.property(anyText, places, (text, at) => {
        const plain = text.replaceAll('"', '');
        const expected = parse(plain, {
          relax_column_count: true,
          record_delimiter: ['\r\n', '\n', '\r'],
        }) as string[][];
        const kept = expected.filter((record) => record.length > 1 || record[0]?.trim() !== '');
        expect(fields(split(cut(plain, at)))).toEqual(kept);
      }),
      runs,
    );
  });

  test('the chunks make no difference, and no line is lost or counted twice', () => {
    fc.assert(
      fc.property(anyText, places, fc.constantFrom(20, 1000), (text, at, longest) => {
        const whole = split([text], { longest });
        expect(split(cut(text, at), { longest })).toEqual(whole);
        const starts = lines(whole);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
        // Every line that says something is in the record that starts there, or in the one before it.
        const all = text.split(/\r\n|\n|\r/);
        for (const record of whole) expect(all[record.line - 1]?.trim() ?? '').not.toBe('');
        for (const [index, line] of all.entries()) {
          if (line.trim() === '' || starts.includes(index + 1)) continue;
          const before = whole.findLast((record) => record.line <= index);
          const span =
            before?.fields.reduce((sum, field) => sum + field.split(/\r\n|\n|\r/).length - 1, 1) ?? 0;
          expect((before?.line ?? 0) + span).toBeGreaterThan(index + 1);
        }
      }),
      runs,
    );
  });
});
