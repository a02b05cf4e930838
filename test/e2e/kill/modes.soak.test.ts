/** SIGKILL at random instants in every mode of work: each step of a mode is killed over and over, and then ends by itself. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { repeats, scratch } from '../../helpers.ts';
import { describeWithRedis, redisServer } from '../../redis.ts';
import { type Ended, results, type SandboxProcess, sandbox, start } from '../harness.ts';
import { GROUP } from './ordeal.ts';
import { people, withTrouble } from './people.ts';
import { breaches, type Expected, exitCodeOf, openAsks } from './referee.ts';
import { seeded, seedOfRun } from './seed.ts';

/** Of each command. */
const KILLS = repeats(4, 1 / 4);
const PHONES = ['919811111111', '919822222222'];

/** What a step may need to know. */
interface Scene {
  readonly dir: string;
  readonly cohort: string;
  readonly output: string;
  readonly api: SandboxProcess;
}

/** Commands that run at once; each is killed by itself. A step before others may stop before the end. */
interface Step {
  readonly commands: (scene: Scene) => readonly (readonly string[])[];
  /** What happens before it; changes what is expected. */
  readonly before?: (scene: Scene, cohort: readonly Expected[]) => Promise<readonly Expected[]>;
  readonly exits?: readonly number[];
  /** It comes to its end at once. */
  readonly spared?: boolean;
  /** It asks nobody any more. */
  readonly quick?: boolean;
}

interface Mode {
  readonly cohort: readonly Expected[];
  readonly steps: readonly Step[];
  /** Of the last step. */
  readonly output?: string;
}

const run = (...flags: string[]): Step => ({
  commands: ({ cohort, api }) => [['run', cohort, ...api.args, ...flags]],
});
const on = (command: string, ...flags: string[]): Step => ({
  commands: ({ output, api }) => [[command, output, ...(command === 'report' ? [] : api.args), ...flags]],
});

const again: Step = { ...on('run'), quick: true };
const whole: Step = { ...run('--concurrency', '8'), spared: true };

const ENDINGS = [1, 3, 5, 7, 1, 1];
const MANY = people(150, ENDINGS);
const groups = (cohort: readonly Expected[], count: number) =>
  cohort.map((one, i) => ({ ...one, group: `1203630000000000${10 + ((i * 5) % count)}@g.us` }));

/** Some of those who were invited have come in. */
async function joinSome({ output, api }: Scene, cohort: readonly Expected[]) {
  const invited = (await results(output)).filter((row) => row['status'] === 'invited');
  const joined = new Set(invited.filter((_, i) => i % 2 === 0).map((row) => row['participant'] ?? ''));
  await api.control({ join: [...joined].map((participant) => [GROUP, participant]) });
  return cohort.map((one) => (joined.has(one.phone) ? { ...one, status: 'joined' } : one));
}

async function loseLedger({ output, dir }: Scene, cohort: readonly Expected[]) {
  await rename(`${output}.ledger.jsonl`, join(dir, 'lost'));
  return cohort;
}

const rebuild: Step = {
  commands: ({ output, api }) => [
    ['rebuild-ledger', output, '--base-url', new URL(api.url).origin, '--phone', api.args[3] ?? ''],
  ],
  before: loseLedger,
  exits: [0],
  quick: true,
};

const MODES: Readonly<Record<string, Mode>> = {
  'several phones, in batches': {
    cohort: people(400, ENDINGS).map((one, i) => ({ ...one, sender: PHONES[i % 2] as string })),
    steps: [run('--limit-per', 'phone', '--batch-size', '4', '--concurrency', '4', '--no-precheck')],
  },
  'a part, then its results as the cohort': {
    cohort: MANY,
    steps: [
      { ...run('--limit', '60', '--concurrency', '4'), exits: [0, 4, 75] },
      on('run', '--concurrency', '4'),
    ],
  },
  'follow-up': {
    cohort: people(40, ENDINGS),
    steps: [run('--concurrency', '2'), { ...on('follow-up'), before: joinSome, quick: true }, again],
  },
  report: {
    cohort: MANY,
    steps: [whole, { ...on('report'), exits: [0], quick: true }, again],
  },
  'a ledger made again': { cohort: MANY, steps: [whole, rebuild, again] },
};

