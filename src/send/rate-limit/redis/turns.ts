/** One turn at a time: what asks for one meanwhile gets another after it. */
import { type Link, LinkDown } from './link.ts';

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

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.#running;
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
