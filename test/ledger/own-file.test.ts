/** A ledger whose file somebody else has their hands on, with neither lock nor claim in the way: the file itself tells. */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Pair } from '../../src/domain/words.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { LineReader, openOwnFile } from '../../src/ledger/own-file.ts';
import { repeats, scratch } from '../helpers.ts';
import { opened as openedLocked, outcome, pair, SENDER } from './support.ts';

// Neither the lock beside the ledger nor, where the system has it, that of the file itself.
const acquire = async () => ({ isHeld: async () => true, release: async () => undefined });
const opened = (path: string) => openedLocked(path, { acquire });
beforeEach(() => {
  const { listen } = Server.prototype;
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    const [options] = args as [{ path?: string } | undefined];
    if (!options?.path?.startsWith('\0')) return listen.apply(this, args as Parameters<typeof listen>);
    process.nextTick(() => this.emit('error', Object.assign(new Error('EPERM'), { code: 'EPERM' })));
    return this;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const LOST = { code: 'LEDGER_FAILED', exitCode: 75 };

describe('what another program does to the file ends the writing before the next ask', () => {
  const HARMS: readonly [string, (path: string) => void, RegExp][] = [
    ['cut to nothing, as a log rotation does', (path) => truncateSync(path, 0), /has cut the file/],
    ['cut by a byte', (path) => truncateSync(path, readFileSync(path).length - 1), /has cut the file/],
    ['appended to', (path) => appendFileSync(path, 'x'), /has written to it/],
    ['its last record changed', (path) => changed(path, -3), /has changed it/],
    [
      'cut, and as long again',
      (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length)),
      /has changed it/,
    ],
    ['a second name', (path) => linkSync(path, `${path}.backup`), /a second name \(a hard link\)/],
    ['removed', (path) => unlinkSync(path), /was removed/],
    [
      'rotated',
      (path) => {
        renameSync(path, `${path}.1`);
        writeFileSync(path, '');
      },
      /another file has taken its place/,
    ],
    [
      'replaced by a copy',
      (path) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
      /another file has taken its place/,
    ],
  ];
  test.each(HARMS)('%s', async (_what, harm, why) => {
    const path = join(await scratch(), 'a.jsonl');
    const ledger = await opened(path);
    const ask = await ledger.asked([pair(1), pair(2)], SENDER);
    await ledger.settle(ask, [{ pair: pair(1), outcome: outcome() }]);
    harm(path);
    const error = await ledger.asked([pair(3)], SENDER).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ ...LOST, message: expect.stringMatching(why) });
    expect((error as Error).message).not.toContain('\n');
    await expect(ledger.settle(ask, [{ pair: pair(2), outcome: outcome() }])).rejects.toBe(error);
    // And what is known is told still.
    expect(ledger.outcome(pair(1))).toMatchObject({ status: outcome().status, askedAt: expect.any(Number) });
    expect(ledger.askedAt(pair(2))).toEqual(expect.any(Number));
    expect(ledger.state(pair(3))).toBeUndefined();
  });

  test('a link that leads elsewhere now', async () => {
    const dir = await scratch();
    const [path, link] = [join(dir, 'a.jsonl'), join(dir, 'link.jsonl')];
    symlinkSync('a.jsonl', link);
    const ledger = await opened(link);
    rmSync(link);
    copyFileSync(path, join(dir, 'b.jsonl'));
    symlinkSync('b.jsonl', link);
    await expect(ledger.asked([pair(1)], SENDER)).rejects.toMatchObject(LOST);
  });

  test('what is remembered of a file that was cut', async () => {
    const path = join(await scratch(), 'a.jsonl');
    await (await settled(path)).close();
    const ledger = await opened(path);
    truncateSync(path, 0);
    expect(ledger.outcome(pair(1))).toMatchObject({
      status: outcome().status,
      reasonCode: outcome().reasonCode,
      message: '',
      askedAt: Math.floor((ledger.lastAskedAt() ?? 0) / 1000) * 1000,
      settledAt: undefined,
    });
  });
});

