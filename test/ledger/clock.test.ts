import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/ledger.ts';
import { scratch } from '../helpers.ts';
import { ORIGIN, pair, SENDER } from './support.ts';

test('a ledger whose asks are dated a year ahead says what time it is, once, and the cap opens a day later', async () => {
  const path = join(await scratch(), 'a.ledger.jsonl');
  const DAY = 86_400_000;
  let now = Date.parse('2026-01-31T12:00:00Z');
  const clock = { now: () => now, monotonic: () => performance.now() };
  const open = () => openLedger(path, { origin: ORIGIN, clock });
  now += 365 * DAY;
  const ahead = await open();
  await ahead.notDone(await ahead.asked([pair(1)], SENDER));
  await ahead.asked([pair(1)], SENDER);
  await ahead.close();
  now -= 365 * DAY;
  for (const [hours, counted] of [
    [0, 1],
    [10, 1],
    [13, 1],
    [1, 0],
    [1, 0],
  ] as const) {
    now += hours * 3_600_000;
    const ledger = await open();
    expect(ledger.askedInLast(DAY, SENDER)).toBe(counted);
    await ledger.close();
  }
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines.at(-1)).toContain('"is":"not_done","at":"2026-01-31T12:00:00.000Z","ask":0');
});
