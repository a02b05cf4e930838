import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Cohort, type CohortOptions, openCohort } from '../../cohort/cohort.ts';
import { OnboardError } from '../../domain/errors.ts';

/**
 * Opens the results of a run, for a command that works on them.
 * @throws OnboardError COHORT_UNREADABLE, or COHORT_COLUMNS naming the wanted file: a cohort has its rows and no
 * results
 */
export async function openResultsCsv(path: string, options: CohortOptions = {}): Promise<Cohort> {
  const refuse = (cause?: unknown) => {
    const beside = resultsOf(path);
    const give =
      beside === undefined ? 'the results CSV that run wrote' : `the results CSV beside it, ${beside}`;
    return new OnboardError(
      'COHORT_COLUMNS',
      `${basename(path)} is not a results CSV: its header does not end with the columns that run writes (row, chat_id, …, settled_at); give ${give}`,
      { cause },
    );
  };
  const cohort = await openCohort(path, options).catch((error: unknown) => {
    throw error instanceof OnboardError && error.code === 'COHORT_COLUMNS' ? refuse(error) : error;
  });
  if (!cohort.isResults) throw refuse();
  return cohort;
}

/** Default path of the results of a cohort, if the file exists. */
function resultsOf(path: string): string | undefined {
  const stem = basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.(?:csv|tsv|txt)$/i, '');
  return [`${stem}.results.csv`, `${stem}.sandbox.results.csv`]
    .map((name) => join(dirname(path), name))
    .find((name) => existsSync(name));
}
