import { expect, it } from 'vitest';
import { publicName, publicText } from '../../src/lib/text.ts';

it.each([
  ['919537851844', '9195•••••844'],
  ['call +91 95378-51844!', 'call 9195•••••844!'],
  ['(021) 555 12 34 56 now', '(0215•••••456 now'],
  ['cohort 21, 2025-01-26', 'cohort 21, 2025-01-26'],
  ['group 120363371308389685@g.us', 'group 120363371308389685@g.us'],
  ['“120363371308389000” was rounded', '“120363371308389000” was rounded'],
  ['919837000000919837', '9198•••••••••••837'],
  ['120363371308389685 12', '1203•••••••••••••512'],
  ['“98745*32466” and 98745~32466', '“9874•••466” and 9874•••466'],
  ['98745 | 32466', '9874•••466'],
  ['٩٨٧٤٥٣٢٤٦٦', '٩٨٧٤•••٤٦٦'],
  ['+९८७४५ ३२४६६', '९८७४•••४६६'],
  ['９８７４５３２４６６', '９８７４•••４６６'],
  ['𝟗𝟖𝟕𝟒𝟓𝟑𝟐𝟒𝟔𝟔', '𝟗𝟖𝟕𝟒•••𝟒𝟔𝟔'],
  ['connect ECONNREFUSED 127.0.0.1:18765', 'connect ECONNREFUSED 127.0.0.1:18765'],
  ['rows 12, 345, 678, 901', 'rows 12, 345, 678, 901'],
  ['a\u001b[31mb\nc', 'a\\u001b[31mb c'],
])('%j is shown to everybody as %j', (text, shown) => expect(publicText(text)).toBe(shown));

it.each([
  ['Helpline +91 98745-32466', 'Helpline 9198•••••466'],
  ['Helpline 612 34 56 34', 'Helpline 6123••634'],
  ['Call 5551234', 'Call •••••••'],
  ['555.12.34 (office)', '••••••• (office)'],
  ['555 - 1234', '•••••••'],
  ['9️⃣8️⃣7️⃣4️⃣5️⃣3️⃣2️⃣4️⃣6️⃣6️⃣', '9874•••466'],
  ['٩٨٧٤٥٣٢٤', '٩٨٧٤•٣٢٤'],
  ['Spring 2026-01-31', 'Spring 2026-01-31'],
  ['Spring 31.1.2026', 'Spring 31.1.2026'],
  ['Year 2025–2026', 'Year 2025–2026'],
  ['Weekend cohort 6, room 1204', 'Weekend cohort 6, room 1204'],
  ['120363371308389685', '120363371308389685'],
  ['a\u001b[31mb\nc', 'a\\u001b[31mb c'],
])('a group called %j is shown to everybody as %j', (name, shown) => expect(publicName(name)).toBe(shown));
