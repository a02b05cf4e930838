import type { Readable, Writable } from 'node:stream';
import type { RunConfig } from '../config/run.ts';
import type { Clock } from '../domain/words.ts';

/** `SIGHUP`: the terminal was closed. It ends a run like SIGTERM. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Access of a job to its process. Made in cli.ts, or by a test. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Command line as it was typed, from the tool's name on, for “type this next”. Holds no secret: the key is never a
   * flag.
   */
  readonly command: readonly string[];
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: NodeJS.WriteStream;
  /**
   * Calls the handler on the first stop signal; a second one ends the process at once. Returns a function that
   * unsubscribes.
   */
  onSignal(handler: (signal: StopSignal) => void): () => void;
}

/** Whether a stream is a terminal, not a file, a pipe or a log. */
export function isTerminal(stream: Readable | Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** Whether output of a stream is only seen and not kept: CI, for example, keeps its log. */
export function isSeenOnce({ env }: Pick<Io, 'env'>, stream: Writable): boolean {
  return isTerminal(stream) && !env['CI'];
}

/** Whether a stream gets colours: it is a terminal, and no setting forbids them (https://no-color.org). */
export function wantsColour(io: Pick<Io, 'env' | 'stderr'>, stream: Writable = io.stderr): boolean {
  return isTerminal(stream) && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';
}

/** Stream for text. With the results themselves, or the record, on stdout, it is stderr. */
export function textStream(
  { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>,
  { output, json }: { readonly output?: string | undefined; readonly json: boolean },
): Writable {
  return output === '-' || json ? stderr : stdout;
}

/** Whether a run shows its plan to a person, and asks, before it sends: where both ends are a terminal, and not in CI. */
export function asksFirst({ target, dryRun, yes }: RunConfig, io: Io): boolean {
  const canAsk = isTerminal(io.stderr) && isTerminal(io.stdin) && !io.env['CI'];
  return target?.kind !== 'sandbox' && !dryRun && !yes && canAsk;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
