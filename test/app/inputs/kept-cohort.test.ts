import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { spool } from '../../../src/app/inputs/kept-cohort.ts';
import { StoppedBefore } from '../../../src/app/session.ts';
import { EXIT } from '../../../src/domain/errors.ts';
import { RunControl } from '../../../src/send/run-control.ts';
import { scratch } from '../../helpers.ts';

describe('standard input, kept', () => {
  it('as it came, for its owner alone, until it is removed', async () => {
    const dir = await scratch();
    const bytes = Buffer.from([0, 255, 10, 200, ...Buffer.from('é\r\n')]);
    const { path, remove } = await spool(Readable.from([bytes]), join(dir, 'ledger'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    expect(digest(await readFile(path))).toBe(digest(bytes));
    await remove();
    await remove();
    expect(await readdir(dir)).toEqual([]);
  });

  it('a signal ends it, and nothing is left', async () => {
    const dir = await scratch();
    const control = new RunControl();
    const endless = new Readable({ read() {} });
    const spooling = spool(endless, join(dir, 'ledger'), { signal: control.signal });
    endless.push('a,b\n');
    control.stop({ exit: EXIT.sigint, code: 'interrupted', message: '' });
    await expect(spooling).rejects.toBeInstanceOf(StoppedBefore);
    expect(await readdir(dir)).toEqual([]);
  });

  it('no room for it, or a source that breaks: said in one line', async () => {
    const dir = await scratch();
    await expect(spool(Readable.from(['a']), join(dir, 'absent', 'ledger'))).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
      message: expect.stringMatching(/absent: .*\(ENOENT\)/),
    });
    const broken = new Readable({
      read() {
        this.destroy(new Error('the pipe broke'));
      },
    });
    await expect(spool(broken, join(dir, 'ledger'))).rejects.toThrow(/the pipe broke/);
    expect(await readdir(dir)).toEqual([]);
  });

  it('a disk that is slow to make the file: it is not made after the end', async () => {
    const dir = await scratch();
    const held: (() => void)[] = [];
    const open = fs.open;
    const slow = vi.spyOn(fs, 'open').mockImplementation(((...args: Parameters<typeof fs.open>) => {
      held.push(() => open(...args));
    }) as typeof fs.open);
    try {
      const broken = new Readable({
        read() {
          this.destroy(new Error('the pipe broke'));
        },
      });
      await expect(spool(broken, join(dir, 'ledger'))).rejects.toThrow(/the pipe broke/);
    } finally {
      slow.mockRestore();
    }
    for (const late of held) late();
    // What was still to be made is made now.
    await vi.waitFor(async () => expect(await readdir(dir)).toHaveLength(held.length));
    expect(await readdir(dir)).toEqual([]);
  });
});
