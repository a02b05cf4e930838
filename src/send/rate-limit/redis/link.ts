/** Interface of the shared pacer to Redis; a test implements it in virtual time. */

/** Error of an exchange without a reply. Redis may have carried it out. */
export class LinkDown extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'LinkDown';
  }
}

/** Connection of this process to Redis. */
export interface Link {
  /** Name of this process, new with each start. */
  readonly me: string;
  readonly up: boolean;
  /** Runs `PACE` (`scripts.ts`) on the state of that name. Rejects with `LinkDown`. */
  pace(log: string, words: readonly (string | number)[]): Promise<readonly string[]>;
  /** Registers a callback for each time that Redis answers again. */
  onBack(callback: () => void): void;
}

/** Sets a timer, and returns the function that clears it; replaced in tests. */
export type SetTimer = (ms: number, callback: () => void) => () => void;

export const nodeTimer: SetTimer = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Runs one turn at a time; a turn requested during another follows it. */
export class Turns {
  readonly #turn: () => Promise<void>;
  readonly #link: Pick<Link, 'up'>;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #again = false;

  /** @param failed called with a defect; a turn that Redis or the network ended runs again when the link is back. */
  constructor(turn: () => Promise<void>, link: Pick<Link, 'up'>, failed: (error: unknown) => void) {
    this.#turn = turn;
    this.#link = link;
    this.#failed = failed;
  }

  look(): void {
    this.#again = true;
    if (this.#running === undefined) this.#running = this.#run();
  }

  /** Resolves when no turn is under way, after `ms` at the latest. */
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
