import { describe, expect, test } from 'vitest';
import { holdsRows } from '../../src/cohort/cohort.ts';
import type { Roles } from '../../src/cohort/columns/roles.ts';

const GROUP = '120363371308389685@g.us';
const roles = (width: number, chat: number, phone: number): Roles => ({
  width,
  chatId: undefined,
  chat: [{ index: chat, name: 'chat_id' }],
  phone: [{ index: phone, name: 'phone' }],
  defaultCountry: undefined,
});

describe('a record with lines that look like rows', () => {
  test.each([
    ['a whole row between', [`Ann,${GROUP},1\nBob,${GROUP},919874532456\nCarl`, GROUP, '919874532457']],
    ['its own first row', [`Ann,${GROUP},919874532456\nCarl`, GROUP, '919874532457']],
    [
      'a row whose phone is bad and whose group is good',
      [`x\nBob,${GROUP},n/a\nCarl`, GROUP, '919874532457'],
    ],
    ['CRLF', [`x\r\nBob,${GROUP},919874532456\r\nCarl`, GROUP, '919874532457']],
    [
      'the last row, when the quote stands in the last column',
      ['Ann', GROUP, `919874532456\nBob,${GROUP},919874532457`],
    ],
  ])('%s', (_, fields) => expect(holdsRows(fields, roles(3, 1, 2), ',')).toBe(true));
});

test('its own first row, from its second column on', () => {
  const fields = ['Ann', `${GROUP},919874532456\nCarl,no group`, '919874532457'];
  expect(holdsRows(fields, roles(3, 1, 2), ',')).toBe(true);
});

describe('a record that only has lines in it', () => {
  test.each([
    ['an address', ['Ann', '12, MG Road\nBengaluru, Karnataka\nIndia', GROUP, '919874532456']],
    ['an address first', ['12, MG Road, x, y\nBengaluru', 'Ann', GROUP, '919874532456']],
    [
      'a note with as many commas as a row',
      ['Ann', 'likes a, b, c\nand a, b, c, d\nsays so', GROUP, '919874532456'],
    ],
    ['a note with a phone', ['Ann', 'call\n+919874532456\nfirst', GROUP, '919874532456']],
  ])('%s', (_, fields) => expect(holdsRows(fields, roles(4, 2, 3), ',')).toBe(false));

  test('in a file of one column', () => {
    expect(holdsRows(['+91 98745\n32456'], { ...roles(1, 0, 0), chat: [] }, ',')).toBe(false);
  });
});
