import { expect, it } from 'vitest';
import { publicChatId, publicText } from '../../src/reporting/public-text.ts';

it.each([
  ['919537851844', '9195•••••844'],
  ['call +91 95378-51844!', 'call 9195•••••844!'],
  ['(021) 555 12 34 56 now', '(0215•••••456 now'],
  ['cohort 21, 2025-01-26', 'cohort 21, 2025-01-26'],
  ['group 120363371308389685@g.us', 'group 120363371308389685@g.us'],
  ['120363371308389685', '1203•••••••••••685'],
  ['a\u001b[31mb\nc', 'a\\u001b[31mb c'],
])('%j is shown to everybody as %j', (text, shown) => expect(publicText(text)).toBe(shown));

it('masks whoever made a legacy group', () => {
  expect(publicChatId('905301234567-1574073754@g.us')).toBe('9053•••••567-1574073754@g.us');
  expect(publicChatId('120363371308389685@g.us')).toBe('120363371308389685@g.us');
});
