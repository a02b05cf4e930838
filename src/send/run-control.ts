import type { ExitCode } from '../domain/errors.ts';
import type { ReasonCode } from '../domain/reasons.ts';

/** Why a run ends before its end. The first reason given is the one that counts. */
export interface StopReason {
  readonly exit: ExitCode;
  /** What the rows not reached are given as their reason. */
  readonly code: ReasonCode;
  /** One line for the person: what happened. Untrusted parts are already made safe for a terminal. */
  readonly message: string;
}

/** The one switch that ends a run in good order: no new asks; those in flight finish. */
export class RunControl {
  readonly #controller = new AbortController();
  #reason: StopReason | undefined;

  get reason(): StopReason | undefined {
    return this.#reason;
  }

  get stopped(): boolean {
    return this.#reason !== undefined;
  }

  /** Aborts when the run is stopped: for whatever waits. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(reason: StopReason): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller.abort();
  }

  /** Stops the run, or says why it was stopped: the cause takes the place of the breaker, which saw only its signs. */
  explain(cause: StopReason): void {
    if (this.#reason?.code === 'breaker') this.#reason = cause;
    else this.stop(cause);
  }
}
