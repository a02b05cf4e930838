/** The whole command in this process: for the many cases where starting one each would take all the time. */
import { Readable, Writable } from 'node:stream';
import type { Io } from '../../src/app/io.ts';
import { program } from '../../src/cli/program.ts';

export interface Done {
  readonly code: number;
  /** What the command threw: the CLI prints an OnboardError in one line, and anything else is a defect (exit 1). */
  readonly error: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param stopAfterMs then it is sent a SIGTERM: the bound on a run that has to wait. */
export async function inProcess(
  args: readonly string[],
  env: Record<string, string> = {},
  stopAfterMs?: number,
): Promise<Done> {
  const text = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text[name] += chunk.toString();
        done();
      },
    });
  const io: Io = {
    env,
    command: ['group-onboard', ...args],
    stdin: Readable.from([]),
    stdout: into('stdout'),
    stderr: into('stderr') as unknown as NodeJS.WriteStream,
    onSignal: (handler) => {
      const timer = stopAfterMs && setTimeout(() => handler('SIGTERM'), stopAfterMs);
      return () => clearTimeout(timer);
    },
  };
  let code = 0;
  let error: unknown;
  try {
    await program(io, '0.0.0', (exit) => {
      code = exit;
    }).parseAsync(['node', 'group-onboard', ...args]);
  } catch (thrown) {
    error = thrown;
    code = (thrown as { exitCode?: number }).exitCode ?? 1;
  }
  return { code, error, ...text };
}
