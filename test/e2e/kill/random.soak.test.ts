/** SIGKILL at random instants, over and over, until the same command has got to its end. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readRecord } from '../../../src/sandbox/counts.ts';
import { SOAK, scratch } from '../../helpers.ts';
import { type Ended, type SandboxProcess, sandbox } from '../harness.ts';
import { afterKill, beginOrdeal, judge, ledgerOf, type Ordeal, run, shared } from './ordeal.ts';
import { people, withTrouble } from './people.ts';
import { type Random, seeded, seedOfRun } from './seed.ts';

const LEAST_KILLS = SOAK ? 200 : 40;
/** Kills of one cohort: then it is left to end. */
const KILLS_EACH = 20;
/** Most kills come within so long of the moment that a run holds its ledger. */
const RUN_MS = 450;

/** Starts the command, and kills it from outside at a random instant; most of them after it has taken the ledger. */
async function cutShort(ordeal: Ordeal, random: Random): Promise<Ended> {
  const running = run(ordeal);
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  if (random.next() < 0.1) await sleep(random.next() * 500);
  else {
    // A dead run's lock is there too: ours is the first change of it.
    const lock = `${ledgerOf(ordeal)}.lock`;
    const names = async () => (existsSync(lock) ? (await readdir(lock)).sort().join() : '');
    const before = await names();
    while (!over && (await names()) === before) await sleep(2);
    await sleep(random.next() * RUN_MS * random.next());
  }
  running.child.kill('SIGKILL');
  return running.ended;
}

test(`killed at ${LEAST_KILLS} random instants and more`, { timeout: 1_800_000 }, async () => {
  const root = await scratch();
  const random = seeded(seedOfRun('random instants'));
  const cases = Array.from({ length: LEAST_KILLS / KILLS_EACH }, (_, i) => ({
    name: `cohort ${i}`,
    endings: random.pick([[1], [3], [1, 3, 2, 7], [1, 3, 5, 1, 1, 1]]),
    concurrency: random.pick([1, 4, 8]),
    batch: random.pick([1, 1, 4]),
    flags: random.pick([[], ['--no-precheck']]),
    random: seeded(random.below(2 ** 32)),
  }));
  const found: string[] = [];
  let kills = 0;
  let midAsk = 0;
  let unknown = 0;
  const work = async (one: (typeof cases)[number]) => {
    // A group holds 1024 people.
    const many = Math.min(900, 150 * one.concurrency * (one.batch === 1 ? 1 : 2));
    const cohort = withTrouble(people(many, one.endings));
    const record = join(root, `${one.name}.jsonl`);
    const api: SandboxProcess = await sandbox(
      ...['--limit', '1000', '--window', '1s', '--latency', '4ms', '--record', record],
    );
    const ordeal = await beginOrdeal(join(root, one.name), api, cohort, one);
    let ended: Ended;
    do {
      ended = ordeal.kills < KILLS_EACH ? await cutShort(ordeal, one.random) : await run(ordeal).ended;
      if (ended.signal === 'SIGKILL' && (await afterKill(ordeal)) > 0) midAsk++;
    } while (ended.signal === 'SIGKILL' || ordeal.kills < KILLS_EACH);
    found.push(...(await judge(ordeal, ended)).map((breach) => `${one.name}: ${breach}`));
    found.push(...askedTwice(record).map((pair) => `${one.name}: the record has ${pair} twice`));
    kills += ordeal.kills;
    unknown += ordeal.inFlight.size;
    api.kill();
  };
  await shared(cases, async () => work);
  console.info(
    `${kills} kills of ${cases.length} cohorts, ${midAsk} of them between an ask and its outcome (${unknown} people)`,
  );
  expect(found.slice(0, 30)).toEqual([]);
  expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);
});

/** The sandbox's record on the disk, read apart from its counts. */
function askedTwice(record: string): string[] {
  const asked = readRecord(record).flatMap((line) =>
    line.asked ? line.participants.map((participant) => `${line.chat_id} ${participant}`) : [],
  );
  return asked.filter((pair, i) => asked.indexOf(pair) !== i);
}