const SHARDS: Mode = {
  cohort: groups(withTrouble(people(240, ENDINGS)), 12),
  output: 'merged.csv',
  steps: [
    {
      commands: ({ cohort, api }) =>
        [1, 2, 3].map((i) => ['run', cohort, ...api.args, '--shard', `${i}/3`, '--concurrency', '3']),
    },
    {
      quick: true,
      commands: ({ cohort, dir, output }) => [
        ['merge', ...[1, 2, 3].map((i) => join(dir, `cohort.shard-${i}-of-3.results.csv`))].concat([
          ...['--cohort', cohort, '-o', output],
        ]),
      ],
    },
  ],
};

test.for(Object.entries(MODES))('%s', { timeout: 300_000 }, ([what, mode]) => judged(what, mode));

describeWithRedis('with Redis', () => {
  test('shards that share the allowance', { timeout: 300_000 }, async () => {
    const redis = await redisServer();
    await judged('shards', SHARDS, { GROUP_ONBOARD_REDIS_URL: redis.url });
  });
});

async function judged(
  what: string,
  { cohort, steps, output = 'cohort.results.csv' }: Mode,
  more: Record<string, string> = {},
): Promise<void> {
  const random = seeded(seedOfRun(`kills, ${what}`));
  const dir = await scratch();
  const api = await sandbox('--limit', '1000', '--window', '1s', '--latency', '4ms');
  const env = { ...api.env, ...more };
  const scene = { dir, api, cohort: join(dir, 'cohort.csv'), output: join(dir, output) };
  const named = cohort.some(({ sender }) => sender !== undefined);
  const lines = cohort.map(({ name, phone, group = GROUP, sender }) =>
    [name, group, phone, ...(named ? [sender] : [])].join(),
  );
  await writeFile(scene.cohort, [`name,chat_id,phone${named ? ',sender' : ''}`, ...lines, ''].join('\n'));

  const inFlight = new Set<string>();
  let expected = cohort;
  let kills = 0;
  let planned = 0;
  let last: readonly Ended[] = [];
  for (const step of steps) {
    if (step.before) expected = await step.before(scene, expected);
    const commands = step.commands(scene);
    const rounds = step.spared ? 0 : KILLS;
    planned += rounds * commands.length;
    for (let round = 0; round <= rounds; round++) {
      const isLast = round === rounds;
      last = await Promise.all(
        commands.map((words) =>
          isLast ? start(words, env).ended : cutShort(words, env, random.next() * (step.quick ? 0.8 : 2)),
        ),
      );
      for (const { code, signal, stderr } of last) {
        if (signal === 'SIGKILL') kills++;
        else expect(step.exits ?? [0, 4], `seed ${random.seed}: ${stderr}`).toContain(code);
      }
      for (const one of await openIn(dir)) inFlight.add(one);
    }
  }
  const rows = await results(scene.output);
  const counts = await api.counts();
  const found = breaches({ chatId: GROUP, cohort: expected, rows, counts, inFlight });
  console.info(`${what}: ${kills} kills of ${planned}, ${inFlight.size} in flight at one`);
  expect([random.seed, found.slice(0, 20)]).toEqual([random.seed, []]);
  expect(last.map(({ code }) => code)).toEqual(last.map(() => exitCodeOf(rows)));
  // A lock's folder may keep what a killed process had begun to write there, which holds nothing.
  expect((await readdir(dir, { recursive: true })).filter((name) => /\.lock\/.*\.json$/.test(name))).toEqual(
    [],
  );
  expect(kills).toBeGreaterThan(0);
}

/** Starts a command, and kills it some time after it can have begun its work. */
async function cutShort(
  words: readonly string[],
  env: Record<string, string>,
  later: number,
): Promise<Ended> {
  const running = start(words, env);
  await Promise.race([running.ended, sleep(span * (0.4 + later))]);
  running.child.kill('SIGKILL');
  const ended = await running.ended;
  // What came to its end was faster than was thought.
  span *= ended.signal === 'SIGKILL' ? 1.05 : 0.7;
  return ended;
}

/** About how long a process takes that does little, on this machine: what an instant is measured by. ms */
let span = 1000;

/** People of asks that a ledger of this folder has no outcome for. */
async function openIn(dir: string): Promise<readonly string[]> {
  const open: string[] = [];
  for (const name of await readdir(dir)) {
    if (name.endsWith('.ledger.jsonl')) open.push(...openAsks(await readFile(join(dir, name), 'utf8')));
  }
  return open;
}
