/**
 * GitLab CI as far as our workflow needs it: gitlab-ci-local checks the file by GitLab’s own schema and fills its inputs in;
 * the job’s lines then run in bash as a runner runs them, beside a package registry. `npx` is the built CLI against the
 * sandbox.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { built } from '../../built.ts';
import { scratch } from '../../helpers.ts';
import type { SandboxProcess } from '../harness.ts';

export interface Job {
  readonly image: { readonly name: string };
  readonly before_script: readonly string[];
  readonly script: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly allow_failure: { readonly exit_codes: readonly number[] };
  readonly artifacts: { readonly paths: readonly string[] };
}

export interface Start {
  readonly branch?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly cohort?: string;
  /** What the registry refuses: `GET asking`, `PUT ledger.jsonl` … */
  readonly refused?: RegExp;
  /** The machine is gone when the run is over. */
  readonly lost?: boolean;
}

const GITLAB_CI_LOCAL = fileURLToPath(import.meta.resolve('gitlab-ci-local'));
/** What gitlab-ci-local uses of node 22. */
const FOR_NODE_20 = 'Set.prototype.union ??= function (other) { return new Set([...this, ...other]); };';

/** The job with its inputs filled in, or what GitLab’s schema says against it. */
export async function read(text: string, inputs: Start['inputs'] = {}): Promise<Job | string> {
  const dir = await scratch();
  await writeFile(join(dir, '.gitlab-ci.yml'), text);
  await writeFile(join(dir, '.gitlab-ci-local-inputs.yml'), stringify(inputs));
  const args = [
    '--import',
    `data:text/javascript,${encodeURIComponent(FOR_NODE_20)}`,
    GITLAB_CI_LOCAL,
    '--preview',
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: dir }, (error, stdout, stderr) =>
      resolve(error ? stdout + stderr : (parse(stdout) as { onboard: Job }).onboard),
    );
  });
}

const SHIMS = {
  npm: '#!/bin/sh\n',
  'apt-get': '#!/bin/sh\n',
  // npx --no -- group-onboard …
  npx: `#!/bin/sh\nshift 3\n"${process.execPath}" "${built('cli.js')}" "$@"\ncode=$?\n[ -z "$LOST" ] || kill -9 $PPID\nexit $code\n`,
};

/** A project with its package registry. */
export async function gitLab(text: string, api: SandboxProcess) {
  const hub = await scratch();
  await mkdir(join(hub, 'bin'));
  for (const [name, script] of Object.entries(SHIMS))
    await writeFile(join(hub, 'bin', name), script, { mode: 0o755 });
  const files = new Map<string, Buffer>();
  let refused: RegExp | undefined;
  const registry = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url = '', method } = request;
    const kept = files.get(url);
    if (request.headers['job-token'] !== 'token' || refused?.test(`${method} ${url}`))
      response.writeHead(403).end('{"message":"403 Forbidden"}');
    else if (method === 'PUT') {
      files.set(url, Buffer.concat(chunks));
      response.writeHead(201).end('{"message":"201 Created"}');
    } else if (kept) response.end(kept);
    else response.writeHead(404).end('{"message":"404 Not found"}');
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void registry.close());
  const { port } = registry.address() as AddressInfo;
  let id = 100;

  async function run(start: Start = {}) {
    const job = await read(text, start.inputs);
    if (typeof job === 'string') throw new Error(job);
    const dir = await mkdtemp(join(hub, 'work-'));
    await mkdir(join(dir, 'data'));
    await writeFile(join(dir, 'data/cohort.csv'), start.cohort ?? '');
    refused = start.refused;
    const branch = start.branch ?? 'main';
    const env: Record<string, string> = {
      ...api.env,
      PATH: `${hub}/bin:${process.env['PATH'] ?? ''}`,
      CI_API_V4_URL: `http://127.0.0.1:${port}/api/v4`,
      CI_PROJECT_ID: '7',
      CI_JOB_ID: String(id++),
      CI_JOB_TOKEN: 'token',
      CI_COMMIT_REF_NAME: branch,
      CI_COMMIT_REF_SLUG: branch.toLowerCase().replace(/[^a-z0-9]/g, '-'),
      PERISKOPE_PHONE: '919876543210',
      PERISKOPE_BASE_URL: api.url,
      // The careful pace, without its pauses.
      GROUP_ONBOARD_GAP: '1ms..2ms',
      LOST: start.lost ? '1' : '',
    };
    for (const [name, value] of Object.entries(job.variables))
      env[name] = value.replace(/\$(\w+)/g, (_, one: string) => env[one] ?? '');
    const script = ['set -eo pipefail', ...job.before_script, ...job.script].join('\n');
    return new Promise<{ id: string; code: number | string; log: string; dir: string }>((resolve) => {
      execFile('bash', ['-c', script], { cwd: dir, env }, (error, stdout, stderr) => {
        const code = error?.signal ?? error?.code ?? 0;
        resolve({ id: env['CI_JOB_ID'] ?? '', code, log: stdout + stderr, dir });
      });
    });
  }

  return { run, names: () => [...files.keys()].map((url) => url.slice(url.lastIndexOf('/') + 1)) };
}
