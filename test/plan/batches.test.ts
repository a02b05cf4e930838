import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatId, Pair, Participant, Sender } from '../../src/domain/words.ts';
import { type Ask, Planner } from '../../src/plan/batches.ts';

const pair = (group: number, person: number): Pair => ({
  chatId: `${120363000000000000n + BigInt(group)}@g.us` as ChatId,
  participant: String(910000000000 + person) as Participant,
});

describe('the planner', () => {
  it('gives each pair at once when a batch is one', () => {
    const planner = new Planner(1);
    expect(planner.add(pair(1, 1))).toEqual([
      { chatId: pair(1, 1).chatId, participants: [pair(1, 1).participant] },
    ]);
    expect(planner.flush()).toEqual([]);
  });

  it('fills batches of one group each, in the order of rows', () => {
    const planner = new Planner(2);
    expect(planner.add(pair(1, 1))).toEqual([]);
    expect(planner.add(pair(2, 2))).toEqual([]);
    expect(planner.add(pair(1, 3))).toEqual([
      { chatId: pair(1, 0).chatId, participants: ['910000000001', '910000000003'] },
    ]);
    expect(planner.flush()).toEqual([{ chatId: pair(2, 0).chatId, participants: ['910000000002'] }]);
  });

  it('fills them when the rows go round four hundred groups', () => {
    const planner = new Planner(25);
    const sizes: number[] = [];
    for (let person = 0; person < 20_000; person++) {
      sizes.push(...planner.add(pair(person % 400, person)).map(({ participants }) => participants.length));
    }
    expect(sizes).toHaveLength(800);
    expect(new Set(sizes)).toEqual(new Set([25]));
  });

  it('makes no batch of two senders', () => {
    const planner = new Planner(2);
    const [one, two] = ['919811111111', 'phone-bqzvyibhmwkaergr'] as Sender[];
    expect([
      ...planner.add(pair(1, 1), one),
      ...planner.add(pair(1, 2), two),
      ...planner.add(pair(1, 3)),
    ]).toEqual([]);
    expect(planner.add(pair(1, 4), one)).toEqual([
      { chatId: pair(1, 0).chatId, participants: ['910000000001', '910000000004'], sender: one },
    ]);
    expect(planner.flush().map(({ sender, participants }) => [sender, participants])).toEqual([
      [two, ['910000000002']],
      [undefined, ['910000000003']],
    ]);
  });

  it('lets the group that waits longest go when the look-ahead is full', () => {
    const planner = new Planner(10, 2);
    planner.add(pair(1, 1));
    planner.add(pair(2, 2));
    expect(planner.add(pair(3, 3))).toEqual([{ chatId: pair(1, 0).chatId, participants: ['910000000001'] }]);
  });

  it('loses nobody, doubles nobody, mixes no groups, and holds no more than the look-ahead', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(6), { maxLength: 200 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 30 }),
        (groups, batchSize, lookAhead) => {
          const planner = new Planner(batchSize, lookAhead);
          const asks: Ask[] = [];
          let given = 0;
          groups.forEach((group, person) => {
            asks.push(...planner.add(pair(group, person)));
            given = asks.reduce((sum, ask) => sum + ask.participants.length, 0);
            expect(person + 1 - given).toBeLessThanOrEqual(lookAhead);
          });
          asks.push(...planner.flush());
          const out = asks.flatMap((ask) => ask.participants.map((who) => `${ask.chatId} ${who}`)).sort();
          const wanted = groups
            .map((group, i) => `${pair(group, i).chatId} ${pair(group, i).participant}`)
            .sort();
          expect(out).toEqual(wanted);
          for (const ask of asks) expect(ask.participants.length).toBeLessThanOrEqual(batchSize);
        },
      ),
    );
  });
});
