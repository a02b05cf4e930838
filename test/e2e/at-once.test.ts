/** Two runs that begin in one instant, each with a ledger of its own: nobody is asked by both. */
import { cpSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { repeats, scratch } from '../helpers.ts';
import { csv, GROUP, phone, type SandboxProcess, sandbox, start } from './harness.ts';

const PEOPLE = Array.from({ length: 20 }, (_, i) => phone(i, 3));
const OTHER_GROUP = '120363402715563921@g.us';

/** Words of the two commands after `run`, in a folder that has `cohort.csv`. */
type Pair = readonly [readonly string[], readonly string[]];
interface Way {
  readonly what: string;
  readonly make: (dir: string) => Pair;
}

const folder = (dir: string, name: string) => {
  mkdirSync(join(dir, name));
  return join(dir, name);
};
const cohortIn = (dir: string) => join(dir, 'cohort.csv');
const outputs = (dir: string, first = 'a.csv', second = 'b.csv') =>
  [join(dir, first), join(dir, second)] as const;

/** The same cohort, reached by two names. */
function named(dir: string, make: (from: string, to: string) => void, to = 'other.csv'): Pair {
  const other = join(dir, to);
  make(cohortIn(dir), other);
  return [
    [cohortIn(dir), '-o', join(dir, 'a.csv')],
    [other, '-o', join(dirname(other), 'b.csv')],
  ];
}

const SAME: readonly Way[] = [
  {
    what: 'two outputs in its folder',
    make: (dir) => {
      const [a, b] = outputs(dir);
      return [
        [cohortIn(dir), '-o', a],
        [cohortIn(dir), '-o', b],
      ];
    },
  },
  {
    what: 'outputs in two other folders',
    make: (dir) => [
      [cohortIn(dir), '-o', join(folder(dir, 'a'), 'r.csv')],
      [cohortIn(dir), '-o', join(folder(dir, 'b'), 'r.csv')],
    ],
  },
  {
    what: 'the usual output, and another folder',
    make: (dir) => [[cohortIn(dir)], [cohortIn(dir), '-o', join(folder(dir, 'b'), 'r.csv')]],
  },
  {
    what: 'two ledgers',
    make: (dir) => {
      const [a, b] = outputs(dir);
      return [
        [cohortIn(dir), '-o', a, '--ledger', join(dir, 'a.jsonl')],
        [cohortIn(dir), '-o', b, '--ledger', join(folder(dir, 'b'), 'l.jsonl')],
      ];
    },
  },
  { what: 'a symbolic link', make: (dir) => named(dir, (from, to) => symlinkSync(from, to)) },
  { what: 'a hard link', make: (dir) => named(dir, linkSync) },
  { what: 'a copy', make: (dir) => named(dir, (from, to) => cpSync(from, to)) },
  {
    what: 'a list of the same people in another order, with others',
    make: (dir) =>
      named(dir, (_, to) => writeFileSync(to, csv([phone(90, 3), ...PEOPLE.toReversed(), phone(91, 3)]))),
  },
  {
    what: 'a link in another folder',
    make: (dir) => {
      folder(dir, 'b');
      return named(dir, (from, to) => symlinkSync(from, to), 'b/other.csv');
    },
  },
  {
    what: 'the group as a flag',
    make: (dir) => {
      const [a, b] = outputs(dir);
      return [
        [cohortIn(dir), '-o', a],
        [cohortIn(dir), '-o', b, '--chat-id', GROUP],
      ];
    },
  },
];

const APART: readonly Way[] = [
  {
    what: 'two groups',
    make: (dir) => {
      const [a, b] = outputs(dir);
      return [
        [cohortIn(dir), '-o', a],
        [cohortIn(dir), '-o', b, '--chat-id', OTHER_GROUP],
      ];
    },
  },
  {
    what: 'shards',
    make: (dir) => {
      const rows = PEOPLE.flatMap((one) => [GROUP, OTHER_GROUP].map((group) => `x,${group},${one}`));
      writeFileSync(cohortIn(dir), `name,chat_id,phone\n${rows.join('\n')}\n`);
      return [
        [cohortIn(dir), '--shard', '1/2'],
        [cohortIn(dir), '--shard', '2/2'],
      ];
    },
  },
  {
    what: 'two cohorts',
    make: (dir) => {
      writeFileSync(join(dir, 'other.csv'), csv(PEOPLE.map((_, i) => phone(100 + i, 3))));
      return [[cohortIn(dir)], [join(dir, 'other.csv')]];
    },
  },
  {
    what: 'somebody who insists',
    make: (dir) => {
      const [a, b] = outputs(dir);
      return [
        [cohortIn(dir), '-o', a, '--ask-again-in-new-ledger'],
        [cohortIn(dir), '-o', b, '--ask-again-in-new-ledger'],
      ];
    },
  },
];

async function both(way: Way) {
  const api = await sandbox('--limit', '1000', '--latency', '20ms');
  const dir = await scratch();
  writeFileSync(cohortIn(dir), csv(PEOPLE));
  const runs = way
    .make(dir)
    .map((words) => start(['run', ...words, ...api.args, '--no-precheck'], api.env).ended);
  return { dir, api, ended: await Promise.all(runs) };
}

async function timesAsked(api: SandboxProcess): Promise<number[]> {
  return Object.values((await api.counts()).pairs).map(({ asked }) => asked);
}

test.each(SAME)('one cohort, $what: one of the two goes on', async (way) => {
  for (let round = 0; round < repeats(5); round++) {
    const { api, ended } = await both(way);
    const words = ended.map(({ code, stderr }) => [code, stderr.trimEnd().split('\n').at(-1)]);
    expect(Math.max(...(await timesAsked(api))), JSON.stringify(words)).toBe(1);
    expect(
      ended.map(({ code }) => code).filter((code) => code === 0),
      JSON.stringify(words),
    ).toHaveLength(1);
    const refused = ended.find(({ code }) => code !== 0);
    expect([2, 6]).toContain(refused?.code);
    if (refused?.code === 6)
      expect(refused.stderr).toMatch(/ask(?:s|ed)? .* of the \d+ .*wait for it .*--ask-again-in-new-ledger/);
    api.kill();
  }
});

test.each(APART)('$what: both go on', async (way) => {
  const { api, ended } = await both(way);
  expect(ended.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
  const most = way.what === 'somebody who insists' ? 2 : 1;
  expect(Math.max(...(await timesAsked(api)))).toBe(most);
  api.kill();
});
