import { expect, test } from 'vitest';
import type { ChatId } from '../../src/domain/words.ts';
import { roundedIdsNote } from '../../src/plan/survey.ts';

const rounded = [...'1234'].map((digit) => `${Number(`12036337130838968${digit}`)}@g.us` as ChatId);

test.each([
  ['ids that a script has rounded', rounded, /^the chat_id ends|^all \d chat_ids end/],
  ['one of them', rounded.slice(0, 1), /^the chat_id ends in 0/],
  ['beside a legacy id', [...rounded.slice(0, 1), '905301234567-1574073750@g.us'], /^the chat_id ends in 0/],
  ['one that is whole', [...rounded, '120363371308389685@g.us'], undefined],
  ['one that ends in 0 and is whole', ['120363371308389690@g.us'], undefined],
  ['legacy ids', ['905301234567-1574073750@g.us'], undefined],
  ['no id', [], undefined],
])('%s', (_what, ids, says) => {
  const note = roundedIdsNote(new Set(ids as ChatId[]));
  if (says === undefined) expect(note).toBeUndefined();
  else expect(note).toMatch(says);
});
