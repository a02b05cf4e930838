/** The workflow for GitLab, run against the sandbox: nobody is asked twice, whatever becomes of a ledger. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { csv, FIXTURES, phone, sandbox } from '../harness.ts';
import { gitLab, type Start } from './gitlab.ts';

const text = await readFile(join(FIXTURES, 'ci/gitlab.yml'), 'utf8');
const one = csv([phone(1)]);
const two = csv([phone(1), phone(2)]);
const FIRST = { first_run: 'true' };

async function scene() {
  const api = await sandbox('--limit', '100');
  const lab = await gitLab(text, api);
  /** How often each of the people was asked, in the order of their numbers. */
  const asked = async () => Object.values((await api.counts()).pairs).map((pair) => pair.asked);
  return { api, lab, asked };
}

it('without a ledger it asks nobody, except the first time', async () => {
  const { lab, asked } = await scene();
  const refused = await lab.run({ cohort: one });
  expect(refused).toMatchObject({ code: 1, log: expect.stringContaining('No ledger was found') });
  expect(await asked()).toEqual([]);
  expect(await lab.run({ cohort: one, inputs: FIRST })).toMatchObject({ code: 0 });
  expect(await asked()).toEqual([1]);
});

it('goes on with its ledger, also when it is said to be the first run', async () => {
  const { lab, asked } = await scene();
  await lab.run({ cohort: one, inputs: FIRST });
  expect(await lab.run({ cohort: two })).toMatchObject({ code: 0 });
  expect(await lab.run({ cohort: two, inputs: FIRST })).toMatchObject({ code: 0 });
  expect(await asked()).toEqual([1, 1]);
});

it('the ledger of another branch is not its own, also of one with the same slug', async () => {
  const { lab, asked } = await scene();
  await lab.run({ cohort: one, branch: 'may/in', inputs: FIRST });
  const other = await lab.run({ cohort: one, branch: 'may-in' });
  expect(other).toMatchObject({ code: 1, log: expect.stringContaining('No ledger was found') });
  expect(await asked()).toEqual([1]);
  expect(lab.names().every((name) => /^may-in-\d+-(?:ledger\.jsonl|asking)$/.test(name))).toBe(true);
});

it.each<[string, Start]>([
  ['the ledger cannot be kept', { refused: /^PUT .*ledger/ }],
  ['the machine is lost', { lost: true }],
])('after a run of which %s, no other begins by itself', async (_what, mishap) => {
  const { lab, asked } = await scene();
  await lab.run({ cohort: one, inputs: FIRST });
  const lost = await lab.run({ cohort: two, ...mishap });
  expect([lost.code, await asked()]).toEqual([mishap.lost ? 'SIGKILL' : 1, [1, 1]]);
  // What GitLab takes for the artifacts: the ledger with everybody in it.
  const left = await readFile(join(lost.dir, 'data/cohort.results.csv.ledger.jsonl'), 'utf8');
  expect(left).toContain(phone(2));
  for (const inputs of [{}, FIRST]) {
    const next = await lab.run({ cohort: two, inputs });
    expect(next.log).toContain(`The ledger of job ${lost.id} was not kept`);
    expect([next.code, await asked()]).toEqual([1, [1, 1]]);
  }
  // Somebody says so: the ledger before it, and who is a member by now is not asked.
  expect(await lab.run({ cohort: two, inputs: { after_loss: 'true' } })).toMatchObject({ code: 0 });
  expect(await asked()).toEqual([1, 1]);
  expect(await lab.run({ cohort: two })).toMatchObject({ code: 0 });
});

it.each([
  ['look for the ledger', /^GET .*ledger/, 'the package registry answers 403'],
  ['look whether another asks', /^GET .*asking/, 'the package registry answers 403'],
  ['note that it asks', /^PUT .*asking/, '403'],
])('asks nobody when it cannot %s', async (_what, refused, says) => {
  const { lab, asked } = await scene();
  const ended = await lab.run({ cohort: one, inputs: FIRST, refused });
  expect(ended.log).toContain(says);
  expect([4, 75, 0]).not.toContain(ended.code);
  expect(await asked()).toEqual([]);
});

it('ends with the code of the run', async () => {
  const { api, lab, asked } = await scene();
  const unusable = await lab.run({ cohort: 'no,such\ncolumns,here\n', inputs: FIRST });
  const failed = await lab.run({ cohort: csv([phone(1, 5)]), inputs: FIRST });
  await api.control({ phoneConnected: false });
  const stopped = await lab.run({ cohort: csv([phone(1, 5), phone(2)]) });
  expect([unusable.code, failed.code, stopped.code]).toEqual([3, 4, 5]);
  expect(await asked()).toEqual([1]);
});
