/** The files of a command: their names, and that no two are one. */
import { isSameFile } from '../lib/files.ts';
import { usage } from './api.ts';
import type { RunFlags } from './flags.ts';

/** Files that a user may ask for, beside the results. But for the HTML page and the to-do list none of them holds a phone number. */
export interface ReportFiles {
  /** The HTML page for people, which holds phone numbers. */
  readonly report: string | undefined;
  /** The CSV of those who need something from somebody, which holds phone numbers, too. */
  readonly toDo: string | undefined;
  readonly summaryJson: string | undefined;
  readonly junit: string | undefined;
  readonly metricsFile: string | undefined;
}

/** Files that the user has named. */
export interface Named {
  readonly output: string | undefined;
  readonly ledger: string | undefined;
}

/**
 * The results path and the ledger path of a run, refused where they could destroy the cohort or be nowhere. A trial in the
 * sandbox has files of its own, so that its ledger does not stand in the way of the real run.
 * @param named how this shard calls a file
 */
export function filePaths(
  cohort: string,
  flags: Partial<Pick<RunFlags, 'output' | 'ledger' | 'sandbox'>>,
  named: (path: string) => string = (path) => path,
): { output: string; ledger: string; named: Named } {
  const given = flags.output;
  if (cohort === '-' && given === undefined) {
    throw usage('the cohort comes from standard input, so its results have no name: give --output FILE');
  }
  const stem = cohort.replace(/\.gz$/i, '').replace(/\.(?:csv|tsv|txt)$/i, '');
  const byItself = `${stem}${flags.sandbox ? '.sandbox' : ''}.results.csv`;
  const output = named(given ?? byItself);
  const base = output === '-' ? (cohort === '-' ? undefined : named(byItself)) : output;
  const own = flags.ledger;
  const ledger = own === undefined ? base && `${base}.ledger.jsonl` : named(own);
  if (ledger === undefined) {
    throw usage(
      'the cohort comes from standard input and the results go to standard output: give --ledger FILE',
    );
  }
  if (isSameFile(ledger, cohort) || isSameFile(ledger, output))
    throw usage(`--ledger ${ledger} is used already: give another file`);
  return {
    output,
    ledger,
    named: { output: given && output, ledger: own && ledger },
  };
}

/** The summaries for machines, each in a file that nothing else is in. */
export function reportFiles(
  cohort: string,
  flags: Partial<ReportFiles>,
  paths: { readonly output: string; readonly ledger: string | undefined },
  named: (path: string) => string = (path) => path,
): ReportFiles {
  const file = (name: keyof ReportFiles) => {
    const path = flags[name];
    return path === undefined ? undefined : named(path);
  };
  const files = {
    report: file('report'),
    toDo: file('toDo'),
    summaryJson: file('summaryJson'),
    junit: file('junit'),
    metricsFile: file('metricsFile'),
  };
  const taken = [cohort, paths.output, ...(paths.ledger === undefined ? [] : [paths.ledger])];
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (path === '-') throw usage(`${flag} needs a file: standard output carries the results only`);
    if (taken.some((other) => isSameFile(path, other)))
      throw usage(`${flag} ${path} is used already: give another file`);
    taken.push(path);
  }
  return Object.freeze(files);
}