async function settled(path: string): Promise<Ledger> {
  const ledger = await opened(path);
  const ask = await ledger.asked([pair(1)], SENDER);
  await ledger.settle(ask, [{ pair: pair(1), outcome: outcome() }]);
  return ledger;
}

function changed(path: string, at: number): void {
  const bytes = readFileSync(path);
  const place = bytes.length + at;
  bytes[place] = (bytes[place] as number) ^ 1;
  writeFileSync(path, bytes);
}

describe('two that write one file', () => {
  test('the second stops the first, or the first the second, and nobody is asked by both', async () => {
    let both = 0;
    for (let round = 0; round < repeats(60); round++) {
      const path = join(await scratch(), 'a.jsonl');
      // At the same instant: also the header of a new ledger is written once.
      const ledgers: Ledger[] = [];
      await Promise.all(
        [0, 1].map(async () => {
          const ledger = await opened(path).catch((error: unknown) => {
            expect(error).toMatchObject(LOST);
          });
          if (ledger) ledgers.push(ledger);
        }),
      );
      if (ledgers.length < 2) {
        while (ledgers.length < 2) ledgers.push(await opened(path));
      }
      const asked: Pair[] = [];
      await Promise.all(
        ledgers.map(async (ledger) => {
          // At once, or one while the other writes.
          await new Promise((done) => setTimeout(done, Math.random() * 6));
          try {
            for (let i = 0; i < 20; i++) {
              if (ledger.state(pair(i)) !== undefined) continue;
              await ledger.asked([pair(i)], SENDER);
              asked.push(pair(i));
              await new Promise((done) => setTimeout(done, Math.random() * 3));
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'LEDGER_FAILED', exitCode: 75 });
          }
        }),
      );
      const names = asked.map(({ participant }) => participant);
      expect(names).toHaveLength(new Set(names).size);
      for (const ledger of ledgers) await ledger.close();
      // The file is sound, and has all that were asked.
      const after = await opened(path);
      for (const one of asked) expect(after.state(one)?.status).toBe('in_doubt');
      await after.close();
      if (asked.length > 0) both++;
    }
    expect(both).toBeGreaterThan(0);
  });

  test('whose bytes come second takes them back; whose bytes come first is not disturbed', async () => {
    const path = join(await scratch(), 'f');
    writeFileSync(path, 'one\n');
    const rival = async () => {
      const file = await open(path, 'a+');
      return {
        file,
        own: await openOwnFile({ file, path, length: 4, lost: (why) => new Error(why) }),
      };
    };
    const [a, b] = [await rival(), await rival()];
    const { write } = b.file;
    // Between the second one's look and its write.
    b.file.write = (async (...args: Parameters<typeof write>) => {
      b.file.write = write;
      await a.own.append(Buffer.from('the first\n'));
      return write.apply(b.file, args);
    }) as typeof write;
    await expect(b.own.append(Buffer.from('the second\n'))).rejects.toThrow(
      'another process has written to it',
    );
    expect(readFileSync(path, 'utf8')).toBe('one\nthe first\n');
    await a.own.append(Buffer.from('and on\n'));
    expect(readFileSync(path, 'utf8')).toBe('one\nthe first\nand on\n');
    await a.file.close();
    await b.file.close();
  });
});

