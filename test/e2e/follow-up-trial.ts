import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { EXIT } from '../../src/domain/errors.ts';
import { scratch } from '../helpers.ts';
import { csv, phone, type SandboxProcess, sandbox } from './harness.ts';
import { inProcess } from './in-process.ts';

/** One command in this process, where its coverage counts; what went wrong is on stderr, as cli.ts puts it there. */
export async function cli(args: readonly string[], env: Record<string, string> = {}) {
  const { code, error, stdout, stderr } = await inProcess(args, env);
  const usage = error instanceof CommanderError && error.exitCode !== 0;
  return {
    code: usage ? EXIT.usage : code,
    stdout,
    stderr: error instanceof Error ? `${stderr}${error.message}\n` : stderr,
  };
}

export type Ended = Awaited<ReturnType<typeof cli>>;

export interface Trial {
  readonly api: SandboxProcess;
  readonly cohort: string;
  readonly out: string;
  followUp(...flags: string[]): Promise<Ended>;
}

/**
 * A cohort that was run: people 0 to n-1 in GROUP, with these endings. 3 is invited, 1 added, 11 pending approval.
 * `during` is what the sandbox's control is told before the run.
 */
export async function trial(
  endings: readonly number[],
  flags: readonly string[] = [],
  text?: string,
  during: object = {},
): Promise<Trial> {
  const dir = await scratch();
  const cohort = join(dir, 'cohort.csv');
  const api = await sandbox('--limit', '100');
  if (Object.keys(during).length > 0) await api.control(during);
  await writeFile(cohort, text ?? csv(endings.map((ending, i) => phone(i, ending))));
  await cli(['run', cohort, ...api.args, ...flags], api.env);
  const out = join(dir, 'cohort.results.csv');
  return { api, cohort, out, followUp: (...more) => cli(['follow-up', out, ...api.args, ...more], api.env) };
}

export async function chatReads(api: SandboxProcess): Promise<number> {
  const { requests } = (await api.counts()) as unknown as { requests: { chat: Record<string, number> } };
  return Object.values(requests.chat).reduce((sum, n) => sum + n, 0);
}
