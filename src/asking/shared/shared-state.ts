/** What several processes keep together: the policy's state, and whose each exchange in flight is. */
import { initial, type RateSettings, type RateState } from '../rate-limit.ts';

/** Instants are milliseconds of the shared clock. */
export interface SharedState {
  /** Names a state that began from nothing; ids of asks mean something within it only. */
  readonly epoch: string;
  /** Counts its changes. */
  readonly n: number;
  /** When it was last changed. */
  readonly at: number;
  readonly state: RateState;
  /** The asks that have no answer yet, and the process whose each is. */
  readonly flights: ReadonlyMap<number, string>;
  /** Processes that would ask more if they might. */
  readonly waiters: ReadonlySet<string>;
}

export function freshState(epoch: string, at: number, settings: RateSettings): SharedState {
  return { epoch, n: 0, at, state: initial(settings), flights: new Map(), waiters: new Set() };
}

export type Version = Pick<SharedState, 'epoch' | 'n'>;

export function versionOf({ epoch, n }: Version): string {
  return `${epoch}.${n}`;
}

export function versionIn(text: string): Version {
  const dot = text.lastIndexOf('.');
  return { epoch: text.slice(0, dot), n: Number(text.slice(dot + 1)) };
}
