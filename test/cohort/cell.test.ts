import { expect, test } from 'vitest';
import { normalizeChatId } from './one-cell.ts';

function read(cell: string): string {
  const result = normalizeChatId(cell, { column: 'chat_id' });
  return 'chatId' in result ? result.chatId : result.code;
}

test.each([
  '120363371308389685@g.us',
  '120363371308389685',
  ' 120363371308389685@G.US ',
  '120363371308389685%40g.us',
  "'120363371308389685",
  '="120363371308389685"',
  '120363371308389685.0',
  '120,363,371,308,389,685',
  '120.363.371.308.389.685',
  '120 363 371 308 389 685@g.us',
  '\u202a120363371308389685@g.us\u202c',
  '１２０３６３３７１３０８３８９６８５',
  '1.20363371308389685E+17',
])('%j is 120363371308389685@g.us', (cell) => expect(read(cell)).toBe('120363371308389685@g.us'));

test.each(['905301234567-1574073754@g.us', '905301234567-1574073754', '905301234567\u20131574073754@g.us'])(
  '%j is the legacy id',
  (cell) => expect(read(cell)).toBe('905301234567-1574073754@g.us'),
);

test.each([
  ['', 'chat_id_missing'],
  [' \u00a0', 'chat_id_missing'],
  ['1.20363E+17', 'chat_id_truncated'],
  ['1,20363E+17', 'chat_id_truncated'],
  ['120363371308389000@g.us', 'chat_id_truncated'],
  ['120363371308389000', 'chat_id_truncated'],
  ['120,363,371,308,389,000', 'chat_id_truncated'],
  ['https://chat.whatsapp.com/Hk3TqVtY9sB2cXw1ZdLmNp', 'chat_id_invite_link'],
  ['chat.whatsapp.com/Hk3TqVtY9sB2cXw1ZdLmNp', 'chat_id_invite_link'],
  ['919874532456@c.us', 'chat_id_not_a_group'],
  ['919874532456@s.whatsapp.net', 'chat_id_not_a_group'],
  ['120363371308389685@newsletter', 'chat_id_not_a_group'],
  ['status@broadcast', 'chat_id_not_a_group'],
  ['+91 98745 32456', 'chat_id_not_a_group'],
  ['Cohort A', 'chat_id_invalid'],
  ['#REF!', 'chat_id_invalid'],
  ['12036337130838968', 'chat_id_invalid'],
  ['1203633713083896850@g.us', 'chat_id_invalid'],
  ['@g.us', 'chat_id_invalid'],
])('%j is %s', (cell, code) => expect(read(cell)).toBe(code));

test('the message shows what a chat_id looks like and where to find it', () => {
  expect(normalizeChatId('Cohort A', { column: 'group' })).toEqual({
    code: 'chat_id_invalid',
    message:
      '“Cohort A” is not a chat_id: a chat_id looks like 120363371308389685@g.us; copy it from the chat’s info in the Periskope console',
    column: 'group',
    value: 'Cohort A',
  });
});
