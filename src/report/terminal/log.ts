import type { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';
import type { LogConfig } from '../../config/run.ts';
import { maskChatId } from '../../domain/ids.ts';
import { plain } from '../../lib/text.ts';

/** Members to redact at any depth because they may contain a secret. Second safeguard: the first is not to log them. */
const SECRET = [
  'apiKey',
  'authorization',
  'key',
  '*.apiKey',
  '*.authorization',
  '*.Authorization',
  '*.key',
  'headers',
];

interface LogOptions {
  readonly config: LogConfig;
  /** Writes one whole line, with its line break. */
  readonly write: (line: string) => void;
  /** API key, redacted in every line: the third safeguard. */
  readonly secret: string | undefined;
  readonly colour: boolean;
  /** Shard, like `2/4`, in every line because the lines of several pods are often read together. */
  readonly shard?: string | undefined;
}

/** Log (pino) on stderr, as JSON lines or as text for people. */
export function createLog(options: LogOptions): Logger {
  const { config, secret } = options;
  const scrub = (line: string) => (secret ? line.replaceAll(secret, '[key]') : line);
  const write =
    config.format === 'json'
      ? (line: string) => options.write(scrub(line))
      : (line: string) => options.write(scrub(textLine(line, options.colour)));
  return pino(
    {
      level: config.level,
      base: options.shard === undefined ? null : { shard: options.shard },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { chat_id: (id: unknown) => (typeof id === 'string' ? maskChatId(id) : id) },
      redact: { paths: SECRET, censor: '[redacted]' },
    },
    { write },
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m',
};

/** `19:30:12 warn  waiting: API out of reach  wait_ms=250`: message, then facts, with untrusted text made harmless. */
function textLine(json: string, colour: boolean): string {
  const { level, time, msg, ...facts } = JSON.parse(json) as Record<string, unknown>;
  const label = String(level);
  const shown = Object.entries(facts)
    .filter(([, value]) => value !== '' && value !== null && typeof value !== 'object')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const start = colour ? (COLOURS[label] ?? '') : '';
  const end = start ? '\u001b[0m' : '';
  const tail = shown ? `  ${plain(shown)}` : '';
  return `${String(time).slice(11, 19)} ${start}${label.padEnd(5)}${end} ${plain(String(msg ?? ''))}${tail}\n`;
}

/** Writer that ignores a closed stream (`2>&1 | head`), which must not end the run. */
export function safeWriter(stream: Writable): (text: string) => void {
  let gone = false;
  stream.on('error', () => {
    gone = true;
  });
  return (text) => {
    if (!gone && !stream.destroyed) stream.write(text);
  };
}
