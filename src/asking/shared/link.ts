/** What the shared pacer needs of Redis: a few words, so that a test can say them in virtual time. */
import type { SharedClock } from './clock.ts';
import type { Presence } from './presence.ts';
import type { Hint } from './shared-turn.ts';

/** Redis cannot be asked just now. Whether what was on its way was done is not known. */
export class LinkDown extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'LinkDown';
  }
}

/** A state as it lies there; undefined: nothing does. */
export interface Stored {
  readonly version: string;
  readonly text: string;
}

/** One value that changes by compare-and-set. Everything may reject with `LinkDown`. */
export interface Store {
  read(): Promise<Stored | undefined>;
  /**
   * Puts `next` there if what is there has the version `expected` ('' for nothing), and lets the others know of it.
   * Otherwise gives what is there.
   */
  swap(expected: string, next: Stored, hint: Hint): Promise<'done' | Stored | undefined>;
}

export interface LinkEvents {
  /** Somebody put a new state there. Such news can be lost. */
  news(version: string, hint: Hint): void;
  /** Redis has said once more who is there. */
  beat(): void;
  /** Redis answers again, or its clock was set. */
  back(): void;
}

/** The connection of this process, for all that it shares. */
export interface Link {
  /** Names this process; drawn anew with each start. */
  readonly me: string;
  readonly clock: SharedClock;
  readonly presence: Presence;
  readonly up: boolean;
  /** Goes up when Redis's clock was set: instants from before mean nothing any more. */
  readonly timeline: number;
  /** Measures where Redis's clock stands once more. */
  measure(): Promise<void>;
  store(name: string, events: LinkEvents): Store;
}

/** Timers, so that tests own time. Gives the way to clear it. */
export type SetTimer = (ms: number, callback: () => void) => () => void;

export const nodeTimer: SetTimer = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};
