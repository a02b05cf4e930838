import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseShard,
  readShardFile,
  rowsOf,
  shardFile,
  shardOfGroup,
  shardText,
} from '../../src/domain/shard.ts';
import type { ChatId, Pair, Participant, Reading } from '../../src/domain/words.ts';

/** Computed apart from this code: `printf %s "$chat_id" | sha256sum | cut -c1-12`, modulo n, plus 1. */
const FROZEN: readonly [chatId: string, shards: Readonly<Record<number, number>>][] = [
  ['120363371308389685@g.us', { 1: 1, 2: 2, 3: 1, 4: 2, 7: 4, 100: 26 }],
  ['120363402715563921@g.us', { 1: 1, 2: 2, 3: 1, 4: 2, 7: 2, 100: 98 }],
  ['120363398840217746@g.us', { 1: 1, 2: 2, 3: 2, 4: 2, 7: 1, 100: 86 }],
  ['905301234567-1574073754@g.us', { 1: 1, 2: 2, 3: 1, 4: 2, 7: 5, 100: 6 }],
  ['120363000000000001@g.us', { 1: 1, 2: 1, 3: 3, 4: 3, 7: 5, 100: 67 }],
];

describe('the shard of a group', () => {
  it.each(FROZEN)('%s stays where it ever was: another hash would ask people again', (chatId, shards) => {
    for (const [n, shard] of Object.entries(shards))
      expect([n, shardOfGroup(chatId as ChatId, Number(n))]).toEqual([n, shard]);
  });

  it('spreads 10,000 groups evenly enough over 8 shards', () => {
    const groups = new Array<number>(8).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const shard = shardOfGroup(`1203630000${String(i).padStart(8, '0')}@g.us` as ChatId, 8);
      groups[shard - 1] = groups[shard - 1]! + 1;
    }
    // Five standard deviations of a fair deal: 1250 ± 165.
    for (const many of groups) expect(Math.abs(many - 1250)).toBeLessThan(165);
  });
});

const chats = fc
  .bigInt({ min: 0n, max: 40n })
  .map((i) => `1203630000000000${String(i).padStart(2, '0')}@g.us`);
const readings = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ chatId: chats, participant: fc.constantFrom('1555', '1556') }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  { maxLength: 60 },
);
const reading = (pair: unknown, i: number): Reading => {
  const row = { line: i + 2, fields: [] };
  if (pair === undefined) return { kind: 'invalid', row, problem: { code: 'phone_missing', message: '' } };
  return { kind: 'pair', row, pair: pair as Pair };
};

describe('the rows of a shard', () => {
  it('are a part of the cohort: every row is in exactly one, and no group in two', () => {
    fc.assert(
      fc.property(readings, fc.integer({ min: 1, max: 12 }), (pairs, count) => {
        const cohort = pairs.map(reading);
        const owners = new Map<Reading, number[]>(cohort.map((one) => [one, []]));
        for (let index = 1; index <= count; index++)
          for (const one of cohort.filter(rowsOf({ index, count }))) owners.get(one)!.push(index);
        const groups = new Map<ChatId, Set<number>>();
        for (const [one, shards] of owners) {
          expect(shards).toHaveLength(1);
          if (one.kind === 'invalid') expect(shards).toEqual([1]);
          else
            groups.set(one.pair.chatId, (groups.get(one.pair.chatId) ?? new Set()).add(shards[0] as number));
        }
        for (const shards of groups.values()) expect(shards.size).toBe(1);
      }),
    );
  });

  it('do not depend on the rows around them', () => {
    const of = (participant: string) => ({
      chatId: '120363371308389685@g.us' as ChatId,
      participant: participant as Participant,
    });
    const alone = [reading(of('1555'), 0)].filter(rowsOf({ index: 2, count: 4 }));
    const among = [reading(undefined, 0), reading(of('1556'), 1), reading(of('1555'), 2)];
    expect(alone).toHaveLength(1);
    expect(among.filter(rowsOf({ index: 2, count: 4 })).map(({ row }) => row.line)).toEqual([3, 4]);
  });
});

describe('--shard', () => {
  it('reads what it writes', () => {
    expect(parseShard('2/4')).toEqual({ index: 2, count: 4 });
    expect(parseShard(' 1/1 ')).toEqual({ index: 1, count: 1 });
    expect(shardText(parseShard('12/100000'))).toBe('12/100000');
  });
  it.each([
    ['0/4', /count from 1: 1\/4 to 4\/4/],
    ['5/4', /no shard 5 of 4/],
    ['1/0', /1 to 100000/],
    ['1/100001', /1 to 100000/],
    ['1', /like 1\/4/],
    ['1/4/2', /like 1\/4/],
    ['-1/4', /like 1\/4/],
    ['1.5/4', /like 1\/4/],
    ['1 of 4', /like 1\/4/],
    ['', /like 1\/4/],
  ])('refuses “%s”', (text, says) => {
    expect(() => parseShard(text)).toThrow(RangeError);
    expect(() => parseShard(text)).toThrow(says);
  });
});

const SHARD = { index: 2, count: 4 };

describe('the name of a shard’s file', () => {
  it.each([
    ['cohort.results.csv', 'cohort.shard-2-of-4.results.csv'],
    ['data.d/out.csv', 'data.d/out.shard-2-of-4.csv'],
    ['data.d/out', 'data.d/out.shard-2-of-4'],
    ['/data/x.results.csv.ledger.jsonl', '/data/x.shard-2-of-4.results.csv.ledger.jsonl'],
    ['x.csv.ledger.jsonl', 'x.shard-2-of-4.csv.ledger.jsonl'],
    ['ledger.jsonl', 'ledger.shard-2-of-4.jsonl'],
    ['onboard.prom', 'onboard.shard-2-of-4.prom'],
    ['a.b.json', 'a.b.shard-2-of-4.json'],
    ['.hidden', '.hidden.shard-2-of-4'],
    ['out.shard-2-of-4.csv', 'out.shard-2-of-4.csv'],
    ['-', '-'],
    ['/dev/termination-log', '/dev/termination-log'],
  ])('%s → %s', (path, marked) => {
    expect(shardFile(path, SHARD)).toBe(marked);
  });

  it.each(['out.shard-1-of-4.csv', 'out.shard-2-of-3.csv'])('is not %s, of another shard', (path) => {
    expect(() => shardFile(path, SHARD)).toThrow(/is a file of shard [12]\/[34]/);
  });

  it('is of its own for every shard, and leads back to the plain name', () => {
    const name = fc
      .stringMatching(/^[a-z.]{1,12}$/)
      .filter((text) => !['.', '..'].includes(text) && readShardFile(text) === undefined);
    const shard = fc.record({
      index: fc.integer({ min: 1, max: 9 }),
      count: fc.integer({ min: 9, max: 12 }),
    });
    fc.assert(
      fc.property(name, shard, shard, (path, one, other) => {
        const marked = shardFile(path, one);
        expect(readShardFile(marked)).toEqual({ shard: one, plain: path });
        expect(shardFile(marked, one)).toBe(marked);
        if (JSON.stringify(one) !== JSON.stringify(other)) expect(shardFile(path, other)).not.toBe(marked);
      }),
    );
  });
});
