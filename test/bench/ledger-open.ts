/** How long a run of a million people takes to resume, and to write its results: opening, then reading each outcome. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../src/ledger/ledger.ts';
import { outcome, pair, SENDER } from '../ledger/people.ts';
import { systemClock } from '../ledger/system-clock.ts';

const GROUPS = 1_000;

export async function bench(people = 1_000_000, parent: string = tmpdir()): Promise<string> {
  const dir = await mkdtemp(join(parent, 'group-onboard-bench-'));
  const path = join(dir, 'a.jsonl');
  const options = { origin: 'sandbox', clock: systemClock };
  try {
    const ledger = await openLedger(path, options);
    for (let from = 0; from < people; from += 1_000) {
      await Promise.all(
        Array.from({ length: Math.min(1_000, people - from) }, async (_, i) => {
          const person = pair(from + i, (from + i) % GROUPS);
          await ledger.settle(await ledger.asked([person], SENDER), [{ pair: person, outcome: outcome() }]);
        }),
      );
    }
    await ledger.close();
    const megabytes = (await stat(path)).size / 1e6;

    const began = performance.now();
    const again = await openLedger(path, options);
    const openedAt = performance.now();
    let found = 0;
    for (let i = 0; i < people; i++) if (again.outcome(pair(i, i % GROUPS)) !== undefined) found++;
    const inOrder = performance.now();
    for (let i = 0; i < 10_000; i++) {
      const one = (i * 999_983) % people;
      if (again.outcome(pair(one, one % GROUPS)) !== undefined) found++;
    }
    const anyOrder = performance.now();
    await again.close();
    if (found !== people + 10_000) throw new Error(`${found} outcomes were found`);
    return [
      '| people | file | opening | all outcomes, in order | 10,000 outcomes, any order | memory (RSS) |',
      '|--:|--:|--:|--:|--:|--:|',
      `| ${people} | ${megabytes.toFixed(0)} MB | ${seconds(began, openedAt)} | ${seconds(openedAt, inOrder)} | ${seconds(inOrder, anyOrder)} | ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB |`,
    ].join('\n');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function seconds(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(2)} s`;
}
