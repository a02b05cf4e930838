import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { openCohort } from '../../src/cohort/cohort.ts';
import { scratch } from '../helpers.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const ROWS = 8_000;
const NOTE = 'x'.repeat(1_000);

/** Each tenth group is written without its end, so that its cell and its id differ. */
const group = (i: number) => `1203633713${String(i).padStart(8, '1')}${i % 10 === 0 ? '' : '@g.us'}`;

test('a cohort that was read does not keep the text of its file in memory', async () => {
  const path = join(await scratch(), 'cohort.csv');
  const lines = Array.from(
    { length: ROWS },
    (_, i) =>
      `${NOTE},${group(1 + Math.floor(i / 50))},91${i % 3 === 0 ? ' ' : ''}${9_000_000_001 + i * 7918}`,
  );
  await writeFile(path, `note,chat_id,phone\n${lines.join('\n')}\n`);
  lines.length = 0;
  const cohort = await openCohort(path);
  gc();
  const before = process.memoryUsage().heapUsed;
  let pairs = 0;
  let most = 0;
  let batches = 0;
  for await (const batch of cohort.readings()) {
    for (const reading of batch) if (reading.kind === 'pair') pairs++;
    if (++batches % 20 !== 0) continue;
    gc();
    most = Math.max(most, process.memoryUsage().heapUsed - before);
  }
  expect(pairs).toBe(ROWS);
  // The file has 8 MB; what is compiled on the way takes 3.
  expect(most).toBeLessThan(6_000_000);
});
