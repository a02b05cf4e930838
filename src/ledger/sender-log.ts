/**
 * Log of the participants that each sender asked, for caps on a rolling span.
 *
 * The clock may have been ahead. An ask dated in the future was sent after the asks before it, and before the first
 * later record that is not dated in the future; without such a record it counts as sent now. Dates in the past are
 * believed.
 */

/** Age at which asks are forgotten, in ms before the sender's newest: no cap looks further back. */
export const REMEMBERED_MS = 48 * 60 * 60 * 1000;

export interface LoggedAsk {
  readonly ask: number;
  /** Epoch ms. */
  at: number;
  /** Number of participants; 0 once it is certain that nothing was done. */
  people: number;
}

export class SenderLog {
  /** The asks of each sender by `at`, rising. The names of one phone share a list. */
  readonly #asks = new Map<string, LoggedAsk[]>();
  readonly #clock: () => number;
  /** Upper bound of the asks' dates, epoch ms. */
  #latest = Number.NEGATIVE_INFINITY;

  /** @param clock wall clock, epoch ms; by default Infinity, so that every date is believed */
  constructor(clock: () => number = () => Number.POSITIVE_INFINITY) {
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
    for (const asks of this.#asks.values()) dateBack(asks, at, now);
    const dates = [...this.#asks.values()].map((asks) => asks.at(-1)?.at ?? Number.NEGATIVE_INFINITY);
    this.#latest = Math.max(...dates);
  }

  add(sender: string, at: number, people: number, number = 0): LoggedAsk {
    this.saw(at);
    this.#latest = Math.max(this.#latest, at);
    const asks = this.#of(sender);
    const ask = { ask: number, at, people };
    // The last place, unless the wall clock was set back since the ask before this one.
    asks.splice(firstAfter(asks, at), 0, ask);
    forget(asks, Math.min(at, this.#clock()) - REMEMBERED_MS);
    return ask;
  }

  /** Unites names of one phone: past and future asks under any of them count for each. */
  unite([first, ...others]: readonly [string, ...string[]]): void {
    for (const name of others) {
      const [one, other] = [this.#of(first), this.#of(name)];
      if (one === other) continue;
      const both = [...one, ...other].sort((a, b) => a.at - b.at);
      for (const [known, asks] of this.#asks) if (asks === one || asks === other) this.#asks.set(known, both);
    }
  }

  names(): string[] {
    return [...this.#asks].flatMap(([name, asks]) => (lastOf(asks) === undefined ? [] : [name]));
  }

  /** Time of the last ask of any sender, epoch ms. */
  last(): number | undefined {
    const times = [...this.#asks.values()].flatMap((asks) => lastOf(asks) ?? []);
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  /** Number of participants asked by `sender` after `now - span`; `span` in ms, at most REMEMBERED_MS. */
  within(sender: string, span: number, now: number): number {
    return this.after(sender, now - span).reduce((sum, { people }) => sum + people, 0);
  }

  /** Time (epoch ms) at which `sender` is below `cap` asked in the last `span` ms; undefined: it is now. */
  roomAt(sender: string, span: number, cap: number, now: number): number | undefined {
    let sum = this.within(sender, span, now);
    let at: number | undefined;
    for (const ask of this.after(sender, now - span)) {
      if (sum < cap) break;
      sum -= ask.people;
      at = Math.min(ask.at, now) + span;
    }
    return at;
  }

  /** Remembered asks of `sender` after `instant` (epoch ms). */
  after(sender: string, instant: number): readonly LoggedAsk[] {
    const asks = this.#asks.get(sender) ?? [];
    return asks.slice(firstAfter(asks, instant)).filter(({ people }) => people > 0);
  }

  #of(sender: string): LoggedAsk[] {
    const known = this.#asks.get(sender);
    if (known !== undefined) return known;
    const made: LoggedAsk[] = [];
    this.#asks.set(sender, made);
    return made;
  }
}

/** Index of the first ask after `instant`; looked for from the end, which is near. */
function firstAfter(asks: readonly LoggedAsk[], instant: number): number {
  return asks.findLastIndex(({ at }) => at <= instant) + 1;
}

/** Time of the newest ask, epoch ms; asks that were not done do not count. */
function lastOf(asks: readonly LoggedAsk[]): number | undefined {
  return asks.findLast(({ people }) => people > 0)?.at;
}

/** Dates asks from the future back to `at`, the instant of the record that follows them. */
function dateBack(asks: readonly LoggedAsk[], at: number, now: number): void {
  const first = firstAfter(asks, now);
  const earliest = Math.max(at, asks[first - 1]?.at ?? at);
  for (const ask of asks.slice(first)) ask.at = earliest;
}

/** Drops old asks in large pieces only, so that each ask is moved a bounded number of times. */
function forget(asks: LoggedAsk[], before: number): void {
  const middle = asks.length >> 1;
  if (middle >= 1024 && (asks[middle] as LoggedAsk).at < before) asks.splice(0, middle);
}
