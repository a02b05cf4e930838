/** Asks per second that the ledger makes durable: what sharing fsyncs gives back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../src/ledger/ledger.ts';
import { outcome, pair, SENDER } from '../ledger/people.ts';
import { systemClock } from '../ledger/system-clock.ts';

/** Asks per measurement, each two records: `asked` before it, `outcome` after it. */
const ASKS = 2_000;

/** Asks per second that the ledger lets through, with `inFlight` of them at once. */
async function measure(dir: string, inFlight: number): Promise<number> {
  const path = join(dir, `${inFlight}.jsonl`);
  const ledger = await openLedger(path, { origin: 'sandbox', clock: systemClock });
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < ASKS) {
        const person = pair(next++);
        const ask = await ledger.asked([person], SENDER);
        await ledger.settle(ask, [{ pair: person, outcome: outcome() }]);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await ledger.close();
  return ASKS / seconds;
}

/** @param parent a directory on the disk to be measured; a tmpfs would show no cost. */
export async function bench(parent: string = tmpdir()): Promise<string> {
  const dir = await mkdtemp(join(parent, 'group-onboard-bench-'));
  try {
    const rows = ['| asks in flight | asks/s | time per ask |', '|--:|--:|--:|'];
    for (const inFlight of [1, 10, 50]) {
      const rate = await measure(dir, inFlight);
      rows.push(`| ${inFlight} | ${rate.toFixed(0)} | ${(1e6 / rate).toFixed(0)} µs |`);
    }
    return rows.join('\n');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
