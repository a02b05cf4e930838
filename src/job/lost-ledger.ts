import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openCohort } from '../cohort/cohort.ts';
import { OnboardError } from '../errors.ts';

/**
 * Only the ledger keeps a run from asking people again. Results that say that people were asked, beside no ledger at all,
 * mean that it was lost, or lies elsewhere. A cohort that is those results itself says what was done, and may run.
 * @throws OnboardError CONFIG when there are such results where this run would write its own
 */
export async function assertLedgerNotLost(ledger: string, output: string, cohort: string): Promise<void> {
  if (output === '-' || resolve(output) === resolve(cohort)) return;
  if (!(await isThere(output)) || (await isThere(ledger))) return;
  // What can no more be read as results says nothing; it was found to be replaceable before.
  const results = await openCohort(output).catch(() => undefined);
  if (!results?.isResults) return;
  for await (const readings of results.readings()) {
    const asked = readings.find(({ row }) => results.previous(row)?.fields.asked_at);
    if (asked === undefined) continue;
    throw new OnboardError(
      'CONFIG',
      `${output}:${asked.row.line} says that people were asked, but the ledger that keeps them from being asked again is missing (${ledger}): put it back or name it with --ledger, run with ${output} as the cohort, or, to begin anew, move ${output} away`,
    );
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
