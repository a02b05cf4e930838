import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { RunConfig } from '../../config/run.ts';
import { shardText } from '../../domain/shard.ts';
import { createLog, safeWriter } from '../../report/terminal/log.ts';
import { type Progress, startBar, startLines } from '../../report/terminal/progress.ts';
import type { Live } from '../asking/live.ts';
import { type Io, isTerminal } from '../io.ts';

export interface Output {
  readonly log: Logger;
  /** Begins the bar or the lines, where they are wanted. */
  start(): void;
  /** Ends the bar or the lines; the log goes on. */
  stop(): void;
}

/** Whether colours are wanted on this stream: a terminal, and nobody said otherwise (https://no-color.org). */
export function wantsColour(io: Pick<Io, 'env' | 'stderr'>, stream: Writable = io.stderr): boolean {
  return isTerminal(stream) && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';
}

/** The log and the progress share stderr: a line of log goes above the bar. */
export function openOutput(
  config: Pick<RunConfig, 'log' | 'target'> & Partial<Pick<RunConfig, 'shard'>>,
  io: Io,
  live: Live,
): Output {
  const write = safeWriter(io.stderr);
  let progress: Progress | undefined;
  const log = createLog({
    config: config.log,
    write: (line) => (progress ? progress.line(line) : write(line)),
    secret: config.target?.kind === 'api' ? config.target.apiKey : undefined,
    colour: wantsColour(io),
    shard: config.shard && shardText(config.shard),
  });
  return {
    log,
    start: () => {
      const { progress: wanted } = config.log;
      if (wanted === 'off') return;
      const bar = io.stderr.isTTY && (wanted === 'on' || !io.env['CI']);
      if (bar) {
        progress = startBar(io.stderr, () => live.moment(), write);
      } else {
        const lines = startLines(
          () => live.moment(),
          (facts, message) => log.info(facts, message),
        );
        progress = { line: write, stop: lines.stop };
      }
    },
    stop: () => {
      progress?.stop();
      progress = undefined;
    },
  };
}
