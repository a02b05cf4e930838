/** What the shared pacer needs of Redis, so that a test can say it in virtual time. */

/** Redis cannot be asked just now. Whether what was on its way was done is not known. */
export class LinkDown extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'LinkDown';
  }
}

/** The connection of this process, for all that it shares. */
export interface Link {
  /** Names this process; drawn anew with each start. */
  readonly me: string;
  readonly up: boolean;
  /** Runs the script of `scripts.ts` on the log of that name. Rejects with `LinkDown`. */
  pace(log: string, words: readonly (string | number)[]): Promise<readonly string[]>;
  /** Calls back each time that Redis answers again. */
  onBack(callback: () => void): void;
}

/** Timers, so that tests own time. Gives the way to clear it. */
export type SetTimer = (ms: number, callback: () => void) => () => void;

export const nodeTimer: SetTimer = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};
