/** What one run makes of the files of others that are about to ask. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertNotAskedNow } from '../../../src/app/going-on/asking-now.ts';
import { Releases } from '../../../src/app/session.ts';
import type { Pair } from '../../../src/domain/words.ts';
import { scratch } from '../../helpers.ts';
import { pair } from '../../ledger/people.ts';
import { systemClock } from '../../ledger/system-clock.ts';

const ORIGIN = 'https://api.periskope.app';
const EARLIEST = '00000000-0000-4000-8000-000000000001.json';
const PEOPLE = [1, 2, 3].map((one) => pair(one));

interface Desk {
  readonly dir: string;
  readonly files: () => string[];
  begin(people: readonly Pair[], changes?: object): Promise<Releases>;
  /** Another run's file as it is, under other words of its first line. */
  other(people: readonly Pair[], changes: object): Promise<string>;
}

async function desk(): Promise<Desk> {
  const dir = await scratch();
  const folder = join(dir, '.group-onboard.asking');
  const files = () => (existsSync(folder) ? readdirSync(folder) : []);
  const begin = async (people: readonly Pair[], changes: object = {}) => {
    const releases = new Releases();
    onTestFinished(() => releases.all());
    await assertNotAskedNow({
      ...{ folders: [dir], people, most: people.length + 2, origin: ORIGIN, ledger: '/x/l.jsonl' },
      ...{ insists: false, clock: systemClock, releases, ...changes },
    }).catch(async (error: unknown) => {
      await releases.all();
      throw error;
    });
    return releases;
  };
  const other = async (people: readonly Pair[], changes: object) => {
    const releases = await begin(people, { insists: true });
    const name = files().find((one) => one !== EARLIEST) ?? '';
    const bytes = readFileSync(join(folder, name));
    await releases.all();
    const end = bytes.indexOf('\n');
    const head = JSON.stringify({ ...JSON.parse(bytes.toString('utf8', 0, end)), ...changes });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, EARLIEST), Buffer.concat([Buffer.from(`${head}\n`), bytes.subarray(end + 1)]));
    return join(folder, EARLIEST);
  };
  return { dir, files, begin, other };
}

test.each<[string, readonly Pair[], object, number | undefined]>([
  ['some of the people', [pair(3), pair(4)], {}, 1],
  ['all of them, in another order', PEOPLE.toReversed(), {}, 3],
  ['other people', [pair(4), pair(5)], {}, undefined],
  ['the same people in another group', PEOPLE.map((_, i) => pair(i + 1, 2)), {}, undefined],
  ['nobody', [], {}, undefined],
  ['the same people at another API', PEOPLE, { origin: 'sandbox' }, undefined],
  ['the same people, and insists', PEOPLE, { insists: true }, undefined],
])('another run asks %s', async (_what, people, changes, common) => {
  const { begin, files } = await desk();
  const first = await begin(PEOPLE);
  const second = begin(people, changes);
  if (common === undefined) await (await second).all();
  else
    await expect(second).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(
        new RegExp(
          `pid ${process.pid} on .* asks ${common} (?:person|people) of the .*its ledger: /x/l.jsonl`,
        ),
      ),
    });
  await first.all();
  await (await begin(PEOPLE)).all();
  expect(files().length).toBeLessThanOrEqual(1);
});

test('a person’s other number is the same person', async () => {
  const { begin } = await desk();
  const at = (participant: string) => [{ ...pair(1), participant }] as Pair[];
  await begin(at('5511987654321'));
  await expect(begin(at('551187654321'))).rejects.toMatchObject({ code: 'LOCKED' });
});

test('a dead run’s file is removed, whomever it asked', async () => {
  const { begin, other } = await desk();
  for (const people of [PEOPLE, [pair(9)]]) {
    const file = await other(people, { pid: 2 ** 22 + 1 });
    await (await begin(PEOPLE)).all();
    expect(existsSync(file)).toBe(false);
  }
});

test('a run that looks at the others, too: the later one gives up at once, the earlier one waits for it', async () => {
  const { begin, other } = await desk();
  const looking = { stage: 'looking' };
  await other(PEOPLE, { ...looking, since: '2000-01-01T00:00:00.000Z' });
  await expect(begin(PEOPLE)).rejects.toMatchObject({ code: 'LOCKED' });

  const file = await other(PEOPLE, { ...looking, since: '2999-01-01T00:00:00.000Z' });
  const working = readFileSync(file).toString('latin1').replace('looking', 'working');
  let looks = 0;
  const monotonic = () => {
    // The other one has not seen this one, and goes on.
    if (++looks === 6) {
      writeFileSync(`${file}.next`, working, 'latin1');
      renameSync(`${file}.next`, file);
    }
    return performance.now();
  };
  await expect(begin(PEOPLE, { clock: { ...systemClock, monotonic } })).rejects.toMatchObject({
    code: 'LOCKED',
  });
  expect(looks).toBeGreaterThanOrEqual(6);
});

test('a run that looks without end is waited for some seconds, and then left to it', async () => {
  const { begin, other } = await desk();
  await other(PEOPLE, { stage: 'looking', since: '2999-01-01T00:00:00.000Z' });
  let now = 0;
  const clock = { ...systemClock, monotonic: () => (now += 1_000) };
  await expect(begin(PEOPLE, { clock })).rejects.toMatchObject({ code: 'LOCKED' });
  expect(now).toBeGreaterThan(15_000);
});

test('what is not a run’s file is left alone', async () => {
  const { begin, dir, files } = await desk();
  const folder = join(dir, '.group-onboard.asking');
  mkdirSync(join(folder, EARLIEST), { recursive: true });
  for (const [name, text] of [
    [EARLIEST.replace('1.', '2.'), 'garbage'],
    [EARLIEST.replace('1.', '3.'), ''],
  ] as const)
    writeFileSync(join(folder, name), text);
  const releases = await begin(PEOPLE);
  expect(files()).toHaveLength(4);
  await releases.all();
  expect(files()).toHaveLength(3);
});

test('where nothing can be written, or a link leads elsewhere, the run goes on', async () => {
  const { begin, dir } = await desk();
  symlinkSync('/etc', join(dir, '.group-onboard.asking'));
  await begin(PEOPLE);
  await begin(PEOPLE, { folders: [join(dir, 'missing')] });
  expect(readdirSync(dir)).toEqual(['.group-onboard.asking']);
});
