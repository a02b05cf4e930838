import { expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/ledger/format.ts';
import { LedgerState } from '../../src/ledger/state.ts';
import { pair, SENDER } from './people.ts';

const at = '2025-01-26T17:14:27.000Z';
const chat = pair(1).chatId;
const who = pair(1).participant;
const asked = (n: number): LedgerRecord => ({ n, is: 'asked', at, from: SENDER, chat, who: [who] });
const notDone = (n: number, ask: number): LedgerRecord => ({ n, is: 'not_done', at, ask });

// The ledger never writes these, but what it finds in a file must not make a pair look safer than it is.
test('a pair asked again while in doubt stays in doubt when only the second ask was not done', () => {
  const state = new LedgerState();
  state.apply(asked(2), 100);
  state.apply(asked(3), 200);
  state.apply(notDone(4, 3), 300);
  expect(state.get(pair(1))).toEqual({ status: 'in_doubt', attempts: 2, reasonCode: '' });
  expect([...state.inDoubt()]).toEqual([pair(1)]);
  state.apply(notDone(5, 2), 400);
  expect(state.get(pair(1))).toEqual({ status: 'not_done', attempts: 2, reasonCode: '' });
  expect(state.counts).toMatchObject({ in_doubt: 0, not_done: 1 });
});

test('what is said of an ask that is not open changes nothing', () => {
  const state = new LedgerState();
  state.apply(asked(2), 100);
  state.apply(notDone(3, 2), 200);
  state.apply(notDone(4, 2), 300);
  state.apply(notDone(5, 77), 400);
  expect(state.get(pair(1))?.status).toBe('not_done');
  expect(state.senders.within(SENDER, 1000, Date.parse(at))).toBe(0);
});

test('attempts stop counting rather than start again', () => {
  const state = new LedgerState();
  for (let n = 2; n < 70_000; n += 2) {
    state.apply(asked(n), n);
    state.apply(notDone(n + 1, n), n);
    if (n === 20) expect(state.get(pair(1))?.attempts).toBe(10);
  }
  state.apply(asked(70_000), 1);
  for (let n = 70_001; n < 140_000; n++) state.apply(asked(n), n);
  expect(state.get(pair(1))?.attempts).toBe(0xffff);
});
