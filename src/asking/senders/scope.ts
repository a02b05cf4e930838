/**
 * Whether the server counts the asks of several phones together or apart: the decision, without I/O or a clock.
 *
 * Wrong towards apart costs throttled answers, wrong towards shared only time: so it is shared unless the answers
 * say otherwise beyond doubt. While it is open, asks go one at a time, and what is looked at are falls of `Remaining`:
 * a renewal, of whatever kind of window, only ever raises it. Between two answers with one ask between them
 *
 *   counted together, it falls by at most one from the last answer to anybody: a greater fall speaks against it;
 *   counted apart, it falls by at most one from the last answer to this phone: a greater fall speaks against that.
 *
 * A second client of the key makes falls of its own, but none that lands, again and again, right where this phone's own
 * count would be.
 */
import { type Observation, readFacts } from '../pacing/headers.ts';

export type Scope = 'open' | 'shared' | 'apart';

/** Falls that only separate counting explains, before it is believed. */
const FALLS_FOR_APART = 4;
/** Falls that only common counting explains, before nothing more is asked about it. */
const FALLS_FOR_SHARED = 2;
/** Answers after which the question is given up: shared. So soon when not one fall has been seen by then. */
const MOST_ANSWERS = 200;
const MOST_WITHOUT_A_FALL = 16;
/** Answers without `Remaining` after which it is given up: shared. */
const MOST_SILENT = 3;
/** With fewer asks per window no fall can be great enough to tell. */
const LEAST_LIMIT = 3;
/** Falls in the time of separate limiters that separate counting cannot explain, before they are put together again. */
const STRIKES = 3;
/** How long a phone of which nothing remains is left alone when the server says nothing about it, ms. */
const UNKNOWN_RESET = 1_000;

/** Reset is rounded up to whole seconds, which matters little for windows of this length and more, ms. */
const ROUNDING = 1_000;
const LONG_WINDOW = 4_000;

/** What is known of one phone while it is open. */
interface Own {
  readonly remaining: number;
  readonly heardAt: number;
  /** When the window that this was said of is surely over, monotonic ms. */
  readonly until: number;
  /** When it probably is. */
  readonly likely: number;
}

/** What is known of one phone when they are counted apart. */
interface Line {
  sent: number;
  answered: number;
  /** The least that may remain once all that was sent by then has been counted. */
  base: { readonly remaining: number; readonly sent: number; readonly around: number } | undefined;
}

/** Names one ask, from its sending to its answer. */
export interface SentAsk {
  readonly sender: string;
  readonly ordinal: number;
  readonly around: number;
}

export class ScopeJudge {
  #scope: Scope = 'open';
  #answers = 0;
  #limit = Number.POSITIVE_INFINITY;
  #longest = 0;
  #silent = 0;
  #forApart = 0;
  #forShared = 0;
  #last: { readonly sender: string; readonly remaining: number } | undefined;
  readonly #own = new Map<string, Own>();
  readonly #lines = new Map<string, Line>();
  #strikes = 0;

  get scope(): Scope {
    return this.#scope;
  }

  /** Never asks: for where it is clear from the beginning. */
  settle(): void {
    this.#scope = 'shared';
  }

  /** How long this phone may have nothing left, if its asks are counted apart: monotonic ms, 0 when it may be asked. */
  emptyUntil(sender: string, now: number): number {
    const own = this.#own.get(sender);
    return own !== undefined && own.remaining <= 0 && own.until > now ? own.until : 0;
  }

  /**
   * When a limiter of its own may begin with this phone, monotonic ms: with a whole window, as in any run, and not in the
   * middle of one of which it does not know what was used. So the longest window that was told has to be over.
   */
  freshAt(sender: string): number {
    const own = this.#own.get(sender);
    return own === undefined ? 0 : own.heardAt + this.#longest;
  }

