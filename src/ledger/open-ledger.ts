/** An open ledger: turns calls into records, and records into answers. */
import type { FileHandle } from 'node:fs/promises';
import { personKey } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Clock, Outcome, Pair, Participant, SettledStatus } from '../domain/words.ts';
import { type Header, MAX_MESSAGE } from './format.ts';
import type { Draft, Journal, OutcomesDraft } from './journal.ts';
import type { Claim, Lock } from './lock.ts';
import { LineReader, type OutcomeWords, outcomeIn } from './own-file.ts';
import type { LoggedAsk } from './sender-log.ts';
import type { LedgerState, PairState, StateCounts } from './state.ts';

declare const askId: unique symbol;
/** Id of an ask: the number of its record. */
export type AskId = number & { readonly [askId]: true };

/** The last outcome of a pair, with its times in epoch ms; `askedAt` is undefined if it was settled without an ask. */
interface OutcomeRecord extends Omit<OutcomeWords, 'asked'> {
  /** Number of asks recorded for the pair. */
  readonly attempts: number;
}

export interface Ledger {
  /** Log line about a torn tail that was cut off on opening. */
  readonly repaired: string | undefined;
  readonly header: Header;
  /** State of a pair, or undefined if it is unknown. A person's other number (`personKey`) is the same person. */
  state(pair: Pair): PairState | undefined;
  /**
   * Records one ask for pairs of one group, sent by `sender`. The ask may be sent only once this resolves: the record
   * then survives a power loss. If it rejects, the ask must not be sent.
   */
  asked(pairs: readonly Pair[], sender: string): Promise<AskId>;
  /** Records that the server certainly did nothing: the pairs are as they were before the ask. */
  notDone(ask: AskId): Promise<void>;
  /** Records outcomes. `ask` is undefined if they were settled without one, or long after it (by membership). */
  settle(ask: AskId | undefined, outcomes: readonly Settlement[]): Promise<void>;
  /**
   * The last outcome, read from the file; undefined if there is none, or the pair is in doubt. If the file no longer
   * has it, the part of it that is kept in memory.
   */
  outcome(pair: Pair): OutcomeRecord | undefined;
  /** Time of the pair's last ask, in doubt or not, epoch ms. */
  askedAt(pair: Pair): number | undefined;
  /** Pairs asked without an outcome, also by former runs, grouped by chat. */
  inDoubt(): Iterable<Pair>;
  /** Unites names of one sending phone: asks under any of them count for each. */
  samePhone(names: readonly [string, ...string[]]): void;
  /** Names of sending phones with a remembered ask. */
  senders(): readonly string[];
  /**
   * Number of participants that `sender` asked in the last `ms` (at most 48 h); asks that were not done do not count.
   */
  askedInLast(ms: number, sender: string): number;
  /** Time of the last ask of any sender, epoch ms. */
  lastAskedAt(): number | undefined;
  /** Time (epoch ms) at which `sender` is below `cap` asked in the last `ms` (at most 48 h); undefined: it is now. */
  roomAt(ms: number, sender: string, cap: number): number | undefined;
  /** Asks of `sender` in the last `ms` (at most 48 h); `at` is epoch ms. */
  asksInLast(ms: number, sender: string): readonly Readonly<LoggedAsk>[];
  /** Number of pairs the ledger knows. */
  readonly size: number;
  readonly counts: StateCounts;
  /** Number of pairs last settled with this reason, by status. */
  settledWith(reason: ReasonCode): ReadonlyMap<PairState['status'], number>;
  /** Waits for pending writes, and releases the lock. */
  close(): Promise<void>;
}

interface Settlement {
  readonly pair: Pair;
  readonly outcome: Outcome;
}

/** The ledger's file, as it was opened. */
export interface Opened {
  /** Undefined for a read-only ledger that does not exist. */
  readonly file: FileHandle | undefined;
  /** Released once the file is closed. */
  readonly claim: Claim | undefined;
  readonly header: Header;
  readonly repaired: string | undefined;
}

/** Number that no ask has. */
const NO_ASK = 0;

export class OpenLedger implements Ledger {
  readonly repaired: string | undefined;
  readonly header: Header;
  readonly #state: LedgerState;
  readonly #journal: Journal | undefined;
  readonly #lock: Lock | undefined;
  readonly #opened: Pick<Opened, 'file' | 'claim'>;
  readonly #lines: LineReader | undefined;
  readonly #clock: Clock;
  /** Persons (`personKey`), by group, whose `asked` record is being written and not yet in the state. */
  readonly #beingAsked = new Map<ChatId, Set<string>>();
  #closing: Promise<void> | undefined;

  constructor(
    opened: Opened,
    state: LedgerState,
    journal: Journal | undefined,
    lock: Lock | undefined,
    clock: Clock,
  ) {
    this.repaired = opened.repaired;
    this.header = opened.header;
    this.#opened = opened;
    this.#lines = opened.file && new LineReader(opened.file.fd);
    this.#state = state;
    this.#journal = journal;
    this.#lock = lock;
    this.#clock = clock;
  }

  get size(): number {
    return this.#state.size;
  }

  get counts(): StateCounts {
    return this.#state.counts;
  }

  settledWith(reason: ReasonCode): ReadonlyMap<PairState['status'], number> {
    return this.#state.settledWith(reason);
  }

  state(pair: Pair): PairState | undefined {
    return this.#state.get(pair);
  }

