/** Interface of the shared pacer to Redis; a test implements it in virtual time. */

/** Redis cannot be asked just now. Whether what was on its way was done is not known. */
export class LinkDown extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'LinkDown';
  }
}

/** The connection of this process, for all that it shares. */
export interface Link {
  /** Name of this process, a new one with each start. */
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

/** One turn at a time: what asks for one meanwhile gets another after it. */
export class Turns {
  readonly #turn: () => Promise<void>;
  readonly #link: Pick<Link, 'up'>;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #again = false;

  /** @param failed hears of a defect; a turn that Redis or the network ended is taken again once the link is back. */
  constructor(turn: () => Promise<void>, link: Pick<Link, 'up'>, failed: (error: unknown) => void) {
    this.#turn = turn;
    this.#link = link;
    this.#failed = failed;
  }

  look(): void {
    this.#again = true;
    if (this.#running === undefined) this.#running = this.#run();
  }

  /** Resolves when none is under way, after so many milliseconds at the latest. */
  async idle(ms: number, setTimer: SetTimer): Promise<void> {
    await new Promise<void>((resolve) => {
      const clear = setTimer(ms, resolve);
      void Promise.resolve(this.#running).then(() => {
        clear();
        resolve();
      });
    });
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#turn();
      } while (this.#again && this.#link.up);
    } catch (error) {
      if (!(error instanceof LinkDown)) this.#failed(error);
    }
    this.#running = undefined;
  }
}
