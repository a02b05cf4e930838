import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { secretFileWarnings } from '../config/api.ts';
import type { RunConfig } from '../config/run.ts';
import { EXIT } from '../domain/errors.ts';
import { shardText } from '../domain/shard.ts';
import { LONGEST_TIMER } from '../lib/units.ts';
import { createLog, safeWriter } from '../report/terminal/log.ts';
import { type Progress, startBar, startLines } from '../report/terminal/progress.ts';
import { RunControl } from '../send/run-control.ts';
import { Live } from './asking/live.ts';
import { type Io, type StopSignal, systemClock, wantsColour } from './io.ts';

/** Longest wait for requests in flight after a signal, ms; then they are abandoned, and are in doubt. */
const DRAIN_MS = 10_000;
/** Further wait per additional person of an ask, ms, after a deadline, because no kill follows one. */
const PER_FURTHER_PERSON_MS = 2_000;
/** Longest time for the reads that follow an abandoned ask, ms; then the run continues without them. */
const LEAVE_MS = 20_000;
/** After that, the longest wait for a release at the end, ms. */
const LONGEST_RELEASE_MS = 3_000;

/** Parts shared by every later step of a use case: clock, stop signals, log, progress. */
export type Session = ReturnType<typeof openSession>;

type SessionConfig = Pick<RunConfig, 'log' | 'target'> &
  Partial<Pick<RunConfig, 'shard' | 'deadlineMs' | 'batchSize'>>;

/**
 * Opens the log, and handles everything that ends the work: the signals and the deadline.
 * @param onSignal describes the effect of a signal on the work; undefined: no message
 */
export function openSession(
  config: SessionConfig,
  io: Io,
  releases: Releases,
  onSignal?: (log: Logger, signal: string) => void,
) {
  const clock = systemClock;
  const startedAt = clock.monotonic();
  const control = new RunControl();
  const closing = new RunControl();
  const abandon = new AbortController();
  const leave = new AbortController();
  const endIn = (ms: number) => {
    setTimeout(() => abandon.abort(), ms).unref();
    setTimeout(() => {
      releases.hurry(LONGEST_RELEASE_MS);
      leave.abort();
    }, ms + LEAVE_MS).unref();
  };
  // One listener per request in flight, per read that waits, and per sending phone.
  setMaxListeners(0, abandon.signal, control.signal, closing.signal);
  const live = new Live(clock);
  const { log, ...progress } = openOutput(config, io, live);
  if (config.target?.kind === 'api') for (const warning of secretFileWarnings(io.env)) log.warn({}, warning);
  releases.add(() => progress.stop());
  releases.add(
    io.onSignal((signal) => {
      onSignal?.(log, signal);
      const exit = signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm;
      const reason = { exit, code: 'interrupted', message: stoppedBy(signal, io) } as const;
      control.stop(reason);
      closing.stop(reason);
      endIn(DRAIN_MS);
    }),
  );
  if (config.deadlineMs !== undefined) {
    const timer = setTimeout(
      () => {
        control.stop({ exit: EXIT.again, code: 'deadline', message: 'the run reached its --deadline' });
        endIn(DRAIN_MS + ((config.batchSize ?? 1) - 1) * PER_FURTHER_PERSON_MS);
      },
      Math.min(config.deadlineMs, LONGEST_TIMER),
    );
    releases.add(() => clearTimeout(timer));
  }
  return {
    io,
    clock,
    /** Monotonic ms. */
    startedAt,
    /** Ends the work in good order: no new asks. */
    control,
    /** Ends the reads that may follow an early stop. */
    closing,
    /** Abandons the requests that are still in flight. */
    abandon: abandon.signal,
    /** Aborts some time after `abandon`: pending work is left, so that the results are written. */
    leave: leave.signal,
    ...{ live, log, progress },
    releases,
  };
}

/** Message for a stop signal. A CI runner, too, sends SIGINT for a cancelled job. */
function stoppedBy(signal: StopSignal, { env }: Io): string {
  return signal === 'SIGINT' && !env['CI'] ? 'stopped by you (Ctrl-C)' : `stopped by ${signal}`;
}

/** Start of the work, epoch ms, and its duration until now, ms. */
export function timesOf({ clock, startedAt }: Session): {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly elapsedMs: number;
} {
  const endedAt = clock.now();
  const elapsedMs = clock.monotonic() - startedAt;
  return { startedAt: endedAt - elapsedMs, endedAt, elapsedMs };
}

/** Output for log and progress, which share stderr: a log line goes above the bar. */
function openOutput(config: SessionConfig, io: Io, live: Live) {
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
      const isOwn = config.log.format === 'text' && io.stderr.isTTY && io.env['TERM'] !== 'dumb';
      const bar = isOwn && (wanted === 'on' || !io.env['CI']);
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

/** The work was stopped before this was done: nothing was sent. The session's control holds the reason. */
export class StoppedBefore extends Error {}

/** Releases resources last in, first out, in one place, however the job ends. */
export class Releases {
  readonly #stack: (() => unknown)[] = [];

  #longestMs: number | undefined;

  add(release: () => unknown): void {
    this.#stack.push(release);
  }

  /** Abandons every later release that takes longer than this, because the process is about to end. */
  hurry(longestMs: number): void {
    this.#longestMs = longestMs;
  }

  /** Releases everything, even when one release fails; then throws the first failure. */
  async all(): Promise<void> {
    let failed = false;
    let failure: unknown;
    for (let release = this.#stack.pop(); release; release = this.#stack.pop()) {
      try {
        await this.#inTime(release());
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }

  async #inTime(releasing: unknown): Promise<void> {
    if (this.#longestMs === undefined) {
      await releasing;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#longestMs);
    });
    await Promise.race([releasing, over]).finally(() => clearTimeout(timer));
  }
}

/** Runs `use`, then releases the resources that it opened, however it ended. */
export async function releasing<T>(use: (releases: Releases) => Promise<T>): Promise<T> {
  const releases = new Releases();
  try {
    return await use(releases);
  } finally {
    await releases.all();
  }
}