describe('a write that fails', () => {
  const failing = (code: string) => Object.assign(new Error(code), { code });
  test.each(['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'])(
    '%s in the middle of it: the file ends where it ended',
    async (code) => {
      const path = join(await scratch(), 'f');
      writeFileSync(path, 'one\n');
      const file = await open(path, 'a+');
      const own = await openOwnFile({ file, path, length: 4, lost: (why) => new Error(why) });
      const { write } = file;
      let writes = 0;
      file.write = (async (bytes: Buffer, from: number, length: number) => {
        if (++writes > 1) throw failing(code);
        return write.apply(file, [bytes, from, length >> 1] as never);
      }) as unknown as typeof write;
      await expect(own.append(Buffer.from('a record\n'))).rejects.toMatchObject({ code });
      expect([writes, readFileSync(path, 'utf8')]).toEqual([2, 'one\n']);
      await file.close();
    },
  );

  test('one that may not take effect after all: the same, and what another wrote behind it stays', async () => {
    const path = join(await scratch(), 'f');
    writeFileSync(path, 'one\n');
    const file = await open(path, 'a+');
    const own = await openOwnFile({ file, path, length: 4, lost: (why) => new Error(why) });
    const refuse = async () => {
      throw new Error('the lock is gone');
    };
    await expect(own.append(Buffer.from('a record\n'), refuse)).rejects.toThrow('the lock is gone');
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    const again = await openOwnFile({ file, path, length: 4, lost: (why) => new Error(why) });
    const late = async () => {
      appendFileSync(path, 'of another\n');
      await refuse();
    };
    await expect(again.append(Buffer.from('a record\n'), late)).rejects.toThrow('the lock is gone');
    expect(readFileSync(path, 'utf8')).toBe('one\na record\nof another\n');
    await file.close();
  });

  test('an fsync that fails: the same', async () => {
    const path = join(await scratch(), 'f');
    writeFileSync(path, 'one\n');
    const file = await open(path, 'a+');
    const own = await openOwnFile({ file, path, length: 4, lost: (why) => new Error(why) });
    file.datasync = async () => {
      throw failing('EIO');
    };
    await expect(own.append(Buffer.from('a record\n'))).rejects.toMatchObject({ code: 'EIO' });
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    await file.close();
  });

  test('a short write is continued where it stopped', async () => {
    const path = join(await scratch(), 'f');
    writeFileSync(path, '');
    const file = await open(path, 'a+');
    const own = await openOwnFile({ file, path, length: 0, lost: (why) => new Error(why) });
    const { write } = file;
    let writes = 0;
    file.write = (async (bytes: Buffer, from: number, length: number) => {
      writes++;
      return write.apply(file, [bytes, from, Math.ceil(length / 2)] as never);
    }) as unknown as typeof write;
    await own.append(Buffer.from('a record\n'));
    expect(readFileSync(path, 'utf8')).toBe('a record\n');
    expect(writes).toBeGreaterThan(1);
    await file.close();
  });
});

async function reader(content: string): Promise<{ path: string; lineAt: (offset: number) => string }> {
  const path = join(await scratch(), 'lines');
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  onTestFinished(() => closeSync(fd));
  const lines = new LineReader(fd);
  return { path, lineAt: (offset) => lines.lineAt(offset).toString() };
}

test('a block that was read while its last line was being written is read again', async () => {
  const { path, lineAt } = await reader('first\nsec');
  expect(lineAt(0)).toBe('first');
  appendFileSync(path, 'ond\nthird\n');
  expect(lineAt(6)).toBe('second');
  expect(lineAt(13)).toBe('third');
});

test('a line over many blocks, and more blocks than are kept', async () => {
  const long = 'x'.repeat(100_000);
  const { lineAt } = await reader(`a\n${long}\n${`${'y'.repeat(9_999)}\n`.repeat(300)}z\n`);
  for (let round = 0; round < 2; round++) {
    expect(lineAt(2)).toBe(long);
    for (let i = 0; i < 300; i++) expect(lineAt(100_003 + i * 10_000)).toBe('y'.repeat(9_999));
    expect(lineAt(100_003 + 3_000_000)).toBe('z');
    expect(lineAt(0)).toBe('a');
  }
});

test('a file that ends within the line', async () => {
  const { path, lineAt } = await reader('first\nsecond');
  expect(() => lineAt(6)).toThrow('ends within the line at byte 6');
  truncateSync(path, 0);
  expect(() => lineAt(100_000)).toThrow('ends within');
});
