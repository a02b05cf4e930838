/** Standard error: JSON lines only where asked for, because their consumer parses every line; never debug output. */
import type { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** Whether JSON was asked for explicitly. Known before the command line is parsed, because its errors are JSON, too. */
export function wantsJson(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const last = words.findLastIndex((word) => /^--log-format(?:=|$)/.test(word));
  const flag = last < 0 ? undefined : (/=(.*)$/s.exec(words[last] ?? '')?.[1] ?? words[last + 1]);
  return (flag ?? env['GROUP_ONBOARD_LOG_FORMAT'])?.trim() === 'json';
}

/** One line in the log's own format. */
export function jsonLine(level: 'info' | 'warn' | 'error', msg: string, facts: object = {}): string {
  return `${JSON.stringify({ level, time: new Date().toISOString(), ...facts, msg })}\n`;
}

/** Wraps each text written to the stream into one record; JSON lines pass unchanged. */
export function writeJsonLines(stderr: Writable): void {
  const write = stderr.write.bind(stderr) as (...args: readonly unknown[]) => boolean;
  stderr.write = ((chunk: unknown, ...rest: readonly unknown[]) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString();
    return write(text === '' || isJsonLines(text) ? text : asRecord(text), ...rest);
  }) as typeof stderr.write;
}

function asRecord(text: string): string {
  const msg = stripVTControlCharacters(text).trim();
  return msg === '' ? '' : jsonLine(/^(?:group-onboard|error): /.test(msg) ? 'error' : 'info', msg);
}

function isJsonLines(text: string): boolean {
  return text.endsWith('\n') && text.trimEnd().split('\n').every(isRecord);
}

function isRecord(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** The process, as far as debug output needs it. */
interface DebugParts {
  readonly env: Record<string, string | undefined>;
  readonly pid: number;
  readonly stderr: Writable;
}

/** Sections of libraries that print what they send. */
const PRINTS = /\*|ioredis/i;

/**
 * Turns `DEBUG` and `NODE_DEBUG` off: they show whole requests, with API key and Redis password. Call it before loading
 * any module that reads `DEBUG`. Node has read `NODE_DEBUG` before that and prints on stderr, each line with its section
 * and process id first: such lines are dropped.
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
