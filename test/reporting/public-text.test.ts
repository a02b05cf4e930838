import { expect, it } from 'vitest';
import { publicText } from '../../src/reporting/public-text.ts';

it.each([
  ['919537851844', '9195•••••844'],
  ['call +91 95378-51844!', 'call 9195•••••844!'],
  ['(021) 555 12 34 56 now', '(0215•••••456 now'],
  ['cohort 21, 2025-01-26', 'cohort 21, 2025-01-26'],
  ['group 120363371308389685@g.us', 'group 120363371308389685@g.us'],
  ['“120363371308389000” was rounded', '“120363371308389000” was rounded'],
  ['919837000000919837', '9198•••••••••••837'],
  ['120363371308389685 12', '1203•••••••••••••512'],
  ['a\u001b[31mb\nc', 'a\\u001b[31mb c'],
])('%j is shown to everybody as %j', (text, shown) => expect(publicText(text)).toBe(shown));
