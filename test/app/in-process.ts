/** The command line in this process, with streams and signals of the test's own. */
import { PassThrough, Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Io, StopSignal } from '../../src/app/io.ts';
import { program } from '../../src/cli/program.ts';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';

export interface Told {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Desk {
  readonly io: Io;
  /** Sends the signal to whoever listens. */
  signal(which: StopSignal): void;
  stdout(): string;
  stderr(): string;
  run(...args: string[]): Promise<Told>;
}

/** @param screen what the command takes for its terminal, and writes its stderr to */
export function desk(
  env: Record<string, string> = {},
  stdin: Iterable<string> = [],
  terminal = false,
  screen?: NodeJS.WriteStream,
): Desk {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => {
    const made = new PassThrough();
    made.on('data', (chunk) => {
      texts[name] += chunk;
    });
    return Object.assign(made, { isTTY: terminal, columns: 100 }) as unknown as NodeJS.WriteStream;
  };
  const handlers = new Set<(signal: StopSignal) => void>();
  const io: Io = {
    env,
    command: [],
    stdin: Readable.from(stdin),
    stdout: stream('stdout'),
    stderr: screen ?? stream('stderr'),
    onSignal(handler) {
      handlers.add(handler);
      return () => {
        handlers.delete(handler);
      };
    },
  };
  return {
    io,
    signal: (which) => {
      for (const handler of handlers) handler(which);
    },
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    async run(...args) {
      let code: number | undefined;
      await program(io, '0.0.0', (exit) => {
        code = exit;
      }).parseAsync(['node', 'group-onboard', ...args]);
      return { code, ...texts };
    },
  };
}

export async function api(options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ limit: 1_000, ...options });
  onTestFinished(() => sandbox.close());
  return {
    sandbox,
    args: ['--base-url', sandbox.url, '--phone', sandbox.phone],
    env: { PERISKOPE_API_KEY: sandbox.key },
  };
}
