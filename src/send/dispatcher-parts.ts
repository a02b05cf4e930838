import type { Pair } from '../domain/words.ts';
import type { Client } from './api/client.ts';
import type { CircuitBreaker, CommonTrouble, ErrorBudget } from './circuit-breaker.ts';
import type { Gateway } from './gateway.ts';
import type { Groups } from './groups/groups.ts';
import type { PhoneWatch } from './phones/phone-state.ts';
import type { PhoneTimes } from './phones/phone-times.ts';
import type { AskingEvents, AskLedger, Log } from './ports.ts';
import type { SharedCap } from './rate-limit/redis/shared-cap.ts';
import type { RunControl } from './run-control.ts';

/** Dependencies of a dispatcher. */
export interface DispatcherParts {
  readonly client: Client;
  readonly gateway: Gateway;
  readonly ledger: AskLedger;
  readonly groups: Groups;
  readonly phone: PhoneWatch;
  readonly breaker: CircuitBreaker;
  /** One for all phones of a run. */
  readonly budget: ErrorBudget;
  /** Breaker over all phones of the run; undefined with one phone. */
  readonly common?: CommonTrouble | undefined;
  readonly control: RunControl;
  readonly events: AskingEvents;
  readonly log: Log;
  readonly sender: string;
  readonly concurrency: number;
  readonly forceAdd: boolean;
  readonly coolDownMs: number;
  readonly dailyCap: number | undefined;
  /** Daily cap shared with other processes. */
  readonly sharedCap?: SharedCap | undefined;
  /** Hours and daily cap of this phone. */
  readonly times: PhoneTimes;
  /** Called for each pair that WhatsApp throttled to the end: it is left for another run. */
  readonly throttled?: ((pair: Pair) => void) | undefined;
  /** Aborts requests in flight: the last resort when draining takes too long. */
  readonly abandon: AbortSignal;
}
