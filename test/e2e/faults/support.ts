import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { built } from '../../built.ts';
import { scratch } from '../../helpers.ts';
import {
  type Counts,
  cli,
  type Ended,
  GROUP,
  type ResultRecord,
  type Running,
  results,
  start,
} from '../harness.ts';

export interface Api {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

/** One cohort in a directory of its own, and runs of it. */
export interface Job {
  readonly dir: string;
  readonly cohort: string;
  readonly output: string;
  readonly ledger: string;
  run(...flags: string[]): Promise<Ended>;
  start(...flags: string[]): Running;
  /** status, or status/reason_code, of every row in order. */
  rows(): Promise<readonly string[]>;
  records(): Promise<readonly ResultRecord[]>;
}

export async function job(api: Api, csv: string): Promise<Job> {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  const output = join(dir, 'cohort.results.csv');
  await writeFile(cohort, csv);
  const args = (flags: readonly string[]) => ['run', cohort, ...api.args, ...flags];
  const records = () => results(output);
  return {
    dir,
    cohort,
    output,
    ledger: `${output}.ledger.jsonl`,
    run: (...flags) => cli(args(flags), api.env),
    start: (...flags) => start(args(flags), api.env),
    records,
    rows: async () =>
      (await records()).map((row) => [row['status'], row['reason_code']].filter(Boolean).join('/')),
  };
}

/** The promise under every fault: nobody was asked more than once. */
export function onceEach(counts: Counts): void {
  expect(Object.entries(counts.pairs).filter(([, pair]) => pair.asked > 1)).toEqual([]);
}

/** How often each participant was asked. */
export function asked(counts: Counts, group = GROUP): (participant: string) => number {
  return (participant) => counts.pairs[`${group} ${participant}`]?.asked ?? 0;
}

export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const PRELOAD = new URL('./preload-defect.mjs', import.meta.url).href;

/** The same API, and a CLI whose class `name` (in `dist/<file>`) fails the third time that `method` is called. */
export function defectIn(api: Api, file: string, name: string, method: string, words: string): Api {
  const url = pathToFileURL(built(file)).href;
  const env = { NODE_OPTIONS: `--import=${PRELOAD}`, DEFECT_AT: JSON.stringify([url, name, method, words]) };
  return { args: api.args, env: { ...api.env, ...env } };
}
