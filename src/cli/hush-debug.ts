/**
 * Keeps debug output of Node and its libraries out of the log: it shows whole requests, with API key and Redis
 * password.
 */
import type { Writable } from 'node:stream';

export interface DebugParts {
  readonly env: Record<string, string | undefined>;
  readonly pid: number;
  readonly stderr: Writable;
}

/** Sections of libraries that print what they send. */
const PRINTS = /\*|ioredis/i;

/**
 * Turns `DEBUG` and `NODE_DEBUG` off. Call it before loading any module that reads `DEBUG`. Node has read `NODE_DEBUG`
 * before that and prints on stderr, each line with its section and process id first: such lines are dropped.
 * Returns a line that says so; undefined: neither would have printed anything.
 */
export function hushDebug({ env, pid, stderr }: DebugParts): string | undefined {
  const { DEBUG = '', NODE_DEBUG = '' } = env;
  delete env['DEBUG'];
  delete env['NODE_DEBUG'];
  if (NODE_DEBUG !== '')
    leaveOut(stderr, new RegExp(`^[\\w*.-]+ (?:\\u001b\\[\\d+m)?${pid}(?:\\u001b\\[\\d+m)?: `));
  const names = [PRINTS.test(DEBUG) && 'DEBUG', NODE_DEBUG !== '' && 'NODE_DEBUG'].filter(Boolean);
  if (names.length === 0) return undefined;
  return `${names.join(' and ')} ${names.length === 1 ? 'has' : 'have'} no effect here: the key and phone numbers would be printed`;
}

function leaveOut(stderr: Writable, line: RegExp): void {
  const write = stderr.write.bind(stderr) as (...args: readonly unknown[]) => boolean;
  stderr.write = ((...args: readonly unknown[]) => {
    if (typeof args[0] !== 'string' || !line.test(args[0])) return write(...args);
    const done = args.at(-1);
    if (typeof done === 'function') done();
    return true;
  }) as typeof stderr.write;
}
