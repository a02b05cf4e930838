import type { ExitCode } from '../domain/errors.ts';
import { isSameFile } from '../lib/files.ts';
import { usage } from './api.ts';
import type { MergeFlags } from './flags.ts';
import { type CohortConfig, cohortConfig, jsonOnStdout } from './run.ts';

/** Configuration of `merge`: results of the shards, and the merged file. */
export interface MergeConfig {
  readonly results: readonly string[];
  /** Cohort of these results: tells which rows have no result. */
  readonly cohort: CohortConfig | undefined;
  /** A path, or '-' for stdout. */
  readonly output: string;
  /** Exit codes that end as 0. */
  readonly okCodes: readonly ExitCode[];
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
}

export function mergeConfig(results: readonly string[], flags: Partial<MergeFlags>): MergeConfig {
  const output = flags.output;
  const cohort = flags.cohort;
  if (output === undefined) throw usage('merge needs a place for what it makes: give -o FILE');
  for (const path of [...results, ...(cohort === undefined ? [] : [cohort])]) {
    if (path === '-') throw usage('merge reads files: give their names, not standard input');
    if (isSameFile(path, output)) throw usage(`--output ${output} is read by this merge: give another file`);
  }
  return Object.freeze({
    results,
    cohort: cohort === undefined ? undefined : cohortConfig(cohort, flags),
    output,
    okCodes: flags.okCodes ?? [],
    json: jsonOnStdout(flags, output),
  });
}
