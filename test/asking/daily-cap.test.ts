import { expect, it } from 'vitest';
import { CappedLedger } from '../../src/asking/daily-cap.ts';
import { GROUP, MemoryLedger, people, SENDER } from './fakes.ts';

const ask = (n: number, from: number) => ({ chatId: GROUP, participants: people(n, from) });

it('sets room aside at once: two that look at the same instant do not both get the last of it', async () => {
  const capped = new CappedLedger(new MemoryLedger(), SENDER, 3);
  expect(await Promise.all([capped.reserve(2), capped.reserve(2), capped.reserve(2)])).toEqual([2, 1, 0]);
});

it('counts an ask once, whether it is on its way to the ledger or there', async () => {
  const ledger = new MemoryLedger();
  const capped = new CappedLedger(ledger, SENDER, 3);
  expect(await capped.reserve(2)).toBe(2);
  const first = capped.asked(ask(2, 0), people(2));
  // While the record is being written it may be counted twice: the next one waits for it, and gets what is left.
  expect(await capped.reserve(1)).toBe(1);
  await first;
  await capped.asked(ask(1, 2), people(1, 2));
  expect(await capped.reserve(1)).toBe(0);
});

it('room that an ask which was not done gives back is used', async () => {
  const ledger = new MemoryLedger();
  const capped = new CappedLedger(ledger, SENDER, 1);
  await capped.reserve(1);
  await ledger.notDone(await capped.asked(ask(1, 0), people(1)));
  expect(await capped.reserve(1)).toBe(1);
});

it('a record that fails gives its room back, and tells who asked for it', async () => {
  const ledger = new MemoryLedger();
  const capped = new CappedLedger(ledger, SENDER, 1);
  ledger.fails = new Error('no room on the disk');
  await capped.reserve(1);
  await expect(capped.asked(ask(1, 0), people(1))).rejects.toThrow('no room on the disk');
  expect(await capped.reserve(1)).toBe(1);
});

it('without a cap everybody fits', async () => {
  expect(await new CappedLedger(new MemoryLedger(), SENDER, undefined).reserve(1e6)).toBe(1e6);
});
