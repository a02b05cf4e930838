/** The cohort is a file that people have open: what is done to it while a run is under way asks nobody by mistake. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { PATIENTLY } from '../helpers.ts';
import { job } from './faults/support.ts';
import { csv, phone, sandbox } from './harness.ts';

const PEOPLE = Array.from({ length: 6 }, (_, i) => phone(i, 1));
const [STAYS, , , , , LAST] = PEOPLE as [string, string, string, string, string, string];
const COMES = phone(77, 1);

it('saved anew in mid-run: whoever was counted is asked, and nobody else; the next run asks who came', async () => {
  const api = await sandbox('--limit', '100', '--latency', '100ms');
  const on = await job(api, csv(PEOPLE));
  const running = on.start('--no-precheck', '--concurrency', '1', '--max-rate', '5/s');
  await vi.waitUntil(async () => (await api.counts()).asks > 0, PATIENTLY);
  // As programs save: a new file in the place of the old one. Somebody is gone, and somebody has come first.
  const saved = join(on.dir, 'saved.csv');
  await writeFile(saved, csv([COMES, STAYS]));
  await rename(saved, on.cohort);

  const { code, stderr } = await running.ended;
  expect([code, stderr]).toEqual([75, expect.any(String)]);
  expect(await on.rows()).toEqual([expect.stringMatching(/^not_attempted.*cohort_changed/), 'added']);
  const asked = async () => Object.keys((await api.counts()).pairs).length;
  expect([await asked(), (await api.counts()).asks]).toEqual([PEOPLE.length, PEOPLE.length]);
  expect(Object.keys((await api.counts()).pairs).some((pair) => pair.includes(LAST))).toBe(true);

  expect((await on.run()).code).toBe(0);
  expect(await on.rows()).toEqual(['added', 'added']);
  expect([await asked(), (await api.counts()).asks]).toEqual([PEOPLE.length + 1, PEOPLE.length + 1]);
});
