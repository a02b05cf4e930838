/** Kills at random instants of a run with many asks in flight: counts the people whom each leaves without an outcome. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { repeats, scratch } from '../../helpers.ts';
import { type Ended, sandbox } from '../harness.ts';
import { afterKill, beginOrdeal, judge, run } from './ordeal.ts';
import { people } from './people.ts';
import { seeded, seedOfRun } from './seed.ts';

const PEOPLE = 200;

test('ten a second with a second of work each: only those are unknown whom the API was asked about', async () => {
  const random = seeded(seedOfRun('in flight'));
  const api = await sandbox('--limit', '10', '--window', '1s', '--latency', '1s');
  // Invited people are no members: nothing tells afterwards what became of the ask.
  const shape = { concurrency: 100, batch: 1, flags: ['--no-precheck'] };
  const ordeal = await beginOrdeal(await scratch(), api, people(PEOPLE, [3]), shape);
  const kills = repeats(20, 1 / 4);
  const unsent: string[] = [];
  let inFlight = 0;
  let ended: Ended;
  for (;;) {
    const running = run(ordeal);
    if (ordeal.kills < kills) {
      const { asks } = await api.counts();
      const soon = asks + 1 + random.below(PEOPLE / kills);
      // One look in 20 ms, or the end of the run.
      let over = false;
      void running.ended.then(() => {
        over = true;
      });
      while (!over && (await api.counts()).asks < soon) await sleep(20);
      await sleep(random.next() * 500);
      running.child.kill('SIGKILL');
    }
    ended = await running.ended;
    if (ended.signal !== 'SIGKILL') break;
    const before = new Set(ordeal.inFlight);
    inFlight += await afterKill(ordeal);
    const { pairs } = await api.counts();
    for (const phone of ordeal.inFlight) {
      if (!before.has(phone) && (pairs[`${ordeal.chatId} ${phone}`]?.received ?? 0) === 0) unsent.push(phone);
    }
  }
  const unknown = ordeal.inFlight.size;
  console.info(
    `${ordeal.kills} kills of a run of ${PEOPLE}: ${unknown} in flight (${Math.round((unknown / PEOPLE) * 100)} %), ${unsent.length} of them never sent; ${inFlight / ordeal.kills} at a kill`,
  );
  await api.control({ limit: 1000 });
  // Recorded, and killed in the few milliseconds before its bytes went out.
  expect(unsent.length).toBeLessThanOrEqual(ordeal.kills / 2);
  expect(await judge(ordeal, ended)).toEqual([]);
}, 600_000);
