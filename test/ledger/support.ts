import { onTestFinished } from 'vitest';
import type { Clock, Pair } from '../../src/domain/words.ts';
import { type Ledger, type LedgerOptions, openLedger } from '../../src/ledger/ledger.ts';
import { SENDER } from './people.ts';

export { outcome, pair, SENDER } from './people.ts';
export const ORIGIN = 'https://api.periskope.app';

/** A wall clock that the test moves; the monotonic one is real, as the lock's waits are. */
export class TestClock implements Clock {
  wall = Date.parse('2025-01-26T17:14:27.000Z');
  now(): number {
    return this.wall;
  }
  monotonic(): number {
    return performance.now();
  }
}

/** Opens a ledger that the test closes, or that is closed after it. */
export async function opened(path: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = await openLedger(path, { origin: ORIGIN, clock: new TestClock(), ...options });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Everything that a ledger knows of these pairs, for comparison. */
export function knowledge(ledger: Ledger, pairs: readonly Pair[]): unknown {
  return {
    size: ledger.size,
    counts: ledger.counts,
    inDoubt: [...ledger.inDoubt()],
    asked: ledger.askedInLast(3_600_000, SENDER),
    pairs: pairs.map((one) => [ledger.state(one), ledger.outcome(one)]),
  };
}
