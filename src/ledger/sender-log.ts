/**
 * Log of the participants that each sender asked, for caps on a rolling span.
 *
 * The clock may have been ahead. An ask dated in the future was sent after the asks before it, and before the first
 * later record that is not dated in the future; without such a record it counts as sent now. Dates in the past are
 * believed.
 */

/** Age at which asks are forgotten, in ms before the sender's newest: no cap looks further back. */
export const REMEMBERED_MS = 48 * 60 * 60 * 1000;

/** One ask in the log. */
export interface LoggedAsk {
  /** Its number in the ledger. */
  readonly ask: number;
  /** Epoch ms. */
  at: number;
  count: number;
}

/** Epoch ms. */
type Now = () => number;

class Sender {
  readonly #clock: Now;
  /** By `at`, rising. */
  #asks: LoggedAsk[] = [];
  /**
   * Span of the running sum, ms; -1: recount. Asks from `#head` on are later than `#now - #span`; `#sum` counts them.
   */
  #span = -1;
  #now = 0;
  #head = 0;
  #sum = 0;

  constructor(clock: Now) {
    this.#clock = clock;
  }

  add(at: number, count: number, number: number): LoggedAsk {
    const ask = { ask: number, at, count };
    let place = this.#asks.length;
    while (place > 0 && (this.#asks[place - 1] as LoggedAsk).at > at) place--;
    if (place === this.#asks.length) {
      this.#asks.push(ask);
      this.#sum += count;
    } else {
      // The wall clock was set back since the ask before this one.
      this.#asks.splice(place, 0, ask);
      this.#span = -1;
    }
    this.#forget(Math.min(at, this.#clock()) - REMEMBERED_MS);
    return ask;
  }

  /** Dates asks from the future back to `at`, the instant of the record that follows them. */
  settle(at: number, now: number): void {
    let first = this.#asks.length;
    while (first > 0 && (this.#asks[first - 1] as LoggedAsk).at > now) first--;
    const earliest = Math.max(at, this.#asks[first - 1]?.at ?? at);
    for (const ask of this.#asks.slice(first)) ask.at = earliest;
    if (first < this.#asks.length) this.#span = -1;
  }

  /** Latest date of an ask, epoch ms; -Infinity if there is none. */
  get latest(): number {
    return this.#asks.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  }

  /** Adds the asks of another name of the same phone. */
  join({ all }: Sender): void {
    this.#asks = [...this.#asks, ...all].sort((a, b) => a.at - b.at);
    this.#span = -1;
  }

  get all(): readonly LoggedAsk[] {
    return this.#asks;
  }

  takeBack(ask: LoggedAsk): void {
    ask.count = 0;
    this.#span = -1;
  }

  within(span: number, now: number): number {
    if (span !== this.#span || now < this.#now) {
      this.#span = span;
      this.#head = 0;
      this.#sum = this.#asks.reduce((sum, ask) => sum + ask.count, 0);
    }
    this.#now = now;
    for (
      let ask = this.#asks[this.#head];
      ask !== undefined && ask.at <= now - span;
      ask = this.#asks[this.#head]
    ) {
      this.#sum -= ask.count;
      this.#head++;
    }
    return this.#sum;
  }

  roomAt(span: number, cap: number, now: number): number | undefined {
    let sum = this.within(span, now);
    let at: number | undefined;
    // The asks from `#head` on are the next to leave the span.
    for (let i = this.#head; sum >= cap; i++) {
      const ask = this.#asks[i];
      if (ask === undefined) break;
      sum -= ask.count;
      at = Math.min(ask.at, now) + span;
    }
    return at;
  }

  /** Time of the newest ask, epoch ms; asks that were not done do not count. */
  last(): number | undefined {
    return this.#asks.findLast((ask) => ask.count > 0)?.at;
  }

  after(instant: number): readonly LoggedAsk[] {
    return this.#asks.filter(({ at, count }) => at > instant && count > 0);
  }

  /** Drops old asks in large pieces only, so that each ask is moved a bounded number of times. */
  #forget(before: number): void {
    const middle = this.#asks.length >> 1;
    if (middle < 1024 || (this.#asks[middle] as LoggedAsk).at >= before) return;
    this.#asks = this.#asks.slice(middle);
    this.#span = -1;
  }
}

export class SenderLog {
  readonly #senders = new Map<string, Sender>();
  readonly #clock: Now;
  /** Upper bound of the asks' dates, epoch ms. */
  #latest = Number.NEGATIVE_INFINITY;

  /** @param clock wall clock, epoch ms; by default Infinity, so that every date is believed */
  constructor(clock: Now = () => Number.POSITIVE_INFINITY) {
    this.#clock = clock;
  }

  /** Whether an ask is dated later than now. */
  get isAhead(): boolean {
    return this.#latest > this.#clock();
  }

  /** Takes the instant of any record (epoch ms), in the order of the ledger. */
  saw(at: number): void {
    const now = this.#clock();
    if (this.#latest <= now || at > now) return;
    for (const sender of this.#senders.values()) sender.settle(at, now);
    this.#latest = Math.max(...[...this.#senders.values()].map(({ latest }) => latest));
  }

  add(sender: string, at: number, count: number, ask = 0): LoggedAsk {
    this.saw(at);
    this.#latest = Math.max(this.#latest, at);
    return this.#of(sender).add(at, count, ask);
  }

  /** Unites names of one phone: past and future asks under any of them count for each. */
  unite([first, ...others]: readonly [string, ...string[]]): void {
    const log = this.#of(first);
    for (const name of others) {
      const other = this.#of(name);
      if (other === log) continue;
      log.join(other);
      for (const [known, its] of this.#senders) if (its === other) this.#senders.set(known, log);
    }
  }

  /** Names of the senders that have asked. */
  names(): string[] {
    return [...this.#senders].flatMap(([name, sender]) => (sender.last() === undefined ? [] : [name]));
  }

  #of(sender: string): Sender {
    const known = this.#senders.get(sender);
    if (known) return known;
    const made = new Sender(this.#clock);
    this.#senders.set(sender, made);
    return made;
  }

  takeBack(sender: string, ask: LoggedAsk): void {
    this.#senders.get(sender)?.takeBack(ask);
  }

  /** Time of the last ask of any sender, epoch ms. */
  last(): number | undefined {
    const times = [...this.#senders.values()].flatMap((sender) => sender.last() ?? []);
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  /** Time (epoch ms) at which `sender` is below `cap` asked in the last `span` ms; undefined: it is now. */
  roomAt(sender: string, span: number, cap: number, now: number): number | undefined {
    return this.#senders.get(sender)?.roomAt(span, cap, now);
  }

  /** Number of participants asked by `sender` after `now - span`; `span` in ms, at most REMEMBERED_MS. */
  within(sender: string, span: number, now: number): number {
    return this.#senders.get(sender)?.within(span, now) ?? 0;
  }

  /** Remembered asks of `sender` after `instant` (epoch ms). */
  after(sender: string, instant: number): readonly LoggedAsk[] {
    return this.#senders.get(sender)?.after(instant) ?? [];
  }
}
