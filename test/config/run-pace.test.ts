import { expect, it } from 'vitest';
import { paceConfig } from '../../src/config/run.ts';
import { banRisk } from '../../src/report/terminal/plan.ts';

const GAP = { minMs: 1_000, maxMs: 2_000 };
const ADVISED = { minMs: 30_000, maxMs: 60_000 };
const RATE = { count: 1, perMs: 1_000 };

it.each([
  ['nothing', {}, { careful: false, breaker: 5 }],
  ['--careful', { careful: true }, { careful: true, gap: ADVISED, dailyCap: 20, breaker: 3 }],
  ['its --gap', { careful: true, gap: GAP }, { careful: true, gap: GAP, dailyCap: 20, breaker: 3 }],
  ['its cap', { careful: true, dailyCap: 50 }, { careful: true, gap: ADVISED, dailyCap: 50, breaker: 3 }],
  ['its breaker', { careful: true, breaker: 5 }, { careful: true, gap: ADVISED, dailyCap: 20, breaker: 5 }],
  [
    'a rate, too',
    { careful: true, maxRate: RATE },
    { maxRate: RATE, gap: ADVISED, dailyCap: 20, breaker: 3 },
  ],
  ['without it', { gap: GAP, breaker: 2 }, { careful: false, gap: GAP, dailyCap: undefined, breaker: 2 }],
])('%s', (_what, flags, pace) => {
  expect(paceConfig(flags)).toMatchObject(pace);
});

it('the risk is named from eleven people on, in one line, with the time of the careful way', () => {
  expect(banRisk(10, 1)).toBeUndefined();
  expect(banRisk(11, 2 * 3_600_000)).toMatch(/^11 people .*vendor advises.*--careful.*about 2 h 00 min$/);
});