  /**
   * While it is open: which of these phones the next ask is to go through, so that the answer tells most. First two by
   * turns, which shows common counting at once; then one is brought low, so that each return to it is a fall.
   */
  pick(available: readonly string[], now: number): { readonly sender: string; readonly at: number } {
    const at = (sender: string) => Math.max(now, this.emptyUntil(sender, now));
    const ready = available.filter((sender) => at(sender) <= now);
    const [first, ...rest] = ready;
    if (first === undefined) {
      const soonest = available.reduce((one, other) => (at(other) < at(one) ? other : one));
      return { sender: soonest, at: at(soonest) };
    }
    const last = this.#last?.sender;
    if (rest.length === 0) return { sender: first, at: now };
    if (this.#answers < 4) {
      return { sender: ready.slice(0, 2).find((sender) => sender !== last) ?? first, at: now };
    }
    const left = (sender: string) => {
      const own = this.#own.get(sender);
      return own === undefined || own.likely <= now ? this.#limit : own.remaining;
    };
    const low = ready.reduce((one, other) => (left(other) < left(one) ? other : one));
    const high = ready.filter((one) => one !== low).reduce((a, b) => (left(b) > left(a) ? b : a));
    // Two between them: after one ask through the high one, it is still above where the low one lands.
    const diverged = left(low) + 2 <= left(high);
    return { sender: diverged && last === low ? high : low, at: now };
  }

  /** An ask that was alone from its sending to its answer; undefined: no answer, so that nobody knows who counted it. */
  alone(sender: string, observation: Observation | undefined): void {
    if (this.#scope !== 'open') return;
    this.#answers++;
    const facts = observation?.httpStatus === undefined ? undefined : readFacts(observation);
    if (facts?.throttled || (facts?.limit !== undefined && facts.limit < LEAST_LIMIT)) this.settle();
    if (this.#scope !== 'open') return;
    if (observation === undefined || facts?.remaining === undefined) {
      this.disturbed();
      if (++this.#silent >= MOST_SILENT || this.#isLate()) this.settle();
      return;
    }
    this.#weigh(sender, facts.remaining);
    this.#limit = facts.limit ?? Number.POSITIVE_INFINITY;
    const { reset, date } = facts;
    const inMs =
      reset?.on === 'answer' ? reset.in : reset && date !== undefined ? reset.at - date : undefined;
    this.#last = { sender, remaining: facts.remaining };
    const heardAt = observation.answeredAt;
    const until = heardAt + (inMs ?? UNKNOWN_RESET);
    this.#longest = Math.max(this.#longest, inMs ?? UNKNOWN_RESET);
    const likely = (inMs ?? 0) >= LONG_WINDOW ? until - ROUNDING : until;
    this.#own.set(sender, { remaining: facts.remaining, heardAt, until, likely });
    if (this.#forShared >= FALLS_FOR_SHARED || this.#isLate()) this.#scope = 'shared';
    if (this.#forApart >= FALLS_FOR_APART && this.#forShared === 0) this.#scope = 'apart';
  }

  #isLate(): boolean {
    const seen = this.#forApart + this.#forShared > 0;
    return this.#answers >= (seen ? MOST_ANSWERS : MOST_WITHOUT_A_FALL);
  }

  #weigh(sender: string, remaining: number): void {
    const before = this.#last;
    const own = this.#own.get(sender);
    if (before === undefined || own === undefined || before.sender === sender) return;
    const againstShared = remaining < before.remaining - 1;
    const againstApart = remaining < own.remaining - 1;
    if (againstShared && againstApart)
      this.#forApart = 0; // a third party
    else if (againstApart) this.#forShared++;
    else if (againstShared && remaining === own.remaining - 1) this.#forApart++;
  }

  /** Asks were under way that were not alone: what was known of before says nothing about after. */
  disturbed(): void {
    this.#last = undefined;
    this.#own.clear();
  }

  /** Counted apart: an ask goes out. */
  sent(sender: string): SentAsk {
    const line = this.#lines.get(sender) ?? { sent: 0, answered: 0, base: undefined };
    this.#lines.set(sender, line);
    const around = line.sent - line.answered;
    return { sender, ordinal: ++line.sent, around };
  }

  /**
   * Counted apart: an ask was answered, or given up. A throttled answer, or falls that other phones' asks would explain,
   * put all together for good.
   */
  answered(ask: SentAsk, observation: Observation | undefined): void {
    const line = this.#lines.get(ask.sender);
    if (this.#scope !== 'apart' || line === undefined) return;
    line.answered++;
    if (observation?.httpStatus === undefined) return;
    const { remaining, throttled } = readFacts(observation);
    if (throttled) this.settle();
    if (remaining === undefined) return;
    const { base } = line;
    // All of ours that the server can have counted since: sent after that one, or on the way when it was sent.
    if (base !== undefined && remaining < base.remaining - (line.sent - base.sent) - base.around) {
      if (++this.#strikes >= STRIKES) this.settle();
    }
    line.base = { remaining, sent: ask.ordinal, around: ask.around };
  }
}
