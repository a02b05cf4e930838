import { describe, expect, it } from 'vitest';
import { type CapKeeper, CappedLedger } from '../../../src/send/phones/phone-times.ts';
import { GROUP, MemoryLedger, people, SENDER } from '../fakes.ts';

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

describe('kept together with other processes', () => {
  const kept = (room: number) => {
    const told: string[] = [];
    let rooms = 0;
    const keeper: CapKeeper = {
      reserve: async (n, cap) => {
        const granted = Math.min(n, room, cap);
        return { people: granted, name: `room ${++rooms} for ${granted}` };
      },
      recorded: (one, ask) => told.push(`${one.name} is ask ${ask}`),
      giveBack: (one) => told.push(`${one.name} is free`),
      notDone: (ask, n) => told.push(`ask ${ask} of ${n} was not done`),
    };
    return { keeper, told };
  };

  it('the others say how much room there is, and hear what became of it', async () => {
    const ledger = new MemoryLedger();
    const { keeper, told } = kept(2);
    const capped = new CappedLedger(ledger, SENDER, 9, keeper);
    expect([await capped.reserve(3), await capped.reserve(1)]).toEqual([2, 1]);
    const single = await capped.asked(ask(1, 0), people(1));
    const pair = await capped.asked(ask(2, 1), people(2, 1));
    expect(told).toEqual([`room 2 for 1 is ask ${single}`, `room 1 for 2 is ask ${pair}`]);
    await capped.notDone(pair);
    expect(told.at(-1)).toBe(`ask ${pair} of 2 was not done`);
    await expect(capped.asked(ask(1, 5), people(1, 5))).rejects.toThrow(/without room/);
  });

  it('a record that fails gives its room back; no room sets none aside', async () => {
    const ledger = new MemoryLedger();
    const { keeper, told } = kept(1);
    const capped = new CappedLedger(ledger, SENDER, 9, keeper);
    ledger.fails = new Error('no room on the disk');
    await capped.reserve(1);
    await expect(capped.asked(ask(1, 0), people(1))).rejects.toThrow('no room on the disk');
    expect(told).toEqual(['room 1 for 1 is free']);
    expect(await new CappedLedger(ledger, SENDER, 9, kept(0).keeper).reserve(1)).toBe(0);
  });

  it('without a cap nobody is asked about it', async () => {
    const capped = new CappedLedger(new MemoryLedger(), SENDER, undefined, kept(0).keeper);
    expect(await capped.reserve(7)).toBe(7);
  });
});
