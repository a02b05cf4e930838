/** One cohort, its first run against a sandbox of its own, and what people do to its files then; all in this process. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { scratch } from '../helpers.ts';
import { csv, phone, type ResultRecord, results, SENDER } from './harness.ts';
import { inProcess } from './in-process.ts';

/** added, invited, failed, failed, added */
export const PEOPLE = [phone(1, 1), phone(2, 3), phone(3, 6), phone(4, 6), phone(5, 1)];

interface Run {
  readonly code: number;
  readonly stderr: string;
}

export interface Scene {
  readonly api: Sandbox;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly dir: string;
  readonly cohort: string;
  readonly output: string;
  readonly ledger: string;
  go(...args: string[]): Promise<Run>;
  /** Runs on the cohort. */
  run(...flags: string[]): Promise<Run>;
  /** Runs on the results themselves, or on what leads to them. */
  again(path?: string, ...flags: string[]): Promise<Run>;
  records(): Promise<readonly ResultRecord[]>;
  /** status, or status/reason_code, of every row in order. */
  rows(): Promise<readonly string[]>;
  /** How often each person was asked, in all groups together. */
  asked(...people: string[]): readonly number[];
  /** Changes the cells of row `at` (0: the first person). */
  edit(at: number, change: (row: Record<string, string>) => Record<string, string>): Promise<void>;
}

export async function scene(people: readonly string[] = PEOPLE, ...flags: string[]): Promise<Scene> {
  const api = await startSandbox({ limit: 1000 });
  onTestFinished(() => api.close());
  const dir = await scratch();
  const [cohort, output] = [join(dir, 'cohort.csv'), join(dir, 'cohort.results.csv')];
  await writeFile(cohort, csv(people));
  const args = ['--base-url', api.url, '--phone', SENDER, '--no-precheck'];
  const env = { PERISKOPE_API_KEY: api.key };
  const go = async (...words: string[]) => {
    const { code, error, stderr } = await inProcess(words, env);
    return { code, stderr: `${stderr}${(error as Error | undefined)?.message ?? ''}` };
  };
  const run = (...more: string[]) => go('run', cohort, ...args, ...more);
  const records = () => results(output);
  const first = await run(...flags);
  expect([0, 4, 75], first.stderr).toContain(first.code);
  return {
    ...{ api, args, env, dir, cohort, output, ledger: `${output}.ledger.jsonl`, go, run, records },
    again: (path = output, ...more) => go('run', path, ...args, ...more),
    rows: async () =>
      (await records()).map((row) => [row['status'], row['reason_code']].filter(Boolean).join('/')),
    asked: (...who) =>
      who.map((one) =>
        Object.entries(api.counts().pairs).reduce(
          (sum, [name, pair]) => sum + (name.endsWith(one) ? pair.asked : 0),
          0,
        ),
      ),
    async edit(at, change) {
      const rows = (await records()).map((row, i) => (i === at ? change({ ...row }) : row));
      await writeFile(output, table(rows));
    },
  };
}

export function table(rows: readonly Readonly<Record<string, string>>[]): string {
  const quoted = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))];
  return `${lines.map((line) => line.map(quoted).join(',')).join('\n')}\n`;
}
