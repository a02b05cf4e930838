/**
 * SIGKILL at every boundary: each point that a run of a small cohort passes (before, after and in the middle of every
 * write, fsync and rename; before and after every ask) is the end of one run; the same command then finishes the work.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SOAK, scratch } from '../../helpers.ts';
import { type SandboxProcess, sandbox } from '../harness.ts';
import { afterKill, beginOrdeal, judge, run, shared } from './ordeal.ts';
import { people, withTrouble } from './people.ts';
import type { Expected } from './referee.ts';
import { seeded, seedOfRun } from './seed.ts';

const API = ['--limit', '1000', '--window', '1s'];
const EVERYWHERE = /./;
/** The points that differ between asks: those before the first ask and after the last are gone through once. */
const ASKING = /^(?:ledger\.(?:write|datasync)|ask\.)/;

interface Case {
  readonly what: string;
  readonly cohort: readonly Expected[];
  readonly concurrency: number;
  readonly batch: number;
  readonly flags?: readonly string[];
  readonly power?: boolean;
  readonly points: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: 'one ask at a time',
    cohort: withTrouble(people(3, [1, 3, 5])),
    concurrency: 1,
    batch: 1,
    points: EVERYWHERE,
  },
  {
    what: 'one ask at a time, and the power goes too',
    cohort: people(2, [1, 3]),
    concurrency: 1,
    batch: 1,
    power: true,
    points: /^(?:ledger|dir|ask)\./,
  },
  {
    what: 'one batch of 4 at a time, one of them refused and split',
    cohort: people(3, [1, 64, 3]),
    concurrency: 1,
    batch: 4,
    flags: ['--no-precheck'],
    points: ASKING,
  },
  {
    what: 'several in flight',
    cohort: people(4, [1, 3]),
    concurrency: 3,
    batch: 1,
    flags: ['--no-precheck'],
    points: ASKING,
  },
  {
    what: 'several batches in flight, and the power goes too',
    cohort: people(12, [1, 3, 2, 7]),
    concurrency: 3,
    batch: 4,
    flags: ['--no-precheck'],
    power: true,
    points: ASKING,
  },
];

test.each(SOAK ? CASES : CASES.slice(0, 1))('killed at every point: $what', async (one) => {
  const root = await scratch();
  const random = seeded(seedOfRun(one.what));
  const trace = join(root, 'trace');
  const api = await sandbox(...API);
  const whole = await beginOrdeal(join(root, 'whole'), api, one.cohort, one);
  const first = await run(whole, { trace }).ended;
  expect(await judge(whole, first)).toEqual([]);
  expect(whole.inFlight.size).toBe(0);
  api.kill();

  const all = (await readFile(trace, 'utf8')).trimEnd().split('\n');
  const points = all.filter((point) => one.points.test(point));
  // A handful outside the soak, others each time.
  const step = SOAK ? 1 : Math.ceil(points.length / 4);
  const offset = random.below(step);
  const chosen = points.filter((_, i) => i % step === offset);
  const found: string[] = [];
  let kills = 0;
  const work = async ([i, at]: [number, string], own: SandboxProcess) => {
    const quietRerun = i % 5 === 0;
    const ordeal = await beginOrdeal(join(root, at), own, one.cohort, one);
    const ended = await run(ordeal, { at, power: one.power ?? false }).ended;
    if (ended.signal === 'SIGKILL') {
      kills++;
      await afterKill(ordeal);
      found.push(
        ...(await judge(ordeal, await run(ordeal).ended, quietRerun)).map((breach) => `${at}: ${breach}`),
      );
    } else {
      // How the records of several asks share one fsync is never twice the same: the last points may not come.
      if (one.concurrency === 1) found.push(`${at}: not reached`);
      found.push(...(await judge(ordeal, ended)).map((breach) => `${at}: ${breach}`));
    }
  };
  await shared([...chosen.entries()], async () => {
    const own = await sandbox(...API);
    return (point) => work(point, own);
  });
  console.info(`${one.what}: ${all.length} points in a run, ${kills} kills of ${chosen.length} points`);
  expect(found).toEqual([]);
  expect(kills).toBeGreaterThan(chosen.length / 2);
});
