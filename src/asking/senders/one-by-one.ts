/** What waits while it is open how the server counts: one ask goes at a time, each as the judge picks it. */
import type { Clock } from '../../domain/words.ts';
import { type AskKind, LimiterStopped } from '../limiter.ts';
import type { ScopeJudge } from './scope.ts';
import type { Wait } from './wait-board.ts';

/** Asks of one phone in a row with no other to ask through: then they need not go one at a time. */
const ALONE_IN_ROW = 20;

interface Parts {
  readonly judge: ScopeJudge;
  readonly clock: Clock;
  /** Called with undefined when nothing waits any more. */
  readonly onWait: (wait: Wait | undefined) => void;
}

interface Held {
  readonly sender: string;
  readonly kind: AskKind;
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

export class OneByOne {
  readonly #parts: Parts;
  /** In the order in which they came. */
  #held: Held[] = [];
  #flying = 0;
  #inRow = { sender: '', asks: 0 };
  #isMixed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get length(): number {
    return this.#held.length;
  }

  /** Somebody was asked while another ask was in flight. */
  get isMixed(): boolean {
    return this.#isMixed;
  }

  /** Calls `start` when it is this one's turn; rejects with `LimiterStopped` when it is stopped before. */
  add<T>(sender: string, kind: AskKind, start: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#held.push({
        sender,
        kind,
        stop: () => reject(new LimiterStopped()),
        start: async () => {
          this.#flying++;
          this.#isMixed ||= this.#flying > 1;
          try {
            resolve(await start());
          } catch (error) {
            reject(error);
          } finally {
            this.#flying--;
            this.#isMixed &&= this.#flying > 0;
            this.#next();
          }
        },
      });
      this.#next();
    });
  }

  /** It is no longer open, or does not matter: they wait elsewhere from now on. */
  startAll(): void {
    const all = this.#held;
    this.#held = [];
    for (const { start } of all) void start();
  }

  /** Tells those who are stopped now. */
  stop(isStopped: (sender: string, kind: AskKind) => boolean): void {
    const out = this.#held.filter(({ sender, kind }) => isStopped(sender, kind));
    this.#held = this.#held.filter((one) => !out.includes(one));
    for (const one of out) one.stop();
    this.#next();
  }

  /** The next one, when nothing is in flight. */
  #next(): void {
    const { judge, clock, onWait } = this.#parts;
    clearTimeout(this.#timer);
    onWait(undefined);
    if (judge.scope !== 'open' || this.#held.length === 0) return;
    const waiting = [...new Set(this.#held.map(({ sender }) => sender))];
    if (this.#flying > 0) {
      // Nobody else has anything to ask: what is learnt waits until somebody has.
      const [only] = waiting;
      const { sender, asks } = this.#inRow;
      if (asks >= ALONE_IN_ROW && waiting.length === 1 && only === sender) this.startAll();
      return;
    }
    const { sender, at } = judge.pick(waiting, clock.monotonic());
    const ahead = at - clock.monotonic();
    if (ahead > 0) {
      this.#timer = setTimeout(() => this.#next(), Math.max(1, Math.ceil(ahead)));
      onWait({ untilMonotonic: at, why: 'window' });
      return;
    }
    const goesOn = sender === this.#inRow.sender && waiting.length === 1;
    this.#inRow = { sender, asks: goesOn ? this.#inRow.asks + 1 : 1 };
    if (this.#inRow.asks >= ALONE_IN_ROW) {
      this.startAll();
      return;
    }
    const place = this.#held.findIndex((one) => one.sender === sender);
    const [one] = this.#held.splice(place, 1);
    if (one) void one.start();
  }
}
