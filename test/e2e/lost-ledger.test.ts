/** A ledger that was lost, or knows less than its results; and the results, as a spreadsheet or a person has left them. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { csv, phone } from './harness.ts';
import { PEOPLE, scene, table } from './scene.ts';

type Row = Record<string, string>;
type Edit = (row: Row) => Row;

const cells =
  (...changes: readonly [string, string | ((cell: string) => string)][]): Edit =>
  (row) => {
    const edited = { ...row };
    for (const [name, to] of changes) edited[name] = typeof to === 'string' ? to : to(row[name] ?? '');
    return edited;
  };

const EDITS: readonly (readonly [string, Edit])[] = [
  ['untouched', (row) => row],
  ['participant in scientific notation', cells(['participant', '9.19877E+11'])],
  ['participant with a plus', cells(['participant', (cell) => `+${cell}`])],
  ['participant with decimals', cells(['participant', (cell) => `${cell}.0`])],
  ['participant and chat_id cleared', cells(['participant', ''], ['chat_id', ''])],
  ['asked_at cleared', cells(['asked_at', ''])],
  ['asked_at as a spreadsheet writes it', cells(['asked_at', '27/11/2026 09:15'])],
  ['status not_attempted, asked_at cleared', cells(['status', 'not_attempted'], ['asked_at', ''])],
  ['status and asked_at cleared', cells(['status', ''], ['asked_at', ''])],
  ['status invalid', cells(['status', 'invalid'])],
];

const LEDGERS: readonly (readonly [string, (path: string, older: Buffer) => Promise<void>])[] = [
  ['gone', (path) => rm(path)],
  ['emptied', (path) => writeFile(path, '')],
  ['an older copy', (path, older) => writeFile(path, older)],
];

/** Results of five people, edited; and the ledger as it was after two, and as it is. */
async function lost(edit: Edit, harm: (typeof LEDGERS)[number][1] | undefined) {
  const it = await scene(PEOPLE, '--limit', '2');
  const older = await readFile(it.ledger);
  expect((await it.run()).code).toBe(4);
  // The cohort's own chat_id has its prefix in the results: only the results' own cells are edited.
  const records = parse(await readFile(it.output), { columns: true, bom: true }) as Row[];
  await writeFile(it.output, table(records.map(edit)));
  await harm?.(it.ledger, older);
  return it;
}

const nobodyTwice = PEOPLE.map(() => 1);

test.each(
  EDITS.flatMap(([what, edit]) => LEDGERS.map(([which, harm]) => [what, which, edit, harm] as const)),
)(
  '%s; the ledger is %s: nobody is asked, by the cohort or by the results',
  async (_what, _which, edit, harm) => {
    const { run, again, asked } = await lost(edit, harm);
    const ended = await run();
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/nobody is asked now/)]);
    expect((await again()).code).not.toBe(0);
    expect((await again(undefined, '--only-status', 'not_attempted')).code).not.toBe(1);
    expect(asked(...PEOPLE)).toEqual(nobodyTwice);
  },
);

test.each(EDITS)('%s; the ledger is whole: the cohort goes on', async (_what, edit) => {
  const { run, cohort, asked } = await lost(edit, undefined);
  await writeFile(cohort, csv([...PEOPLE, phone(9, 1)]));
  const ended = await run();
  expect(ended.code, ended.stderr).toBe(4);
  expect(asked(...PEOPLE, phone(9, 1))).toEqual([...nobodyTwice, 1]);
});

test.each(EDITS)(
  '%s; the ledger is made again from the results: nobody is asked twice',
  async (_what, edit) => {
    const { output, run, go, asked, api } = await lost(edit, (path) => rm(path));
    expect([0, 4]).toContain((await go('rebuild-ledger', output, '--base-url', api.url)).code);
    const ended = await run();
    expect([2, 4], ended.stderr).toContain(ended.code);
    expect(asked(...PEOPLE)).toEqual(nobodyTwice);
  },
);
