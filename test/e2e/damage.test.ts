/**
 * A ledger that was damaged between two runs, through the whole command (test/ledger has the module by itself).
 *
 * What a cut may cost is what it cut off. The tool fsyncs an `asked` record before the ask, so no crash loses one of an
 * ask that was sent; a hand that cuts the file does, and then exactly those people are asked again, since nothing tells
 * of them any more. Whoever has any record left is never asked again.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { SOAK, scratch, soakTest } from '../helpers.ts';
import { cli, csv, GROUP, phone, results, SENDER } from './harness.ts';
import { inProcess } from './in-process.ts';

const PEOPLE = [phone(1, 1), phone(2, 3), phone(3, 5), phone(4, 3)];
let api: Sandbox;
let args: readonly string[];
let env: Record<string, string>;
/** A ledger of a run that has ended, and the ends of its lines. */
let whole: Buffer;
let ends: number[];
let dir: string;

async function place(name: string, ledger: Buffer): Promise<{ cohort: string; out: string; ledger: string }> {
  await mkdir(join(dir, name));
  const cohort = join(dir, name, 'cohort.csv');
  const out = join(dir, name, 'cohort.results.csv');
  await writeFile(cohort, csv(PEOPLE));
  await writeFile(`${out}.ledger.jsonl`, ledger);
  return { cohort, out, ledger: `${out}.ledger.jsonl` };
}

const askedSoFar = () => PEOPLE.map((one) => api.counts().pairs[`${GROUP} ${one}`]?.asked ?? 0);

/** Who has a record in the first `lines` lines, and who of them an outcome. */
function recorded(lines: number): { asked: Set<string>; settled: Set<string> } {
  const asked = new Set<string>();
  const settled = new Set<string>();
  for (const line of whole.toString().split('\n').slice(1, lines)) {
    const record = JSON.parse(line) as { is: string; who: string | string[] };
    if (record.is === 'asked') for (const one of record.who) asked.add(one);
    else settled.add(record.who as string);
  }
  return { asked, settled };
}

beforeEach(async () => {
  dir = await scratch();
  api = await startSandbox({ limit: 100_000 });
  env = { PERISKOPE_API_KEY: api.key };
  args = ['--base-url', api.url, '--phone', SENDER, '--concurrency', '1', '--no-precheck'];
  const { cohort, ledger } = await place('whole', Buffer.alloc(0));
  const done = await inProcess(['run', cohort, ...args], env);
  expect(done.code, done.stderr).toBe(4);
  expect(askedSoFar()).toEqual([1, 1, 1, 1]);
  whole = await readFile(ledger);
  ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  return () => api.close();
});

/** Runs on what is left of the ledger, and checks that it knew what the complete lines of it say. */
async function rerun(cut: number): Promise<void> {
  // A record that lacks only its newline is whole.
  const lines = ends.filter((end) => end - 1 <= cut).length;
  const { cohort, out } = await place(`cut ${cut}`, whole.subarray(0, cut));
  const before = askedSoFar();
  const done = await inProcess(['run', cohort, ...args], env);
  expect(done.error).toBeUndefined();
  expect(done.stderr.includes('cut short by a crash'), `cut at ${cut}`).toBe(
    !ends.includes(cut) && !ends.includes(cut + 1),
  );
  const left = recorded(lines);
  const again = askedSoFar().map((times, i) => times - before[i]!);
  expect(again, `cut at ${cut}`).toEqual(PEOPLE.map((one) => (left.asked.has(one) ? 0 : 1)));
  const rows = await results(out);
  for (const [i, one] of PEOPLE.entries()) {
    const inDoubt = left.asked.has(one) && !left.settled.has(one);
    // Ending 0001 is added, and the group lists who was added; the others it does not list.
    const status = one.endsWith('1')
      ? /^(?:added|already_member)$/
      : inDoubt
        ? /^unknown$/
        : /^(?:invited|failed)$/;
    expect(rows[i]!['status'], `cut at ${cut}`).toMatch(status);
  }
}

describe('a ledger that was cut', () => {
  test('at every record: the prefix is what is known', async () => {
    for (const end of SOAK ? ends : ends.slice(0, 4)) await rerun(end);
  });

  test('at every byte of the last record, and of the one before: repaired', async () => {
    // Every byte is cut in test/ledger; here each seventh goes through the whole command.
    const step = SOAK ? 7 : 7 * 16;
    const cuts = new Set(ends.slice(-2).flatMap((end) => [end - 2, end - 1]));
    for (let cut = ends.at(-3)! + 1; cut < whole.length; cut += step) cuts.add(cut);
    for (const cut of cuts) await rerun(cut);
  });

  test('the CLI says what it repaired, and goes on', async () => {
    const { cohort, ledger } = await place('cli', whole.subarray(0, whole.length - 20));
    const ended = await cli(['run', cohort, ...args], env);
    expect([ended.code, ended.stderr.includes('the last line was cut short')]).toEqual([4, true]);
    expect((await readFile(ledger)).subarray(0, ends.at(-2))).toEqual(whole.subarray(0, ends.at(-2)));
    expect(askedSoFar()).toEqual([1, 1, 1, 1]);
  });
});

soakTest(
  'a changed byte, a missing line, a doubled line: refused with its line, and nobody is asked',
  async () => {
    const flipped = (at: number) => {
      const bytes = Buffer.from(whole);
      bytes[at] = bytes[at]! ^ 1;
      return bytes;
    };
    const line = (n: number) => whole.subarray(n === 1 ? 0 : ends[n - 2]!, ends[n - 1]);
    const damages: [string, Buffer, number][] = [
      ['flipped in the first record', flipped(ends[0]! + 40), 2],
      ['flipped in the middle', flipped(ends[3]! - 30), 4],
      ['flipped in the last record', flipped(whole.length - 60), ends.length],
      ['line lost', Buffer.concat([line(1), line(2), whole.subarray(ends[2]!)]), 3],
      ['line doubled', Buffer.concat([whole.subarray(0, ends[2]), line(3), whole.subarray(ends[2]!)]), 4],
    ];
    for (const [what, bytes, n] of damages) {
      const { cohort, ledger } = await place(what, bytes);
      const ended = await cli(['run', cohort, ...args], env);
      expect([what, ended.code]).toEqual([what, 2]);
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(ended.stderr).toContain(`${ledger}, line ${n}:`);
      expect((await readFile(ledger)).equals(bytes)).toBe(true);
      await expect(readFile(join(dir, what, 'cohort.results.csv'))).rejects.toThrow('ENOENT');
    }
    expect(askedSoFar()).toEqual([1, 1, 1, 1]);
  },
);
