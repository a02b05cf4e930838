/** Outputs of a command: its files, no two the same, and the address that its summary is posted to. */

import { usage } from '../domain/errors.ts';
import { isSameFile } from '../lib/files.ts';
import { type Env, fromEnvironment, LOOPBACK } from './api.ts';
import type { RunFlags } from './flags.ts';
import { proxyFor } from './proxy.ts';

/** Files that a user may ask for besides the results. Only the HTML page and the to-do list hold phone numbers. */
const REPORT_FILES = ['report', 'toDo', 'summaryJson', 'junit', 'metricsFile'] as const;
export type ReportFiles = Readonly<Record<(typeof REPORT_FILES)[number], string | undefined>>;

interface Named {
  readonly output: string | undefined;
  readonly ledger: string | undefined;
}

/**
 * Results path and ledger path of a run. Refused where they could destroy the cohort or can not exist. A trial in the
 * sandbox has files of its own, so that its ledger does not block the real run.
 * @param named name that this shard gives a file
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

/** Report files that were asked for; no two are the same file. */
export function reportFiles(
  cohort: string,
  flags: Partial<ReportFiles>,
  paths: { readonly output: string; readonly ledger: string | undefined },
  named: (path: string) => string = (path) => path,
): ReportFiles {
  const taken = [cohort, paths.output, ...(paths.ledger === undefined ? [] : [paths.ledger])];
  const files = REPORT_FILES.map((name) => {
    const given = flags[name];
    if (given === undefined) return [name, undefined];
    const path = named(given);
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (path === '-') throw usage(`${flag} needs a file: standard output carries the results only`);
    if (taken.some((other) => isSameFile(path, other)))
      throw usage(`${flag} ${path} is used already: give another file`);
    taken.push(path);
    return [name, path];
  });
  return Object.freeze(Object.fromEntries(files)) as ReportFiles;
}

/** Destination of the summary at the end. Its address is a secret: it lets anybody post there. */
export interface NotifyTarget {
  /** Never printed, logged or written. */
  readonly url: URL;
  readonly proxy: URL | undefined;
}

const VARIABLE = 'GROUP_ONBOARD_NOTIFY';

/**
 * Destination from the environment, or from the file that it names. A flag may name this machine only, because flags
 * show in `ps`.
 */
export function notifyTarget(flags: Pick<RunFlags, 'notify'>, env: Env): NotifyTarget | undefined {
  if (flags.notify === undefined)
    return fromEnvironment(VARIABLE, env, (where, text) => parsed(where, text, env));
  const target = parsed('--notify', flags.notify, env);
  if (target === undefined || LOOPBACK.test(target.url.hostname)) return target;
  throw usage(
    `--notify shows in ps, and whoever has the address can post there: put it into ${VARIABLE}, or into a file that ${VARIABLE}_FILE names`,
  );
}

/** Parses the address. No message holds its text. */
function parsed(where: string, text: string | undefined, env: Env): NotifyTarget | undefined {
  const given = text?.trim();
  if (!given) return undefined;
  const url = !/\s/.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw usage(`${where} is not a web address`);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw usage(
      `${where} is not an https address: it would be read on the way (http is for this machine only)`,
    );
  if (url.username || url.password)
    throw usage(`${where} holds a user name or a password, which is not supported`);
  return Object.freeze({ url, proxy: proxyFor(url, env) });
}
