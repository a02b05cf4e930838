/** Two processes and one ledger, by every path that leads to one file; and what else can happen to the file in mid-run. */
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { repeats, scratch } from '../helpers.ts';
import { csv, type Ended, phone, results, type SandboxProcess, sandbox, start } from './harness.ts';

const PEOPLE = Array.from({ length: 40 }, (_, i) => phone(i, 3));
/** Takes the kernel's own lock of a file away: what then keeps two apart is what the file says. */
const BLIND = { NODE_OPTIONS: `--import ${fileURLToPath(new URL('blind.mjs', import.meta.url))}` };

interface Place {
  readonly dir: string;
  /** The ledger as each of the two names it. */
  readonly first: string;
  readonly second: string;
}

/** Ways to one file; `make` is called before the first run, `meanwhile` when it has begun. */
interface Way {
  readonly what: string;
  readonly make: (dir: string, context: TestContext) => Place;
  readonly meanwhile?: (place: Place) => void;
}

const named = (dir: string, first = 'ledger.jsonl', second = first) => ({
  dir,
  first: join(dir, first),
  second: join(dir, second),
});

function mounted(dir: string, context: TestContext): Place {
  const place = named(dir, 'ledger.jsonl', 'elsewhere/ledger.jsonl');
  mkdirSync(join(dir, 'elsewhere'));
  for (const path of [place.first, place.second]) writeFileSync(path, '');
  try {
    execFileSync('mount', ['--bind', place.first, place.second], { stdio: 'pipe' });
  } catch (error) {
    context.skip(`nothing can be mounted here: ${String(error).split('\n').at(-1)}`);
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', place.second]);
  });
  return place;
}

const WAYS: readonly Way[] = [
  { what: 'its own name', make: (dir) => named(dir) },
  {
    what: 'a dangling link, made before the first run',
    make: (dir) => {
      symlinkSync('ledger.jsonl', join(dir, 'link.jsonl'));
      return named(dir, 'link.jsonl', 'ledger.jsonl');
    },
  },
  {
    what: 'a link to a folder',
    make: (dir) => {
      symlinkSync('.', join(dir, 'here'));
      return named(dir, 'here/ledger.jsonl', 'ledger.jsonl');
    },
  },
  { what: 'a mounted file', make: mounted },
  {
    what: 'the lock’s folder removed',
    make: (dir) => named(dir),
    meanwhile: ({ first }) => rmSync(`${first}.lock`, { recursive: true, force: true }),
  },
  {
    what: 'a holder’s file that names a dead process',
    make: (dir) => named(dir),
    meanwhile: ({ first }) => {
      for (const name of readdirSync(`${first}.lock`)) {
        const file = join(`${first}.lock`, name);
        const holder = JSON.parse(readFileSync(file, 'utf8')) as object;
        writeFileSync(file, JSON.stringify({ ...holder, pid: 2 ** 22 + 1 }));
      }
    },
  },
  {
    what: 'a hard link, made in mid-run',
    make: (dir) => named(dir, 'ledger.jsonl', 'hard.jsonl'),
    meanwhile: ({ first, second }) => linkSync(first, second),
  },
];

async function world(way: Way, context: TestContext, api: SandboxProcess) {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  await writeFile(cohort, csv(PEOPLE));
  const place = way.make(dir, context);
  const begin = (ledger: string, output: string, env = {}) =>
    start(['run', cohort, ...api.args, '--no-precheck', '--ledger', ledger, '-o', join(dir, output)], {
      ...api.env,
      ...env,
    });
  return { dir, place, begin };
}

/** An API that leaves time to do something in mid-run. */
const slowly = () => sandbox('--limit', '20', '--window', '1s', '--latency', '200ms');

async function asked(api: SandboxProcess, times: number): Promise<void> {
  await expect
    .poll(async () => (await api.counts()).asks, { timeout: 30_000, interval: 10 })
    .toBeGreaterThanOrEqual(times);
}

async function nobodyTwice(api: SandboxProcess, ended: readonly Ended[]): Promise<void> {
  const { pairs } = await api.counts();
  const twice = Object.entries(pairs).filter(([, pair]) => pair.asked > 1);
  expect([
    twice,
    ended.map(({ stderr }) => stderr.split('\n').filter((line) => !line.startsWith('{'))),
  ]).toEqual([[], expect.anything()]);
}

