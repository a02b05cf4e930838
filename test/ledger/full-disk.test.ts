import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fill, smallDisk } from '../full-disk.ts';
import { opened, outcome, pair, SENDER } from './support.ts';

test('a disk that fills in mid-run: no more asks, and nothing lost that the disk holds', async (context) => {
  const dir = await smallDisk(context, 256 * 1024);
  const path = join(dir, 'a.jsonl');
  const ledger = await opened(path);
  const ballast = fill(dir, 8192);
  let asked = 0;
  let error: unknown;
  try {
    for (; ; asked++) await ledger.asked([pair(asked)], SENDER);
  } catch (caught) {
    error = caught;
  }
  expect(asked).toBeGreaterThan(10);
  expect(error).toMatchObject({
    code: 'LEDGER_FAILED',
    exitCode: 75,
    message: expect.stringContaining('disk full (ENOSPC)'),
  });

  // Room or not, a ledger that has failed takes nothing more.
  rmSync(ballast);
  const torn = readFileSync(path);
  await expect(ledger.asked([pair(-1)], SENDER)).rejects.toBe(error);
  await expect(ledger.settle(undefined, [{ pair: pair(0), outcome: outcome() }])).rejects.toBe(error);
  expect(readFileSync(path)).toEqual(torn);
  await ledger.close();

  const again = await opened(path);
  // The ask that failed may be on the disk, whole or torn; those that were promised are.
  expect(again.counts.in_doubt).toBe(asked);
  expect(again.state(pair(asked))).toBeUndefined();
  await again.asked([pair(asked)], SENDER);
});

test('no room for a new ledger: nothing can be sent', async (context) => {
  const dir = await smallDisk(context, 64 * 1024, ',nr_inodes=4');
  fill(dir);
  await expect(opened(join(dir, 'a.jsonl'))).rejects.toMatchObject({
    code: 'NOT_WRITABLE',
    exitCode: 2,
    message: expect.stringContaining('disk full'),
  });
});

test('a disk that is read-only', async (context) => {
  const dir = await smallDisk(context, 64 * 1024);
  await (await opened(join(dir, 'a.jsonl'))).close();
  execFileSync('mount', ['-o', 'remount,ro', dir]);
  await expect(opened(join(dir, 'a.jsonl'))).rejects.toMatchObject({
    code: 'NOT_WRITABLE',
    message: expect.stringContaining('read-only'),
  });
  expect((await opened(join(dir, 'a.jsonl'), { readOnly: true })).size).toBe(0);
});
