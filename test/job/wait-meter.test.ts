import { expect, it } from 'vitest';
import { WaitMeter } from '../../src/job/wait-meter.ts';

it('adds up waits by reason, each to its end or to the next one', () => {
  let now = 100;
  const meter = new WaitMeter({ monotonic: () => now });
  const at = (ms: number, what: () => void) => {
    now = ms;
    what();
  };
  at(100, () => meter.begins('window'));
  at(150, () => meter.begins('gap'));
  at(250, () => meter.ends());
  at(300, () => meter.ends());
  at(400, () => meter.begins('window'));
  at(425, () => expect(Object.fromEntries(meter.total())).toEqual({ window: 75, gap: 100 }));
  at(900, () => expect(Object.fromEntries(meter.total())).toEqual({ window: 75, gap: 100 }));
});
