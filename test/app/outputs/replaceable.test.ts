import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertOneSharding } from '../../../src/app/going-on/own-files.ts';
import { assertReplaceable } from '../../../src/app/outputs/publish.ts';
import { scratch } from '../../helpers.ts';

const OF_4 = 'c.shard-1-of-4.results.csv.ledger.jsonl';
const shard = (index: number, count: number) => ({ index, count });

describe('a run beside the ledger of another sharding', () => {
  it.each([
    [
      'in other shards',
      OF_4,
      'c.shard-1-of-3.results.csv.ledger.jsonl',
      shard(1, 3),
      /in 4 shards, and --shard 1\/3/,
    ],
    [
      'in shards before',
      OF_4,
      'c.results.csv.ledger.jsonl',
      undefined,
      /in 4 shards, and a run without --shard/,
    ],
    ['whole before', 'c.results.csv.ledger.jsonl', OF_4, shard(1, 4), /without --shard, and --shard 1\/4/],
    [
      'by names of its own',
      'l.jsonl',
      'l.shard-2-of-2.jsonl',
      shard(2, 2),
      /without --shard, and --shard 2\/2/,
    ],
  ])('is refused: %s', async (_what, there, ours, now, says) => {
    const dir = await scratch();
    await writeFile(join(dir, there), '');
    const act = assertOneSharding(join(dir, ours), now);
    await expect(act).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(says) });
    await expect(act).rejects.toThrow(join(dir, there));
  });

  it.each([
    ['the same shard', OF_4, OF_4, shard(1, 4)],
    ['another shard of as many', OF_4, 'c.shard-2-of-4.results.csv.ledger.jsonl', shard(2, 4)],
    ['another cohort', OF_4, 'd.shard-1-of-3.results.csv.ledger.jsonl', shard(1, 3)],
    ['the same run, whole', 'c.results.csv.ledger.jsonl', 'c.results.csv.ledger.jsonl', undefined],
    ['a ledger with such a name', 'c.shard-1-of-4.csv', 'c.shard-1-of-4.csv', undefined],
    ['results, which are no ledger', 'c.results.csv', OF_4, shard(1, 4)],
  ])('goes on: %s', async (_what, there, ours, now) => {
    const dir = await scratch();
    await writeFile(join(dir, there), '');
    await assertOneSharding(join(dir, ours), now);
    await assertOneSharding(join(dir, 'nowhere', ours), now);
  });
});

describe('what may be replaced', () => {
  const HEADER =
    'row,chat_id,participant,status,reason_code,message,http_status,attempts,trace_id,asked_at,settled_at';
  it.each([
    ['nothing there', undefined, true],
    ['an empty file', '', true],
    ['results', `name,${HEADER}\n1,2\n`, true],
    ['results of Excel', `name;${HEADER.replaceAll(',', ',')}\r\n`, true],
    ['results of a header with a line break in it', `"a\nb",${HEADER}\nx\n`, true],
    ['a spreadsheet', 'name,phone\nAnna,1\n', false],
    ['a file that only mentions it', `see ${HEADER} here\n`, false],
  ])('%s', async (_what, content, may) => {
    const path = join(await scratch(), 'out.csv');
    if (content !== undefined) await writeFile(path, content);
    if (may) await assertReplaceable(path);
    else await expect(assertReplaceable(path)).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
  });
  it('standard output, and what is no file', async () => {
    await assertReplaceable('-');
    const dir = join(await scratch(), 'dir');
    await mkdir(dir);
    await assertReplaceable(dir);
  });
});
