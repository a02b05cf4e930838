/** Group commit and failure, on a file whose fsync the test holds in its hand. */
import { expect, test, vi } from 'vitest';
import type { LedgerRecord } from '../../src/ledger/format.ts';
import { type Draft, Journal, type JournalOptions } from '../../src/ledger/journal.ts';
import { PATIENTLY } from '../helpers.ts';

class Disk {
  readonly lines: string[] = [];
  readonly syncs: PromiseWithResolvers[] = [];

  async append(bytes: Buffer, confirm: () => Promise<void>): Promise<void> {
    this.lines.push(bytes.toString());
    let settle!: Omit<PromiseWithResolvers, 'promise'>;
    const promise = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.syncs.push({ promise, ...settle });
    await promise;
    await confirm();
  }
}
interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const draft = (ask: number): Draft => ({ is: 'not_done', at: '', ask });
const turn = () => new Promise((done) => setImmediate(done));

function journal(disk: Disk, options: Partial<JournalOptions> = {}) {
  const applied: LedgerRecord[] = [];
  const one = new Journal({
    file: disk,
    end: { lines: 1, length: 100 },
    brief: true,
    held: async () => undefined,
    onDurable: (record) => applied.push(record),
    failure: (cause) => new Error(`failed: ${(cause as Error).message}`),
    ...options,
  });
  return { one, applied };
}

test('what arrives during an fsync shares the next one, and nothing takes effect before its own', async () => {
  const disk = new Disk();
  const { one, applied } = journal(disk);
  const done: string[] = [];
  const first = one.append([draft(1)]).then((n) => done.push(`first ${n}`));
  await turn();
  const others = Array.from({ length: 50 }, (_, i) =>
    one.append([draft(i), draft(i)]).then((n) => done.push(`${n}`)),
  );
  await turn();
  expect([disk.syncs.length, disk.lines.length, applied.length, done]).toEqual([1, 1, 0, []]);

  disk.syncs[0]!.resolve();
  await first;
  await vi.waitUntil(() => disk.syncs.length === 2, PATIENTLY); // under load, a batch waits for company
  expect([disk.syncs.length, disk.lines.length, applied.length, done]).toEqual([2, 2, 1, ['first 2']]);
  disk.syncs[1]!.resolve();
  await Promise.all(others);
  expect([disk.syncs.length, applied.length]).toEqual([2, 101]);
  expect(applied.map(({ n }) => n)).toEqual(Array.from({ length: 101 }, (_, i) => i + 2));
  expect(done.slice(1, 3)).toEqual(['3,4', '5,6']);
});

test('after a failed fsync nothing is tried again: who waits and who comes later gets the same error', async () => {
  const disk = new Disk();
  const { one, applied } = journal(disk);
  const first = one.append([draft(1)]);
  await turn();
  const second = one.append([draft(2)]);
  disk.syncs[0]!.reject(new Error('EIO'));
  const error = await first.catch((caught: unknown) => caught);
  expect(error).toEqual(new Error('failed: EIO'));
  await expect(second).rejects.toBe(error);
  await expect(one.append([draft(3)])).rejects.toBe(error);
  await one.idle();
  expect([disk.syncs.length, disk.lines.length, applied.length]).toEqual([1, 1, 0]);
});

test('poisoned while it writes: the record may be on the disk, but nobody is told that it may be used', async () => {
  const disk = new Disk();
  const { one, applied } = journal(disk);
  const first = one.append([draft(1)]);
  await turn();
  one.poison(new Error('the lock is lost'));
  disk.syncs[0]!.resolve();
  await expect(first).rejects.toThrow('failed: the lock is lost');
  expect(applied).toEqual([]);

  const guarded = new Disk();
  const { one: other } = journal(guarded, { held: async () => other.poison(new Error('lost')) });
  await expect(other.append([draft(1)])).rejects.toThrow('failed: lost');
  expect(guarded.lines).toEqual([]);
});

test('a lock that was taken away while it wrote: the same', async () => {
  const disk = new Disk();
  let looks = 0;
  const held = async () => {
    if (++looks > 1) throw new Error('taken away');
  };
  const { one, applied } = journal(disk, { held });
  const first = one.append([draft(1)]);
  await turn();
  disk.syncs[0]!.resolve();
  await expect(first).rejects.toThrow('failed: taken away');
  expect([disk.lines.length, applied]).toEqual([1, []]);
  await expect(one.append([draft(2)])).rejects.toThrow('failed: taken away');
});
