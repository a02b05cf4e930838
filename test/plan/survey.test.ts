import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { personKey } from '../../src/domain/ids.ts';
import { type ChatId, type Pair, type Sender, STATUSES } from '../../src/domain/words.ts';
import { PairList, roundedIdsNote } from '../../src/plan/survey.ts';

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

const group = fc.integer({ min: 0, max: 5 }).map((n) => `12036337130838968${n}@g.us`);
const number = fc.oneof(
  fc.constantFrom('5215512345678', '525512345678', '5511987654321', '551187654321', '999999999999999'),
  fc.integer({ min: 1_000_000, max: 1_000_050 }).map(String),
);
const row = fc.record({
  chatId: group,
  participant: number,
  sender: fc.option(fc.constantFrom('919876543210', 'phone-abc', '919876543211'), { nil: undefined }),
  previous: fc.option(fc.constantFrom(...STATUSES), { nil: undefined }),
});

it('gives the first row of every person and group back as it was, in order', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 300 }), (rows) => {
      const list = new PairList();
      const firsts = new Map<string, (typeof rows)[number]>();
      for (const one of rows) {
        const key = `${one.chatId} ${personKey(one.participant)}`;
        const pair = { chatId: one.chatId, participant: one.participant } as Pair;
        expect(list.add(pair, one.sender as Sender | undefined, one.previous)).toBe(!firsts.has(key));
        if (!firsts.has(key)) firsts.set(key, one);
      }
      expect(list.size).toBe(firsts.size);
      expect([...list].map(({ pair, sender, previous }) => ({ ...pair, sender, previous }))).toEqual([
        ...firsts.values(),
      ]);
    }),
  );
});
