/** One cohort's way through kills and restarts, each run a process of its own, up to a quiet last rerun. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, results, type SandboxProcess, start } from '../harness.ts';
import { breaches, type Expected, exitCodeOf, openAsks } from './referee.ts';

const PRELOAD = fileURLToPath(new URL('preload.mjs', import.meta.url));

/** The kills and fakes of preload.mjs. */
export interface Fate {
  readonly at?: string;
  readonly trace?: string;
  readonly power?: boolean;
  readonly noFsync?: boolean;
}

export interface Ordeal {
  readonly dir: string;
  readonly chatId: string;
  readonly cohort: readonly Expected[];
  readonly flags: readonly string[];
  /** No more people than this may be in flight when a process is killed. */
  readonly mostInFlight: number;
  readonly api: SandboxProcess;
  readonly inFlight: Set<string>;
  kills: number;
}

export const GROUP = '120363371308389685@g.us';

export async function beginOrdeal(
  dir: string,
  api: SandboxProcess,
  cohort: readonly Expected[],
  { concurrency, batch, flags = [] }: { concurrency: number; batch: number; flags?: readonly string[] },
): Promise<Ordeal> {
  await mkdir(dir, { recursive: true });
  await api.reset();
  const lines = cohort.map(({ name, phone }) => `${name},${GROUP},${phone}`);
  await writeFile(join(dir, 'cohort.csv'), `name,chat_id,phone\n${lines.join('\n')}\n`);
  return {
    dir,
    chatId: GROUP,
    cohort,
    flags: ['--concurrency', `${concurrency}`, '--batch-size', `${batch}`, ...flags],
    mostInFlight: concurrency * batch,
    api,
    inFlight: new Set(),
    kills: 0,
  };
}

export const ledgerOf = (ordeal: Ordeal) => join(ordeal.dir, 'cohort.results.csv.ledger.jsonl');
export const resultsOf = (ordeal: Ordeal) => join(ordeal.dir, 'cohort.results.csv');

/** One run of the same command. */
export function run(ordeal: Ordeal, fate: Fate = {}) {
  const env: Record<string, string> = { ...ordeal.api.env };
  if (Object.keys(fate).length > 0) env['NODE_OPTIONS'] = `--import ${PRELOAD}`;
  if (fate.at) env['GO_KILL_AT'] = fate.at;
  if (fate.trace) env['GO_KILL_TRACE'] = fate.trace;
  if (fate.power) env['GO_KILL_POWER'] = '1';
  if (fate.noFsync) env['GO_KILL_NO_FSYNC'] = '1';
  const cohort = join(ordeal.dir, 'cohort.csv');
  return start(['run', cohort, ...ordeal.api.args, '--log-level', 'warn', ...ordeal.flags], env);
}

/**
 * Takes note of who was in flight, after a run that was killed; gives back how many. Throws when these are more than
 * can have been.
 */
export async function afterKill(ordeal: Ordeal): Promise<number> {
  ordeal.kills++;
  if (!existsSync(ledgerOf(ordeal))) return 0;
  const open = openAsks(await readFile(ledgerOf(ordeal), 'utf8'));
  if (open.length > ordeal.mostInFlight) {
    throw new Error(`${open.length} people in flight at a kill, and ${ordeal.mostInFlight} allowed`);
  }
  for (const participant of open) ordeal.inFlight.add(participant);
  return open.length;
}

/** Judges an ordeal whose last run has ended by itself, and runs once more: that may ask nobody and change nothing. */
export async function judge(ordeal: Ordeal, last: Ended, quietRerun = true): Promise<string[]> {
  const rows = await results(resultsOf(ordeal));
  const counts = await ordeal.api.counts();
  const found = breaches({ ...ordeal, rows, counts });
  const expected = exitCodeOf(rows);
  if (last.code !== expected) found.push(`exit code ${last.code} and not ${expected}: ${last.stderr}`);
  if (existsSync(`${ledgerOf(ordeal)}.lock/`) && (await liveLocks(ordeal)) > 0) found.push('a lock was left');
  if (!quietRerun) return found;

  const before = await readFile(resultsOf(ordeal));
  const again = await run(ordeal).ended;
  if (again.code !== expected) found.push(`the rerun’s exit code is ${again.code}: ${again.stderr}`);
  if (!before.equals(await readFile(resultsOf(ordeal)))) found.push('the rerun changed the results');
  const after = await ordeal.api.counts();
  if (JSON.stringify(after.pairs) !== JSON.stringify(counts.pairs)) found.push('the rerun asked somebody');
  return found;
}

async function liveLocks(ordeal: Ordeal): Promise<number> {
  return (await readdir(`${ledgerOf(ordeal)}.lock`)).filter((name) => name.endsWith('.json')).length;
}

/** Goes through the tasks with as many workers as there are cores. */
export async function shared<T>(
  tasks: readonly T[],
  newWorker: () => Promise<(task: T) => Promise<void>>,
): Promise<void> {
  const waiting = [...tasks];
  const workers = Array.from({ length: Math.min(waiting.length, availableParallelism(), 4) }, async () => {
    const work = await newWorker();
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await work(task);
  });
  await Promise.all(workers);
}
