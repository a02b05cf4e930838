import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forLog, publish } from '../../../src/app/outputs/publish.ts';
import { scratch } from '../../helpers.ts';
import { endingOf } from '../../report/summary/ending.ts';

it('a file that cannot be written is named, and keeps no other from it', async () => {
  const dir = await scratch();
  const files = {
    summaryJson: join(dir, 'absent', 's.json'),
    junit: join(dir, 'j.xml'),
    metricsFile: join(dir, 'm.prom'),
  };
  const page = join(dir, 'page.md');
  await expect(publish(endingOf(), files, { GITHUB_STEP_SUMMARY: page })).rejects.toMatchObject({
    code: 'RESULTS_FAILED',
    message: expect.stringMatching(/s\.json could not be written: .*asks nobody twice/),
  });
  expect(await readFile(files.junit, 'utf8')).toContain('<testsuites');
  expect(await readFile(page, 'utf8')).toContain('## group-onboard run');
  const first = await readFile(files.metricsFile, 'utf8');

  // What the metrics have of the last success is read back from the file.
  const good = endingOf({ exit: 0, endedAt: 5_000 });
  await publish(good, { ...files, summaryJson: undefined }, {});
  await publish(endingOf(), { ...files, summaryJson: undefined }, {});
  expect(first).toMatch(/last_success_timestamp_seconds\{.*\} 0\n/);
  expect(await readFile(files.metricsFile, 'utf8')).toMatch(/last_success_timestamp_seconds\{.*\} 5\n/);
});

it('a job page that is a pipe without a reader is passed over', async () => {
  const page = join(await scratch(), 'page.md');
  execFileSync('mkfifo', [page]);
  const none = { summaryJson: undefined, junit: undefined, metricsFile: undefined };
  await publish(endingOf(), none, { GITHUB_STEP_SUMMARY: page });
});

it('the words are as they are where nobody folds them', () => {
  expect(forLog('::words\n', endingOf(), {})).toBe('::words\n');
  expect(forLog('::words\n', endingOf(), { GITHUB_ACTIONS: 'true' })).not.toMatch(/^::words/m);
});
