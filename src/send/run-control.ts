import type { ExitCode } from '../domain/errors.ts';
import type { ReasonCode } from '../domain/reasons.ts';

/** Reason for an early end of a run. The first one given counts. */
export interface StopReason {
  readonly exit: ExitCode;
  /** Reason of the rows not reached. */
  readonly code: ReasonCode;
  /** One line for the user. Untrusted parts are already made safe for a terminal. */
  readonly message: string;
}

/** Stop signal of a run: no new asks; those in flight finish. */
export class RunControl {
  readonly #controller = new AbortController();
  #reason: StopReason | undefined;

  get reason(): StopReason | undefined {
    return this.#reason;
  }

  get stopped(): boolean {
    return this.#reason !== undefined;
  }

  /** Aborts when the run is stopped. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(reason: StopReason): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller.abort();
  }

  /** Stops the run, or replaces the reason of the breaker, which saw only the symptoms, by the cause. */
  explain(cause: StopReason): void {
    if (this.#reason?.code === 'breaker') this.#reason = cause;
    else this.stop(cause);
  }
}

const PHONE_ENDS: readonly ReasonCode[] = [
  'phone_not_connected',
  'phone_blocked',
  'sender_refused',
  'whatsapp_throttled',
  'breaker',
  'daily_cap',
];

/**
 * Stop reasons that concern one phone, so that the others go on. With an allowance per phone a refusal for the rate is
 * one; with one phone all reasons concern the run.
 */
export function ownEnds(phone: 'alone' | 'key' | 'phone'): ReadonlySet<ReasonCode> {
  if (phone === 'alone') return new Set();
  return new Set(phone === 'phone' ? [...PHONE_ENDS, 'throttled'] : PHONE_ENDS);
}

/**
 * Stop signal of one phone. Reasons of its own stop only the phone; all others (the key, the ledger, a signal, …) stop
 * the run, and with it every phone.
 */
export class SenderControl extends RunControl {
  readonly #run: RunControl;
  readonly #ends: ReadonlySet<ReasonCode>;
  readonly #onStopped: (reason: StopReason) => void;

  constructor(run: RunControl, ends: ReadonlySet<ReasonCode>, onStopped: (reason: StopReason) => void) {
    super();
    this.#run = run;
    this.#ends = ends;
    this.#onStopped = onStopped;
    const follow = () => {
      if (run.reason) super.stop(run.reason);
    };
    if (run.stopped) follow();
    else run.signal.addEventListener('abort', follow);
  }

  /** Reason why this phone was stopped while the run went on. */
  get own(): StopReason | undefined {
    const { reason } = this;
    return reason !== undefined && this.#ends.has(reason.code) && reason !== this.#run.reason
      ? reason
      : undefined;
  }

  override stop(reason: StopReason): void {
    if (!this.#ends.has(reason.code)) {
      this.#run.stop(reason);
      return;
    }
    if (this.stopped) return;
    super.stop(reason);
    this.#onStopped(reason);
  }

  override explain(cause: StopReason): void {
    if (this.#ends.has(cause.code)) super.explain(cause);
    else this.#run.explain(cause);
  }
}
