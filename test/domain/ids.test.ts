import { expect, it } from 'vitest';
import { maskChatId, parseChatId } from '../../src/domain/ids.ts';

it.each([
  ['905301234567-1574073754@g.us', '9053•••••567-1574073754@g.us'],
  ['120363371308389685@g.us', '120363371308389685@g.us'],
])('%s is shown in a log as %s', (id, shown) => {
  expect(parseChatId(id)).toBe(id);
  expect(maskChatId(id)).toBe(shown);
});

it.each(['120363371308389685', '12036337130838968@g.us', '905301234567-157407375@g.us', ' ', ''])(
  '“%s” is no id',
  (text) => expect(parseChatId(text)).toBeUndefined(),
);
