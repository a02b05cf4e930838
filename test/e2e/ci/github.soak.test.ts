/** The workflow for GitHub, run against the sandbox: nobody is asked twice, whatever becomes of a ledger. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { csv, FIXTURES, phone, sandbox } from '../harness.ts';
import { gitHub } from './github.ts';

const text = await readFile(join(FIXTURES, 'ci/github.yml'), 'utf8');
const one = csv([phone(1)]);
const two = csv([phone(1), phone(2)]);

async function scene() {
  const api = await sandbox('--limit', '100');
  return { api, hub: await gitHub(text, api) };
}

/** How often each of the people was asked, in the order of their numbers. */
async function asked({ api }: Awaited<ReturnType<typeof scene>>): Promise<readonly number[]> {
  return Object.values((await api.counts()).pairs).map((pair) => pair.asked);
}

it('without a ledger it asks nobody, except the first time', async () => {
  const all = await scene();
  const refused = await all.hub.run({ cohort: one });
  expect(refused.log).toContain('::error::no ledger was found');
  expect([refused.outcome, await asked(all)]).toEqual(['failure', []]);

  const first = await all.hub.run({ cohort: one, inputs: { first_run: true } });
  expect([first.outcome, first.log, await asked(all)]).toEqual(['success', expect.any(String), [1]]);
  expect(all.hub.names().slice(-3)).toEqual([
    `onboard-asking-${first.id}-1`,
    `onboard-results-${first.id}-1`,
    `onboard-ledger-${first.id}-1`,
  ]);
});

it('goes on with the newest ledger, also when jobs are run again', async () => {
  const all = await scene();
  const first = await all.hub.run({ cohort: one, inputs: { first_run: true } });
  const next = await all.hub.run({ cohort: two });
  expect([next.outcome, await asked(all)]).toEqual(['success', [1, 1]]);
  // The old run again: its own ledger does not know the second person, the newest does.
  const again = await all.hub.run({ cohort: two, again: first.id, inputs: { first_run: true } });
  expect([again.outcome, await asked(all)]).toEqual(['success', [1, 1]]);
  expect(all.hub.names()).toContain(`onboard-ledger-${first.id}-2`);
  // And what that attempt kept is the newest now.
  const last = await all.hub.run({ cohort: csv([phone(1), phone(2), phone(3)]) });
  expect([last.outcome, await asked(all)]).toEqual(['success', [1, 1, 1]]);
});

it.each([
  ['another branch', { branch: 'other' }],
  ['another workflow', { workflow: 'else.yml' }],
])('the ledger of %s is not its own', async (_what, start) => {
  const all = await scene();
  await all.hub.run({ cohort: one, inputs: { first_run: true } });
  const other = await all.hub.run({ cohort: one, ...start });
  expect([other.outcome, other.log]).toEqual(['failure', expect.stringContaining('no ledger was found')]);
  expect(await asked(all)).toEqual([1]);
});

it('a ledger that cannot be kept fails the job, and the next run takes the copy among the results', async () => {
  const all = await scene();
  await all.hub.run({ cohort: one, inputs: { first_run: true } });
  const unkept = await all.hub.run({ cohort: two, refused: /^onboard-ledger-/ });
  expect(unkept).toMatchObject({ outcome: 'failure', steps: { 'Keep the results': 'success' } });
  expect(unkept.log).toContain(`::error::the ledger could not be kept; the next run takes its copy`);
  const next = await all.hub.run({ cohort: two });
  expect([next.outcome, await asked(all)]).toEqual(['success', [1, 1]]);
});

it.each([
  ['neither ledger nor results can be kept', { refused: /^onboard-(ledger|results)-/ }],
  ['the machine is lost', { lostAfter: 'Onboard' }],
])('after a run of which %s, no other begins by itself', async (_what, mishap) => {
  const all = await scene();
  await all.hub.run({ cohort: one, inputs: { first_run: true } });
  const lost = await all.hub.run({ cohort: two, ...mishap });
  expect([lost.outcome, await asked(all)]).toEqual([expect.stringMatching(/failure|lost/), [1, 1]]);
  for (const start of [{}, { again: lost.id }, { inputs: { first_run: true } }]) {
    const next = await all.hub.run({ cohort: two, ...start });
    expect(next.log).toContain(`::error::the ledger of run ${lost.id} was not kept`);
    expect([next.outcome, await asked(all)]).toEqual(['failure', [1, 1]]);
  }
  // Somebody says so: the ledger before it, and who is a member by now is not asked.
  const after = await all.hub.run({ cohort: two, inputs: { after_loss: true } });
  expect([after.outcome, await asked(all)]).toEqual(['success', [1, 1]]);
});

it('asks nobody when it cannot note that it asks, or cannot look for the ledger', async () => {
  const all = await scene();
  const start = { cohort: one, inputs: { first_run: true } };
  const unnoted = await all.hub.run({ ...start, refused: /^onboard-asking-/ });
  expect(unnoted.steps).toMatchObject({ Onboard: 'skipped', 'Keep the ledger': 'skipped' });
  const blind = await all.hub.run({ ...start, down: true });
  expect(blind.steps).toMatchObject({ 'Find the last ledger': 'failure', Onboard: 'skipped' });
  expect([unnoted.outcome, blind.outcome, await asked(all)]).toEqual(['failure', 'failure', []]);
});

it('a run that ended before it had a ledger leaves the first run to come', async () => {
  const all = await scene();
  const unusable = await all.hub.run({ cohort: 'no,such\ncolumns,here\n', inputs: { first_run: true } });
  expect([unusable.outcome, all.hub.names().at(-1)]).toEqual(['failure', `onboard-nobody-${unusable.id}-1`]);
  expect((await all.hub.run({ cohort: one })).log).toContain('no ledger was found');
  const first = await all.hub.run({ cohort: one, inputs: { first_run: true } });
  expect([first.outcome, await asked(all)]).toEqual(['success', [1]]);
});

it('a row that failed is a warning, and a phone that is not connected fails the job', async () => {
  const all = await scene();
  const some = await all.hub.run({ cohort: csv([phone(1, 5)]), inputs: { first_run: true } });
  expect([some.outcome, some.log]).toEqual(['success', expect.stringContaining('::warning::finished')]);
  await all.api.control({ phoneConnected: false });
  const stopped = await all.hub.run({ cohort: csv([phone(1, 5), phone(2)]) });
  expect(stopped).toMatchObject({ outcome: 'failure', steps: { 'Keep the ledger': 'success' } });
  expect(await asked(all)).toEqual([1]);
});