  async asked(pairs: readonly Pair[], sender: string): Promise<AskId> {
    const [first] = pairs;
    if (first === undefined) throw new Error('an ask needs a participant');
    for (const pair of pairs) {
      if (pair.chatId !== first.chatId) throw new Error('an ask is for one group');
      // Last safeguard of "nobody is asked twice": a pair in doubt is settled (e.g. as `unknown`) before the next ask.
      if (this.#state.get(pair)?.status === 'in_doubt')
        throw new Error('a pair in doubt was about to be asked again');
    }
    const who = pairs.map((pair) => pair.participant);
    const people = new Set(who.map(personKey));
    const group = this.#beingAsked.get(first.chatId) ?? new Set<string>();
    this.#beingAsked.set(first.chatId, group);
    if (people.size < who.length || who.some((one) => group.has(personKey(one)))) {
      throw new Error('a pair was about to be asked twice at once');
    }
    for (const one of people) group.add(one);
    try {
      const draft = { is: 'asked', at: this.#now(), from: sender, chat: first.chatId, who } as const;
      const [number] = await this.#append([draft]);
      return number as AskId;
    } finally {
      for (const one of people) group.delete(one);
      if (group.size === 0) this.#beingAsked.delete(first.chatId);
    }
  }

  async notDone(ask: AskId): Promise<void> {
    if (!this.#state.isOpen(ask)) throw new Error(`ask ${ask} is not open`);
    await this.#append([{ is: 'not_done', at: this.#now(), ask }]);
  }

  /** Records the current time: earlier asks that are dated later then count as asked by now. */
  async markTime(): Promise<void> {
    await this.#append([{ is: 'not_done', at: this.#now(), ask: NO_ASK }]);
  }

  async settle(ask: AskId | undefined, outcomes: readonly Settlement[]): Promise<void> {
    if (outcomes.length === 0) return;
    await this.#append(this.#outcomeDrafts(ask, outcomes));
  }

  outcome(pair: Pair): OutcomeRecord | undefined {
    const words = this.#lastOutcome(pair);
    if (words === undefined) return undefined;
    const { asked: _, ...outcome } = words;
    return { ...outcome, attempts: this.#state.get(pair)?.attempts ?? 0 };
  }

  askedAt(pair: Pair): number | undefined {
    const open = this.#state.openSince(pair);
    return open === undefined ? this.#lastOutcome(pair)?.askedAt : Date.parse(open);
  }

  inDoubt(): Iterable<Pair> {
    return this.#state.inDoubt();
  }

  samePhone(names: readonly [string, ...string[]]): void {
    this.#state.senders.unite(names);
  }

  senders(): readonly string[] {
    return this.#state.senders.names();
  }

  asksInLast(ms: number, sender: string): readonly Readonly<LoggedAsk>[] {
    return this.#state.senders.after(sender, this.#clock.now() - ms);
  }

  askedInLast(ms: number, sender: string): number {
    return this.#state.senders.within(sender, ms, this.#clock.now());
  }

  lastAskedAt(): number | undefined {
    return this.#state.senders.last();
  }

  roomAt(ms: number, sender: string, cap: number): number | undefined {
    return this.#state.senders.roomAt(sender, ms, cap, this.#clock.now());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#journal?.idle();
    this.#journal?.end(new Error('the ledger is closed'));
    await this.#opened.file?.close();
    await this.#opened.claim?.release();
    await this.#lock?.release();
  }

  #append(drafts: readonly Draft[]): Promise<readonly number[]> {
    if (this.#journal === undefined) throw new Error('the ledger was opened for reading');
    return this.#journal.append(drafts);
  }

  /** One draft for all people with equal outcomes. */
  #outcomeDrafts(ask: AskId | undefined, outcomes: readonly Settlement[]): OutcomesDraft[] {
    const at = this.#now();
    const drafts: (Omit<OutcomesDraft, 'who'> & { readonly who: Participant[] })[] = [];
    for (const { pair, outcome } of outcomes) {
      if (ask !== undefined && !this.#state.waits(ask, pair)) {
        throw new Error(`ask ${ask} does not wait for an outcome of this pair`);
      }
      const asked = this.#state.openSince(pair) ?? this.#lastOutcome(pair)?.asked;
      const { status, reasonCode: reason, httpStatus: http } = outcome;
      const trace = outcome.traceId.slice(0, MAX_MESSAGE);
      const message = outcome.message.slice(0, MAX_MESSAGE);
      const like = drafts.find(
        (draft) =>
          draft.status === status &&
          draft.message === message &&
          draft.reason === reason &&
          draft.chat === pair.chatId &&
          draft.asked === asked &&
          draft.http === http &&
          draft.trace === trace,
      );
      if (like !== undefined) like.who.push(pair.participant);
      else {
        const [chat, who] = [pair.chatId, [pair.participant]];
        drafts.push({ is: 'outcome', at, ask, asked, chat, who, status, reason, http, trace, message });
      }
    }
    return drafts;
  }

  #lastOutcome(pair: Pair): OutcomeWords | undefined {
    const offset = this.#state.outcomeOffset(pair);
    if (offset === undefined || this.#lines === undefined) return undefined;
    try {
      return outcomeIn(this.#lines.lineAt(offset));
    } catch {
      return this.#remembered(pair);
    }
  }

  /**
   * The part of an outcome that is in memory, for a file that was cut or cannot be read: asks must still be reported.
   */
  #remembered(pair: Pair): OutcomeWords {
    const { status, reasonCode } = this.#state.get(pair) as PairState;
    const askedAt = this.#state.lastAsk(pair);
    const asked = askedAt === undefined ? undefined : new Date(askedAt).toISOString();
    const words = { message: '', httpStatus: undefined, traceId: '', settledAt: undefined };
    return { ...words, status: status as SettledStatus, reasonCode, asked, askedAt };
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
