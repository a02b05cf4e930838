/**
 * Ledgers damaged at random places, with and without results beside them: nobody is asked again in silence.
 *
 * With results that tell of every ask, a run asks nobody again, whatever has become of the ledger: it goes on where the
 * ledger knows as much, and ends with 2 where it does not. Without results a ledger that was cut between two records looks
 * like one that never had more; every other damage is refused, or said in the log.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repeats } from '../helpers.ts';
import { phone } from './harness.ts';
import { seeded, seedOfRun } from './kill/seed.ts';
import { type Scene, scene } from './scene.ts';

const PEOPLE = Array.from({ length: 12 }, (_, i) => phone(i + 1, [1, 3, 6, 5][i % 4]));

type Damage = (whole: Buffer, random: () => number) => Buffer;

const at = (whole: Buffer, random: () => number) => Math.floor(random() * whole.length);
const newlines = (whole: Buffer) => [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([i]) => i);

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a byte changed': (whole, random) => {
    const bytes = Buffer.from(whole);
    const place = at(whole, random);
    bytes[place] = (bytes[place] as number) ^ (1 + Math.floor(random() * 255));
    return bytes;
  },
  'cut at any byte': (whole, random) => whole.subarray(0, at(whole, random)),
  'cut between records': (whole, random) => {
    const ends = newlines(whole);
    return whole.subarray(0, (ends[Math.floor(random() * ends.length)] as number) + 1);
  },
  'zeros to the end': (whole, random) => {
    const place = at(whole, random);
    return Buffer.concat([whole.subarray(0, place), Buffer.alloc(whole.length - place)]);
  },
  'many zeros to the end': (whole, random) =>
    Buffer.concat([whole.subarray(0, at(whole, random)), Buffer.alloc(1024 * 1024)]),
  'zeros in the middle': (whole, random) => {
    const bytes = Buffer.from(whole);
    const place = at(whole, random);
    bytes.fill(0, place, Math.min(whole.length, place + 1 + Math.floor(random() * 400)));
    return bytes;
  },
  'a piece lost': (whole, random) => {
    const [a = 0, b = 0] = [at(whole, random), at(whole, random)].sort((x, y) => x - y);
    return Buffer.concat([whole.subarray(0, a), whole.subarray(b)]);
  },
  'a piece doubled': (whole, random) => {
    const [a = 0, b = 0] = [at(whole, random), at(whole, random)].sort((x, y) => x - y);
    return Buffer.concat([whole.subarray(0, b), whole.subarray(a)]);
  },
  'a line lost': (whole, random) => {
    const lines = whole.toString().split('\n');
    lines.splice(Math.floor(random() * lines.length), 1);
    return Buffer.from(lines.join('\n'));
  },
  'a newline lost': (whole, random) => {
    const ends = newlines(whole);
    const place = ends[Math.floor(random() * ends.length)] as number;
    return Buffer.concat([whole.subarray(0, place), whole.subarray(place + 1)]);
  },
  'something written behind it': (whole) => Buffer.concat([whole, Buffer.from('lorem ipsum')]),
  emptied: () => Buffer.alloc(0),
};

/** People of whom the bytes have a whole record of an ask. */
function leftIn(bytes: Buffer): Set<string> {
  const lines = bytes.toString('latin1').split('\n');
  const asks = lines.filter((line) => /"is":"asked".*"crc":"[0-9a-f]{8}"\}$/.test(line));
  return new Set(asks.flatMap((line) => /"who":\[[^\]]*\]/.exec(line)?.[0].match(/\d{12}/g) ?? []));
}

async function state(of: Scene, name: string, ledger: Buffer, results: Buffer | undefined) {
  const dir = join(of.dir, name);
  await mkdir(dir);
  const cohort = join(dir, 'cohort.csv');
  const output = join(dir, 'cohort.results.csv');
  await writeFile(cohort, await readFile(of.cohort));
  await writeFile(`${output}.ledger.jsonl`, ledger);
  if (results !== undefined) await writeFile(output, results);
  return { dir, cohort, output };
}

test.each(Object.entries(DAMAGES))('%s', async (what, damage) => {
  const { seed, next: random } = seeded(seedOfRun(`damaged ledgers, ${what}`));
  const first = await scene(PEOPLE);
  const whole = await readFile(first.ledger);
  const results = await readFile(first.output);
  const rounds = repeats(45, 1 / 9);
  for (let round = 0; round < rounds; round++) {
    const bytes = damage(whole, random);
    const label = `seed ${seed}, round ${round}`;
    const before = first.asked(...PEOPLE);

    const beside = await state(first, `with ${round}`, bytes, results);
    for (const file of [beside.cohort, beside.output]) {
      const ended = await first.go('run', file, ...first.args);
      expect([2, 4], `${label}: ${ended.stderr}`).toContain(ended.code);
    }
    expect(first.asked(...PEOPLE), label).toEqual(before);
    // Made again, it goes on.
    const origin = new URL(first.api.url).origin;
    const made = await first.go('rebuild-ledger', beside.output, '--base-url', origin);
    const strange = made.code === 2 && /nothing in this file reads/.test(made.stderr);
    if (!strange) {
      expect([0, 4], `${label}: ${made.stderr}`).toContain(made.code);
      const next = await first.go('run', beside.cohort, ...first.args);
      expect(next.code, `${label}: ${next.stderr}`).toBe(4);
    }
    expect(first.asked(...PEOPLE), label).toEqual(before);
    await rm(beside.dir, { recursive: true });

    const alone = await state(first, `without ${round}`, bytes, undefined);
    const ended = await first.go('run', alone.cohort, ...first.args);
    expect([2, 4], `${label}: ${ended.stderr}`).toContain(ended.code);
    const again = PEOPLE.filter((_, i) => first.asked(...PEOPLE)[i] !== before[i]);
    // A run that ended in good order leaves no zeros to come.
    if (/zeros/.test(what)) expect([label, ended.code, again]).toEqual([label, 2, []]);
    if (again.length > 0) {
      const isPrefix = bytes.length <= whole.length && whole.subarray(0, bytes.length).equals(bytes);
      const isSaid = /cut short by a crash/.test(ended.stderr);
      expect(isPrefix || isSaid, `${label}: asked again in silence: ${again}`).toBe(true);
      for (const one of again) expect(leftIn(bytes).has(one), `${label}: ${one}`).toBe(false);
    }
    await rm(alone.dir, { recursive: true });
  }
});
