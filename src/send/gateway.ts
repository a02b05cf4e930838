import { EXIT } from '../domain/errors.ts';
import type { Clock } from '../domain/words.ts';
import type { Answer } from './api/answer.ts';
import type { CallOptions } from './api/client.ts';
import { isRefusedForNow, statusRule } from './classify/refusal.ts';
import { NOT_DONE_TRIES } from './next-step.ts';
import type { Log } from './ports.ts';
import type { HeaderWatch } from './rate-limit/headers.ts';
import { readFacts } from './rate-limit/headers.ts';
import { type Limiter, LimiterStopped, type Observation, type Task } from './rate-limit/limiter.ts';
import { anotherRun, backoffMs, notBefore, waitWords } from './rate-limit/not-before.ts';
import type { RunControl } from './run-control.ts';

/** Tries in a row that never reached the API, before the run gives up for now: about 15 s of waiting. */
const UNREACHABLE_TRIES = 6;

export interface GatewayParts {
  readonly limiter: Limiter;
  readonly control: RunControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** One for all phones of a run. */
  readonly headerWatch: HeaderWatch;
  /** Pauses all phones of the run; `limiter` pauses this one. */
  readonly all: Pick<Limiter, 'pause'>;
}

/** Observation for the limiter, from an answer or its absence. */
export function observed(answer: Answer): Observation {
  return {
    sentAt: answer.sentAt,
    answeredAt: answer.answeredAt,
    ...(answer.handshakeMs !== undefined && { handshakeMs: answer.handshakeMs }),
    httpStatus: answer.kind === 'not_sent' ? undefined : answer.httpStatus,
    headers: (answer.kind === 'not_sent' ? undefined : answer.headers) ?? {},
  };
}

/** The only way to the API: takes the limiter's grant, and backs off while the API is out of reach or busy. */
export class Gateway {
  readonly #parts: GatewayParts;
  #unreachable = 0;
  /** Rounds of refusals: `#rounds` in this run, `#inRow` since the API last did not refuse. */
  #rounds = 0;
  #inRow = 0;
  /** The server put this run off to another day. */
  #isOver = false;
  /** Monotonic ms. Requests sent earlier belong to a failure that is already counted. */
  #retryAt = Number.NEGATIVE_INFINITY;
  /** Monotonic ms: end of the cool-down last logged. */
  #coolUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Runs `task` when the limiter grants it; undefined when the run was stopped before. */
  async schedule<T>(kind: 'ask' | 'read', task: Task<T>): Promise<T | undefined> {
    const { limiter, headerWatch } = this.#parts;
    try {
      return await limiter.schedule(kind, async (start) => {
        const result = await task(start);
        headerWatch.saw(kind, result?.observation);
        return result;
      });
    } catch (error) {
      if (error instanceof LimiterStopped) return undefined;
      throw error;
    }
  }

  /** Resets the failure counts: the API answered, and is available. */
  answered(): void {
    this.#unreachable = 0;
    this.#inRow = 0;
  }

  /**
   * Pauses everything after a request that never reached the API, longer each time; after some tries it stops the run
   * (75). True: another try is useless.
   */
  outOfReach(sentAt: number, message: string): boolean {
    if (sentAt < this.#retryAt) return false;
    this.#unreachable++;
    if (this.#unreachable >= UNREACHABLE_TRIES) {
      this.#parts.control.stop({
        exit: EXIT.again,
        code: 'api_unreachable',
        message: `the API cannot be reached (${message}); ${UNREACHABLE_TRIES} tries`,
      });
      return true;
    }
    this.#pause(backoffMs(this.#unreachable, this.#parts.random), `API out of reach: ${message}`);
    return false;
  }

  /**
   * Pauses everything after the API refused for now (429, 503, …), as it says, or a little longer each time. Returns
   * the number of the round: requests in flight together count as one. Stops the run (75) where the server speaks of
   * another day.
   */
  refused(answer: Answer): number {
    this.#unreachable = 0;
    if (answer.sentAt < this.#retryAt) return this.#rounds;
    this.#rounds++;
    this.#inRow++;
    const { clock, control, random } = this.#parts;
    const status = answer.kind === 'not_sent' ? undefined : answer.httpStatus;
    const when = notBefore(readFacts(observed(answer)), this.#inRow, random, clock.now());
    if (when.kind === 'another_run') {
      this.#isOver = true;
      this.#retryAt = clock.monotonic() + when.ms;
      control.stop(anotherRun(when.ms, status, clock.now()));
    } else if (status === 429) {
      // The limiter already makes it wait after a 429; of other statuses it does not know.
      this.#retryAt = clock.monotonic();
    } else {
      const isAway = status !== undefined && statusRule(status).meaning === 'unavailable';
      const why = isAway ? `API unavailable (${status})` : `the API asks for less haste (${status})`;
      this.#pause(when.ms, why);
    }
    return this.#rounds;
  }

  /** Most asks at a time that got through, where the API refused more. */
  get ceiling(): number | undefined {
    return this.#parts.limiter.snapshot.ceiling;
  }

  /** Pauses the phone that WhatsApp throttles: only time helps. */
  coolDown(ms: number): void {
    const { limiter, clock } = this.#parts;
    const now = clock.monotonic();
    // Asks in flight together are throttled together: one cool-down.
    if (now >= this.#coolUntil) this.#say(ms, 'WhatsApp throttles the sending phone');
    this.#coolUntil = now + ms;
    this.#retryAt = now + ms;
    limiter.pause(now + ms, 'cool_down');
  }

  #pause(ms: number, cause: string): void {
    const { all, clock } = this.#parts;
    this.#say(ms, cause);
    this.#retryAt = clock.monotonic() + ms;
    all.pause(this.#retryAt, 'paused');
  }

  #say(ms: number, cause: string): void {
    const { clock, log } = this.#parts;
    log.warn(...waitWords(ms, `: ${cause}`, clock.now()));
  }

  /**
   * One GET, retried while the API is out of reach or busy. undefined when `control` was stopped meanwhile (even during
   * a wait), or when the API stays out of reach.
   */
  async read(
    request: (call: CallOptions) => Promise<Answer>,
    control: RunControl = this.#parts.control,
  ): Promise<Answer | undefined> {
    for (let attempt = 1; ; attempt++) {
      if (control.stopped) return undefined;
      const { signal } = control;
      const reading = this.schedule<Answer | undefined>('read', async (start) => {
        if (!(await start.due())) return undefined;
        if (control.stopped) return { value: undefined, observation: undefined };
        const value = await request({ signal, onSend: start.sent });
        return { value, observation: observed(value) };
      });
      const answer = await unlessAborted(reading, signal);
      if (answer === undefined) return undefined;
      if (answer.kind === 'not_sent') {
        if (this.outOfReach(answer.sentAt, answer.message)) return undefined;
        continue;
      }
      const isRefused = isRefusedForNow(answer);
      if (!isRefused) this.answered();
      if (!isRefused || attempt >= NOT_DONE_TRIES) return answer;
      this.refused(answer);
      if (this.#isOver) return undefined;
    }
  }
}

/** Result of the work, or undefined as soon as `signal` aborts. */
function unlessAborted<T>(work: Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = () => resolve(undefined);
    signal.addEventListener('abort', aborted, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
