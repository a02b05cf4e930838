import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DOCKERFILE = await readFile(`${ROOT}Dockerfile`, 'utf8');

/**
 * What this machine's engine needs beyond `docker build .`, split on blanks: `--network=host` where it has no bridge,
 * `--build-arg NODE_IMAGE=…` where the base comes from elsewhere.
 */
export const BUILD_FLAGS = (process.env['CONTAINER_BUILD_FLAGS'] ?? '').split(' ').filter(Boolean);

export const BASE =
  BUILD_FLAGS.join(' ').match(/\bNODE_IMAGE=(\S+)/)?.[1] ??
  DOCKERFILE.match(/^ARG NODE_IMAGE=(\S+)/m)?.[1] ??
  '';

/** What every container of these tests must do without. Whoever runs the image should take it away, too. */
const HARDENED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Talking {
  readonly ended: Promise<Ended>;
  /** Resolves with all that was said once the text has appeared; rejects when the client ends before that. */
  shows(text: string): Promise<string>;
}

function talk(args: readonly string[]): Talking {
  const child = spawn('docker', args, {
    stdio: [args.includes('--interactive') ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      for (const look of watchers) look();
    });
  const ended = new Promise<Ended>((resolve) => {
    child.on('error', (error) => resolve({ code: null, stdout: '', stderr: error.message }));
    child.on('close', (code) => resolve({ code, ...said }));
  });
  const shows = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if ((said.stdout + said.stderr).includes(text)) resolve(said.stdout + said.stderr);
      };
      watchers.add(look);
      look();
      void ended.then(({ code, stderr }) =>
        reject(new Error(`ended (${code}) without “${text}”: ${stderr}`)),
      );
    });
  return { ended, shows };
}

export function docker(...args: readonly string[]): Promise<Ended> {
  return talk(args).ended;
}

/** The output of a docker command that has to succeed. */
export async function ask(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await docker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${code}\n${stderr.slice(-3_000)}`);
  return stdout.trim();
}

/**
 * Why there is nothing to test with here. A base that its registry does not have is no such reason: that is a mistake in
 * the Dockerfile, and shows when it is built.
 */
export async function whyNot(): Promise<string | undefined> {
  const engine = await docker('version', '--format', '{{.Server.Version}}');
  if (engine.code !== 0) return `no Docker engine answers (${firstLine(engine.stderr)})`;
  if ((await docker('image', 'inspect', BASE)).code === 0) return undefined;
  const pull = await docker('pull', '--quiet', BASE);
  if (pull.code === 0 || /manifest unknown|not found/i.test(pull.stderr)) return undefined;
  return `the base image cannot be had (${firstLine(pull.stderr)})`;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

export interface Container extends Talking {
  readonly name: string;
}

/** Starts a container of the image, hardened, and gone when the test ends. `flags` are those of `docker run`. */
export function container(image: string, flags: readonly string[], ...args: readonly string[]): Container {
  const name = `group-onboard-test-${randomUUID()}`;
  onTestFinished(async () => {
    await docker('rm', '--force', '--volumes', name);
  });
  const network = flags.some((flag) => flag.startsWith('--network')) ? [] : ['--network=none'];
  const all = ['run', '--name', name, ...HARDENED, ...network, ...flags, image, ...args];
  return { name, ...talk(all) };
}
