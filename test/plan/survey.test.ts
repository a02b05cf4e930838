import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { personKey } from '../../src/domain/ids.ts';
import {
  type ChatId,
  type Pair,
  type Participant,
  type Problem,
  type Reading,
  type Sender,
  STATUSES,
} from '../../src/domain/words.ts';
import { asksNeeded } from '../../src/plan/estimate.ts';
import { firstRows, PairList, roundedIdsNote, survey } from '../../src/plan/survey.ts';

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

const GROUP = '120363371308389685@g.us' as ChatId;
const OTHER = '120363402715563921@g.us' as ChatId;
const pair = (i: number, chatId = GROUP): Pair => ({
  chatId,
  participant: `91987000000${i}` as Participant,
});

describe('the survey', () => {
  const row = (line: number) => ({ line, fields: [] });
  const problem: Problem = { code: 'phone_missing', message: '' };
  const readings: Reading[] = [
    { kind: 'pair', row: row(2), pair: pair(1) },
    { kind: 'pair', row: row(3), pair: pair(1) },
    { kind: 'invalid', row: row(4), problem },
    { kind: 'pair', row: row(5), pair: pair(2) },
    { kind: 'pair', row: row(6), pair: pair(3, OTHER) },
    { kind: 'invalid', row: row(7), problem },
    { kind: 'pair', row: row(8), pair: pair(4) },
  ];
  async function* batches() {
    yield readings.slice(0, 3);
    yield readings.slice(3);
  }
  it('counts rows, pairs, groups, problems, and what a run would ask', async () => {
    const problems: number[] = [];
    const known = new Map([
      [pair(2).participant, 'unknown'],
      [pair(3).participant, 'added'],
    ]) as Map<string, 'unknown'>;
    const knowledge = {
      ledger: ({ participant }: Pair) => known.get(participant),
      previous: () => undefined,
    };
    const plan = await survey(batches(), knowledge, { retry: [], onlyStatus: undefined }, (row) =>
      problems.push(row.line),
    );
    expect(plan).toMatchObject({ rows: 7, pairs: 4, duplicates: 1, invalid: 2, known: 2, toAsk: 2 });
    expect([...plan.groups]).toEqual([
      [GROUP, 2],
      [OTHER, 0],
    ]);
    expect([...plan.invalidByReason]).toEqual([['phone_missing', 2]]);
    expect([...plan.countries]).toEqual([['IN', { people: 2, rows: ['2', '8'] }]]);
    expect([problems, plan.unknown]).toEqual([[4, 7], [pair(2)]]);
    expect([asksNeeded(plan, 1), asksNeeded(plan, 2)]).toEqual([2, 1]);

    const retried = await survey(batches(), knowledge, { retry: ['unknown'], onlyStatus: undefined });
    expect([retried.toAsk, retried.unknown]).toEqual([3, []]);
  });
});

it('remembers the first line of each pair, whichever number of a person it has', () => {
  const first = firstRows();
  const mexican = (digits: string): Pair => ({ chatId: GROUP, participant: digits as Participant });
  expect([first(pair(1), 2), first(pair(1), 3), first(pair(1, OTHER), 4)]).toEqual([2, 2, 4]);
  expect([first(mexican('5215512345678'), 5), first(mexican('525512345678'), 6)]).toEqual([5, 5]);
});
