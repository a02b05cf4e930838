/** The restart is killed too, and its restart, each at another boundary: recovery has to survive what it recovers from. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SOAK, scratch } from '../../helpers.ts';
import { type Ended, sandbox } from '../harness.ts';
import { afterKill, beginOrdeal, judge, run } from './ordeal.ts';
import { people, withTrouble } from './people.ts';
import { seeded, seedOfRun } from './seed.ts';

test('every restart is killed at the next boundary', { timeout: 1_200_000 }, async () => {
  const root = await scratch();
  const random = seeded(seedOfRun('relay'));
  const api = await sandbox('--limit', '1000', '--window', '1s');
  const shape = { concurrency: 2, batch: 1 };
  const trace = join(root, 'trace');
  const whole = await beginOrdeal(join(root, 'whole'), api, withTrouble(people(60, [1, 3])), shape);
  expect(await judge(whole, await run(whole, { trace }).ended)).toEqual([]);
  const passed = (await readFile(trace, 'utf8')).trimEnd().split('\n');
  // In the order of a run, so that what comes after the last ask comes last; a ledger is made once only.
  const boundaries = [...new Set(passed.map((point) => point.replace(/:\d+$/, '')))].filter(
    (boundary) => !/^ledger\.(?:create|chmod|sync)/.test(boundary),
  );

  const ordeal = await beginOrdeal(join(root, 'relay'), api, whole.cohort, shape);
  let ended: Ended | undefined;
  const step = SOAK ? 1 : 3;
  for (let i = random.below(step); i < boundaries.length; i += step) {
    const again = /^(?:ledger|ask)\./.test(boundaries[i]!) ? random.below(3) : 0;
    const at = `${boundaries[i]}:${1 + again}`;
    ended = await run(ordeal, { at, power: random.next() < 0.5 }).ended;
    if (ended.signal === 'SIGKILL') await afterKill(ordeal);
    else expect([at, ended.code === 0 || ended.code === 4]).toEqual([at, true]);
  }
  if (ended?.signal !== null) ended = await run(ordeal).ended;
  console.info(`relay: ${ordeal.kills} kills in a row; ${boundaries.length} boundaries`);
  expect(await judge(ordeal, ended!)).toEqual([]);
  expect(ordeal.kills).toBeGreaterThan(boundaries.length / step / 2);
});
