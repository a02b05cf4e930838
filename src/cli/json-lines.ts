/** Standard error as JSON lines only, for `--log-format json`: its consumer parses every line. */
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
