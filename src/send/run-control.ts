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

const PHONE_ENDS: readonly ReasonCode[] = [
  'phone_not_connected',
  'phone_blocked',
  'sender_refused',
  'whatsapp_throttled',
  'breaker',
  'daily_cap',
];

/**
 * The ends that are about one phone, so that the others can go on. With an allowance for each phone a refusal for the rate
 * is one; of a phone that is alone every end is the run's.
 */
export function ownEnds(phone: 'alone' | 'key' | 'phone'): ReadonlySet<ReasonCode> {
  if (phone === 'alone') return new Set();
  return new Set(phone === 'phone' ? [...PHONE_ENDS, 'throttled'] : PHONE_ENDS);
}

/**
 * The switch of one phone. What is about the phone stops the phone; everything else (the key, the ledger, a signal, …)
 * stops the run, and with it every phone.
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

  /** Why this phone was stopped while the run went on. */
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
