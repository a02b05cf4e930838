import type { Clock } from '../domain/words.ts';
import { EXIT } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { Answer, CallOptions } from './client.ts';
import type { HeaderWatch } from './header-watch.ts';
import { type Limiter, LimiterStopped, type Observation } from './limiter.ts';
import { readFacts, toldToWaitMs } from './pacing/headers.ts';
import type { Log } from './ports.ts';
import { isThrottled } from './read-failure.ts';
import type { RunControl } from './run-control.ts';

/** Tries in a row that never reached the API, before the run gives up for now. About a quarter of a minute of waiting. */
const UNREACHABLE_TRIES = 6;
/** Answers “not done” (429, 503) to one request, before it is left for the next run. */
export const NOT_DONE_TRIES = 6;

/** A server that says “come back tomorrow” is not waited for in one go: ten minutes, then it is asked again. */
const LONGEST_RETRY_AFTER_MS = 600_000;

export interface GatewayParts {
  readonly limiter: Limiter;
  readonly control: RunControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** One for all phones of a run. */
  readonly headerWatch: HeaderWatch;
  /** Where there are several phones: holds all of them back. `limiter.pause` is for this one. */
  readonly pauseAll?: ((untilMonotonic: number) => void) | undefined;
}

/** What the limiter learns from an answer, or from its absence. */
export function observed(answer: Answer): Observation {
  return {
    sentAt: answer.sentAt,
    answeredAt: answer.answeredAt,
    ...(answer.handshakeMs !== undefined && { handshakeMs: answer.handshakeMs }),
    httpStatus: answer.kind === 'not_sent' ? undefined : answer.httpStatus,
    headers: (answer.kind === 'not_sent' ? undefined : answer.headers) ?? {},
  };
}

/** The one door to the API: the limiter's grant, and the patience with an API that is out of reach or busy. */
export class Gateway {
  readonly #parts: GatewayParts;
  #unreachable = 0;
  #unavailable = 0;
  /** Monotonic ms. Requests sent before this moment belong to a failure that is already counted. */
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Runs `task` when the limiter grants it; undefined when the run was stopped before that. */
  async schedule<T>(
    kind: 'ask' | 'read',
    task: (sent: () => void) => Promise<{ value: T; observation: Observation | undefined }>,
  ): Promise<T | undefined> {
    const { limiter, headerWatch } = this.#parts;
    try {
      return await limiter.schedule(kind, async (sent) => {
        const result = await task(sent);
        headerWatch.saw(kind, result.observation);
        return result;
      });
    } catch (error) {
      if (error instanceof LimiterStopped) return undefined;
      throw error;
    }
  }

  /** The API answered, and not that it is unavailable: it is in reach, and well. */
  answered(): void {
    this.#unreachable = 0;
    this.#unavailable = 0;
  }

  /**
   * Nothing reached the API. Everything waits, longer each time; after some tries the run stops (75), and true says that
   * there is no point in another one.
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

  /** Unavailable or throttled: everything waits as long as the answer says, or a little longer each time. */
  unavailable(answer: Answer, why = 'API unavailable (503)'): void {
    this.#unreachable = 0;
    if (answer.sentAt < this.#retryAt) return;
    this.#unavailable++;
    const told = toldToWaitMs(readFacts(observed(answer)), this.#parts.clock.now());
    const ms = told ?? backoffMs(this.#unavailable, this.#parts.random);
    this.#pause(Math.min(ms, LONGEST_RETRY_AFTER_MS), why);
  }

  /** The limiter itself makes a 429 wait; of any other status it knows nothing. */
  throttled(answer: Answer): void {
    const status = answer.kind === 'not_sent' ? undefined : answer.httpStatus;
    if (status !== 429) this.unavailable(answer, `the API asks for less haste (${status})`);
  }

  /** WhatsApp itself throttles the phone: nothing but time helps. */
  coolDown(ms: number): void {
    this.#pause(ms, 'WhatsApp throttles the sending phone', 'this phone');
  }

  #pause(ms: number, why: string, whom: 'all' | 'this phone' = 'all'): void {
    const { limiter, pauseAll } = this.#parts;
    this.#retryAt = this.#parts.clock.monotonic() + ms;
    if (whom === 'all' && pauseAll) pauseAll(this.#retryAt);
    else limiter.pause(this.#retryAt);
    this.#parts.log.warn({ wait_ms: Math.round(ms) }, `waiting: ${why}`);
  }

  /**
   * One GET, tried again while the API is out of reach or busy. undefined when `control` was stopped meanwhile (whatever
   * the GET waits for then, it is not waited for any more), or when the API stays out of reach.
   */
  async read(
    request: (call: CallOptions) => Promise<Answer>,
    control: RunControl = this.#parts.control,
  ): Promise<Answer | undefined> {
    for (let attempt = 1; ; attempt++) {
      if (control.stopped) return undefined;
      const { signal } = control;
      const reading = this.schedule<Answer | undefined>('read', async (sent) => {
        if (control.stopped) return { value: undefined, observation: undefined };
        const value = await request({ signal, onSend: sent });
        return { value, observation: observed(value) };
      });
      const answer = await unlessAborted(reading, signal);
      if (answer === undefined) return undefined;
      if (answer.kind === 'not_sent') {
        if (this.outOfReach(answer.sentAt, answer.message)) return undefined;
        continue;
      }
      const status = answer.httpStatus;
      const throttled = isThrottled(answer);
      if ((!throttled && status !== 503) || attempt >= NOT_DONE_TRIES) {
        this.answered();
        return answer;
      }
      if (status === 503) this.unavailable(answer);
      else this.throttled(answer);
    }
  }
}

/** What comes of the work, or undefined as soon as `signal` aborts. */
function unlessAborted<T>(work: Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = () => resolve(undefined);
    signal.addEventListener('abort', aborted, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
