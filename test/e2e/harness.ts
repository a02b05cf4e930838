import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { onTestFinished } from 'vitest';
import { built } from '../built.ts';

const CLI = built('cli.js');
export const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
export const SENDER = '919876543210';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once the text has appeared on stdout or stderr; rejects when the process ends before that. */
  shows(text: string | RegExp): Promise<void>;
}

/** Starts the built CLI with exactly this environment (and PATH): nothing of the machine's own leaks in. */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  stdin?: string | Buffer,
): Running {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  const heard = () => {
    for (const watcher of watchers) watcher();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    heard();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    heard();
  });
  if (stdin !== undefined) child.stdin?.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
      heard();
    });
  });
  return {
    child,
    ended,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const found = () => {
          const all = stdout + stderr;
          if (typeof text === 'string' ? all.includes(text) : text.test(all)) {
            watchers.delete(found);
            resolve();
          } else if (child.exitCode !== null || child.signalCode !== null) {
            watchers.delete(found);
            reject(new Error(`ended without showing ${text}:\n${all}`));
          }
        };
        watchers.add(found);
        found();
      }),
  };
}

export function cli(
  args: readonly string[],
  env: Record<string, string> = {},
  stdin?: string | Buffer,
): Promise<Ended> {
  return start(args, env, stdin).ended;
}

export interface Counts {
  readonly asks: number;
  /** Requests of each kind, by the status that they were answered with. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly throttled: number;
  readonly pairs: Readonly<
    Record<string, { readonly asked: number; readonly received: number; readonly status?: string }>
  >;
  /** People asked, by sending phone. */
  readonly senders: Readonly<Record<string, number>>;
}

export interface SandboxProcess {
  readonly url: string;
  /** The environment and the flags that point a run at it. */
  readonly env: Record<string, string>;
  readonly args: readonly string[];
  counts(): Promise<Counts>;
  control(what: object): Promise<void>;
  /** Forgets counts and members. */
  reset(): Promise<void>;
  kill(): void;
}

/** The sandbox as its own process, as a user starts it. */
export async function sandbox(...flags: string[]): Promise<SandboxProcess> {
  const running = start(['sandbox', '--port', '0', ...flags]);
  let text = '';
  running.child.stdout?.on('data', (chunk: string) => {
    text += chunk;
  });
  await running.shows(/PERISKOPE_API_KEY=\S+ /);
  const url = /http:\/\/127\.0\.0\.1:\d+\/v1/.exec(text)?.[0] ?? '';
  const key = /PERISKOPE_API_KEY=(\S+)/.exec(text)?.[1] ?? '';
  const page = new URL('/_sandbox', url);
  const post = async (name: string, body: object) => {
    const answer = await fetch(new URL(`/_sandbox/${name}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  };
  return {
    url,
    env: { PERISKOPE_API_KEY: key },
    args: ['--base-url', url, '--phone', SENDER],
    counts: async () => (await (await fetch(page)).json()) as Counts,
    control: (what) => post('control', what),
    reset: () => post('reset', {}),
    kill: () => running.child.kill('SIGKILL'),
  };
}

export type ResultRecord = Readonly<Record<string, string>>;

export async function results(path: string): Promise<readonly ResultRecord[]> {
  return parse(await readFile(path), { columns: true, bom: true }) as ResultRecord[];
}

/** Made-up but possible Indian mobile numbers; the last four digits choose the sandbox's outcome. */
export function phone(i: number, ending = 1): string {
  return `9198${String(7_000 + i).padStart(4, '0')}${String(ending).padStart(4, '0')}`;
}

export const GROUP = '120363371308389685@g.us';

export function csv(phones: readonly string[], group = GROUP): string {
  return `name,chat_id,phone\n${phones.map((number, i) => `Person ${i + 1},${group},${number}`).join('\n')}\n`;
}
