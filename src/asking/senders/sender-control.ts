import type { ReasonCode } from '../../domain/reasons.ts';
import { RunControl, type StopReason } from '../run-control.ts';

/** Ends that are about one phone: the others can go on. */
const ABOUT_THE_PHONE: ReadonlySet<ReasonCode> = new Set([
  'phone_not_connected',
  'phone_blocked',
  'sender_refused',
  'whatsapp_throttled',
  'breaker',
  'daily_cap',
]);

/**
 * The switch of one phone of several. What is about the phone stops the phone; everything else (the key, the ledger, a
 * signal, …) stops the run, and with it every phone.
 */
export class SenderControl extends RunControl {
  readonly #run: RunControl;
  readonly #onStopped: (reason: StopReason) => void;

  constructor(run: RunControl, onStopped: (reason: StopReason) => void) {
    super();
    this.#run = run;
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
    return reason !== undefined && ABOUT_THE_PHONE.has(reason.code) && reason !== this.#run.reason
      ? reason
      : undefined;
  }

  override stop(reason: StopReason): void {
    if (!ABOUT_THE_PHONE.has(reason.code)) {
      this.#run.stop(reason);
      return;
    }
    if (this.stopped) return;
    super.stop(reason);
    this.#onStopped(reason);
  }

  override explain(cause: StopReason): void {
    if (ABOUT_THE_PHONE.has(cause.code)) super.explain(cause);
    else this.#run.explain(cause);
  }
}
