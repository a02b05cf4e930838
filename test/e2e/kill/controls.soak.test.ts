/** Broken tools, to show that the referee sees it: each breaks one rule that the promises rest on. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { scratch } from '../../helpers.ts';
import { sandbox } from '../harness.ts';
import { afterKill, beginOrdeal, judge, ledgerOf, resultsOf, run } from './ordeal.ts';
import { people } from './people.ts';

const shape = { concurrency: 1, batch: 1, flags: ['--no-precheck'] };
const API = ['--limit', '1000'];

test('a ledger that is lost between the runs: people are asked twice', async () => {
  const ordeal = await beginOrdeal(await scratch(), await sandbox(...API), people(4, [1, 3]), shape);
  expect((await run(ordeal, { at: 'ask.answer:after:3' }).ended).signal).toBe('SIGKILL');
  await afterKill(ordeal);
  await rm(ledgerOf(ordeal));
  const found = await judge(ordeal, await run(ordeal).ended, false);
  expect(found.filter((breach) => /was asked 2 times/.test(breach)).length).toBeGreaterThanOrEqual(3);
});

test('an ask that is sent before its record is on the disk: a power cut has it sent twice', async () => {
  const fates = [{ noFsync: true }, {}];
  const found = [];
  for (const fate of fates) {
    const ordeal = await beginOrdeal(await scratch(), await sandbox(...API), people(3, [3]), shape);
    const ended = await run(ordeal, { ...fate, at: 'ask.answer:after:2', power: true }).ended;
    expect(ended.signal).toBe('SIGKILL');
    await afterKill(ordeal);
    found.push(await judge(ordeal, await run(ordeal).ended, false));
  }
  expect(found[0]).toContainEqual(expect.stringMatching(/was asked 2 times/));
  expect(found[1]).toEqual([]);
});

test('results that lose, double, move or embellish a row', async () => {
  const ordeal = await beginOrdeal(await scratch(), await sandbox(...API), people(4, [1, 3]), shape);
  const ended = await run(ordeal).ended;
  expect(await judge(ordeal, ended)).toEqual([]);
  const [header = '', a = '', b = '', c = '', d = ''] = (await readFile(resultsOf(ordeal), 'utf8')).split(
    '\n',
  );
  const wrong: [string[], RegExp][] = [
    [[a, b, c], /4 rows went in, 3 came out/],
    [[a, b, b, c, d], /4 rows went in, 5 came out/],
    [[b, a, c, d], /not in its place/],
    [[a, b.replace('invited', 'added'), c, d], /is added, and not invited/],
    [[a.replace('added', 'unknown'), b, c, d], /is unknown, and the group lists this person/],
    [[a, b.replace('invited', 'unknown'), c, d], /is unknown, and was in flight at no kill/],
  ];
  for (const [lines, breach] of wrong) {
    await writeFile(resultsOf(ordeal), `${[header, ...lines].join('\n')}\n`);
    expect(await judge(ordeal, ended, false)).toContainEqual(expect.stringMatching(breach));
  }
});
