import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../domain/words.ts';

/** `SIGHUP`: the terminal was closed. It ends a run as SIGTERM does. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What a job may touch of the process that runs it. Made in cli.ts, or by a test. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The command line as it was typed, from the tool's name on, for “type this next”. Holds no secret: the key is never a flag. */
  readonly command: readonly string[];
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: NodeJS.WriteStream;
  /** Calls back on the first signal to stop; a second one ends the process at once. Gives the way to stop listening. */
  onSignal(handler: (signal: StopSignal) => void): () => void;
}

/** Whether a person reads there, or types; elsewhere it is a file, a pipe or a log. */
export function isTerminal(stream: Readable | Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** Whether what is shown there passes before one person's eyes; elsewhere somebody may keep it, as CI keeps its log. */
export function isSeenOnce({ env }: Pick<Io, 'env'>, stream: Writable): boolean {
  return isTerminal(stream) && !env['CI'];
}

/** Whether colours are wanted on this stream: a terminal, and nobody said otherwise (https://no-color.org). */
export function wantsColour(io: Pick<Io, 'env' | 'stderr'>, stream: Writable = io.stderr): boolean {
  return isTerminal(stream) && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