const ENDS = [0, 2, 4, 6, 75];

describe.each([
  ['as it is', {}],
  ['without the kernel’s lock', BLIND],
] as const)('%s', (_how, env) => {
  test.for(WAYS)('the second comes in mid-run, by $what', async (way, context) => {
    await midRun(way, env, context);
  });

  test.for(WAYS.filter(({ meanwhile }) => meanwhile === undefined))(
    'both at one instant, by $what',
    async (way, context) => {
      for (let round = 0; round < repeats(3); round++) await atOnce(way, env, context);
    },
  );
});

async function midRun(way: Way, env: Record<string, string>, context: TestContext): Promise<void> {
  const api = await slowly();
  const { dir, place, begin } = await world(way, context, api);
  const first = begin(place.first, 'first.csv', env);
  await asked(api, 5);
  way.meanwhile?.(place);
  const second = begin(place.second, 'second.csv', env);
  const ended = await Promise.all([first.ended, second.ended]);
  await nobodyTwice(api, ended);
  expect(ENDS).toContain(ended[0].code);
  expect([2, 6, 75, 0, 4]).toContain(ended[1].code);
  // The one that began has results of everybody, whatever ended it.
  expect(await results(join(dir, 'first.csv'))).toHaveLength(PEOPLE.length);
  await finish(api, place, begin);
}

async function atOnce(way: Way, env: Record<string, string>, context: TestContext): Promise<void> {
  const api = await sandbox('--limit', '1000', '--latency', '20ms');
  const { place, begin } = await world(way, context, api);
  const ended = await Promise.all([
    begin(place.first, 'first.csv', env).ended,
    begin(place.second, 'second.csv', env).ended,
  ]);
  await nobodyTwice(api, ended);
  for (const { code } of ended) expect(ENDS).toContain(code);
  await finish(api, place, begin);
}

/** The ledger is sound: one more run, alone, gets to the end, and asks only whom nobody asked. */
async function finish(
  api: SandboxProcess,
  { dir, first, second }: Place,
  begin: (ledger: string, output: string) => { ended: Promise<Ended> },
): Promise<void> {
  if (second.endsWith('hard.jsonl')) rmSync(second, { force: true });
  await api.control({ limit: 1000 });
  const last = await begin(first, 'last.csv').ended;
  expect([0, 4]).toContain(last.code);
  await nobodyTwice(api, [last]);
  const { pairs } = await api.counts();
  const rows = await results(join(dir, 'last.csv'));
  expect(rows).toHaveLength(PEOPLE.length);
  // Two that wrote at one instant may both have stopped with a record that neither could take back: that is said as doubt.
  for (const row of rows.filter((one) => one['status'] !== 'unknown'))
    expect(pairs[`${row['chat_id']} ${row['participant']}`]?.asked).toBe(1);
}

test.for<[string, (path: string) => void]>([
  ['cut to nothing, as a log rotation does', (path: string) => truncateSync(path, 0)],
  ['cut in the middle', (path: string) => truncateSync(path, readFileSync(path).length >> 1)],
  ['filled with zeros', (path: string) => writeFileSync(path, Buffer.alloc(readFileSync(path).length))],
])(
  'a ledger that is %s in mid-run: 75, and the results tell who was asked',
  async ([_what, harm], context) => {
    const api = await slowly();
    const { dir, place, begin } = await world(WAYS[0] as Way, context, api);
    const running = begin(place.first, 'first.csv');
    await asked(api, 15);
    harm(place.first);
    const ended = await running.ended;
    expect(ended.code).toBe(75);
    const words = ended.stderr
      .split('\n')
      .filter((line) => line.startsWith('group-onboard') || /has lost/.test(line));
    expect(words.join()).toMatch(/this run has lost the ledger: another program has (?:cut|changed)/);
    const rows = await results(join(dir, 'first.csv'));
    const { pairs } = await api.counts();
    expect(rows).toHaveLength(PEOPLE.length);
    const known = rows.filter((row) => row['asked_at']).map((row) => row['participant']);
    const really = Object.keys(pairs).map((name) => name.split(' ')[1]);
    expect(known.sort()).toEqual(really.sort());
    for (const pair of Object.values(pairs)) expect(pair.asked).toBe(1);
  },
);
