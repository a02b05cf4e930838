import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../../domain/errors.ts';
import type { Clock, Pair } from '../../domain/words.ts';
import { formatDuration } from '../../lib/units.ts';
import type { Log } from '../../send/ports.ts';
import type { RunControl } from '../../send/run-control.ts';
import type { Waiting } from './live.ts';

/** Interval for checking the wall clock, ms, because it may jump, and the machine may sleep. */
const LOOK_AGAIN_MS = 30_000;

interface RoundsParts {
  readonly clock: Clock;
  readonly control: RunControl;
  readonly log: Log;
  /** Epoch ms; undefined: no deadline. */
  readonly deadlineAt: number | undefined;
  /** Like `09:00–18:00`; undefined: no --hours. */
  readonly hours: string | undefined;
  /** Shows the wait, and its end. */
  readonly shows: (waiting: Waiting | undefined) => void;
  /** For tests: waits this many ms. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * People who are not asked now, because of the hour or the daily cap, and the wait for the first of them. They are
 * skipped while others can be asked.
 */
export class Rounds {
  readonly #parts: RoundsParts;
  #later = new Set<string>();
  #again: ReadonlySet<string> = new Set();

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** Adds a submitted pair that came back unasked. */
  later(pair: Pair): void {
    this.#later.add(nameOf(pair));
  }

  /** Whether this pair came back in the previous round. */
  isBack(pair: Pair): boolean {
    return this.#again.has(nameOf(pair));
  }

  /** Whether this pair has come back in this round. */
  cameBack(pair: Pair): boolean {
    return this.#later.has(nameOf(pair));
  }

  /** Begins a round. Returns the number of pairs that came back. */
  next(): number {
    this.#again = this.#later;
    this.#later = new Set();
    return this.#again.size;
  }

  get anyBack(): boolean {
    return this.#later.size > 0;
  }

  /**
   * Waits until somebody may be asked again. False: the wait is not allowed and the run stops, or it was stopped.
   * @param at epoch ms
   */
  async wait(at: number, why: 'hours' | 'daily_cap'): Promise<boolean> {
    const { clock, control, log, deadlineAt, hours, shows } = this.#parts;
    const cause = why === 'hours' ? `--hours ${hours}` : '--daily-cap';
    const until = at === Number.POSITIVE_INFINITY ? 'never' : new Date(at).toISOString().slice(0, 16);
    if (at === Number.POSITIVE_INFINITY || (deadlineAt !== undefined && at >= deadlineAt)) {
      const message = `nobody may be asked before the --deadline (${cause}: not until ${until}Z)`;
      control.stop({ exit: EXIT.again, code: 'deadline', message });
      return false;
    }
    const ms = at - clock.now();
    if (ms > 0)
      log.info(
        { wait_ms: Math.round(ms), until: new Date(at).toISOString(), why },
        `waiting ${formatDuration(ms)} (until ${until}Z) for ${cause}${why === 'hours' ? ': it is not yet time where the people are' : ' to have room again'}`,
      );
    const pause = this.#parts.pause ?? ((rest, signal) => delay(rest, undefined, { signal }));
    for (let rest = ms; rest > 0 && !control.stopped; rest = at - clock.now()) {
      shows({ waitingUntil: clock.monotonic() + rest, waitingWhy: why });
      await pause(Math.min(rest, LOOK_AGAIN_MS), control.signal).catch(() => undefined);
    }
    shows(undefined);
    return !control.stopped;
  }
}

function nameOf({ chatId, participant }: Pair): string {
  return `${chatId} ${participant}`;
}
