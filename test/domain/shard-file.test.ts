import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readShardFile, shardFile } from '../../src/domain/shard.ts';

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
