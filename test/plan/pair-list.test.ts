import fc from 'fast-check';
import { expect, it } from 'vitest';
import { personKey } from '../../src/domain/participant.ts';
import type { Pair, Sender } from '../../src/domain/words.ts';
import { STATUSES } from '../../src/domain/words.ts';
import { PairList } from '../../src/plan/survey.ts';

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
