import { appendFileSync, closeSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LineReader } from '../../src/ledger/outcome-reader.ts';
import { scratch } from '../helpers.ts';

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
