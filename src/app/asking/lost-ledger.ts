import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openCohort } from '../../cohort/cohort.ts';
import { OnboardError } from '../../domain/errors.ts';

/**
 * Only the ledger keeps a run from asking people again. Results that say that people were asked, beside no ledger at all,
 * mean that it was lost, or lies elsewhere. A cohort that is those results itself says what was done, and may run.
 * @throws OnboardError CONFIG when there are such results where this run would write its own
 */
export async function assertLedgerNotLost(ledger: string, output: string, cohort: string): Promise<void> {
  if (output === '-' || resolve(output) === resolve(cohort)) return;
  if (!(await isThere(output)) || (await isThere(ledger))) return;
  const line = await firstAsked(output);
  if (line === undefined) return;
  throw new OnboardError(
    'CONFIG',
    `${output}:${line} says that people were asked, but the ledger that keeps them from being asked again is missing (${ledger}): put it back or name it with --ledger, run with ${output} as the cohort, or, to begin anew, move ${output} away`,
  );
}

/**
 * A plan does not take the place of results: they are all that tells of a lost ledger, and what people read.
 * @throws OnboardError CONFIG when the file there says that somebody was asked
 */
export async function assertNoResults(path: string): Promise<void> {
  if (path === '-' || !(await isThere(path))) return;
  const line = await firstAsked(path);
  if (line === undefined) return;
  throw new OnboardError(
    'CONFIG',
    `${path}:${line} says that people were asked: give --output another file for the plan`,
  );
}

/** The first line of results that says so. What can not be read as results says nothing. */
async function firstAsked(path: string): Promise<number | undefined> {
  const results = await openCohort(path).catch(() => undefined);
  if (!results?.isResults) return undefined;
  for await (const readings of results.readings()) {
    const asked = readings.find(({ row }) => results.previous(row)?.fields.asked_at);
    if (asked !== undefined) return asked.row.line;
  }
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
