/** An open ledger: turns calls into records, and records into answers. */
import { personKey } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Clock, Outcome, Pair, Participant, SettledStatus } from '../domain/words.ts';
import type { Draft, OutcomesDraft } from './compose.ts';
import { type Header, MAX_MESSAGE } from './format.ts';
import type { Journal } from './journal.ts';
import type { OpenedFile } from './ledger-file.ts';
import type { Lock } from './lock.ts';
import { OutcomeReader, type OutcomeWords } from './outcome-reader.ts';
import type { LedgerState, PairState, StateCounts } from './state.ts';

declare const askId: unique symbol;
/** Names one ask: the number of its record. */
export type AskId = number & { readonly [askId]: true };

/** The last outcome of a pair, with its times in epoch ms. */
export interface OutcomeRecord extends Outcome {
  /** When the pair was last asked; undefined when it was settled without ever being asked. */
  readonly askedAt: number | undefined;
  readonly settledAt: number | undefined;
  /** Number of asks recorded for the pair. */
  readonly attempts: number;
}

export interface Ledger {
  /** One line for the log when a torn tail was cut off on opening. */
  readonly repaired: string | undefined;
  readonly header: Header;
  /** What is known of a pair. A person's other number (`personKey`) is the same person. */
  state(pair: Pair): PairState | undefined;
  /**
   * Records one ask for pairs of one group, sent by `sender`. Once it resolves, the record survives a power loss: only
   * then may the ask be sent. If it rejects, it must not be.
   */
  asked(pairs: readonly Pair[], sender: string): Promise<AskId>;
  /** The server certainly did nothing: the pairs are as they were before the ask. */
  notDone(ask: AskId): Promise<void>;
  /** Records outcomes. Without `ask`: settled without one, or long after it (reconciled by membership). */
  settle(ask: AskId | undefined, outcomes: readonly Settlement[]): Promise<void>;
  /**
   * The last full record, read from the file; undefined when there is none, or the pair is in doubt. Where the file has it no
   * longer, what is remembered of it.
   */
  outcome(pair: Pair): OutcomeRecord | undefined;
  /** When the pair was last asked, in doubt or not, epoch ms. */
  askedAt(pair: Pair): number | undefined;
  /** Pairs asked without an outcome, those of a former run included; the pairs of one group follow each other. */
  inDoubt(): Iterable<Pair>;
  /** These are names of one sending phone: from now on what it asked under any of them counts for each. */
  samePhone(names: readonly [string, ...string[]]): void;
  /** Names of sending phones that have asked, as far back as is remembered. */
  senders(): readonly string[];
  /** Participants that `sender` asked in the last `ms` (at most 48 h), without those of asks that were not done. */
  askedInLast(ms: number, sender: string): number;
  /** When anybody was last asked, epoch ms. */
  lastAskedAt(): number | undefined;
  /** When `sender` has asked fewer than `cap` in the last `ms` (at most 48 h) again, epoch ms; undefined: it has now. */
  roomAt(ms: number, sender: string, cap: number): number | undefined;
  /** The asks that these are; `at` is epoch ms. */
  asksInLast(
    ms: number,
    sender: string,
  ): readonly { readonly ask: number; readonly at: number; readonly people: number }[];
  /** Number of pairs the ledger knows. */
  readonly size: number;
  readonly counts: StateCounts;
  /** How many pairs were last settled with this reason, by their status. */
  settledWith(reason: ReasonCode): ReadonlyMap<PairState['status'], number>;
  /** Waits for what is being written, and lets the lock go. */
  close(): Promise<void>;
}

interface Settlement {
  readonly pair: Pair;
  readonly outcome: Outcome;
}

/** The number of no record of an ask. */
const NO_ASK = 0;

export class OpenLedger implements Ledger {
  readonly repaired: string | undefined;
  readonly header: Header;
  readonly #state: LedgerState;
  readonly #journal: Journal | undefined;
  readonly #lock: Lock | undefined;
  readonly #opened: Pick<OpenedFile, 'file' | 'claim'>;
  readonly #outcomes: OutcomeReader | undefined;
  readonly #clock: Clock;
  /** Per group, the persons whose `asked` record is being written, and is not part of the state yet. */
  readonly #beingAsked = new Map<ChatId, Set<string>>();
  #closing: Promise<void> | undefined;

  constructor(
    opened: OpenedFile,
    state: LedgerState,
    journal: Journal | undefined,
    lock: Lock | undefined,
    clock: Clock,
  ) {
    this.repaired = opened.repaired;
    this.header = opened.header;
    this.#opened = opened;
    this.#outcomes = opened.file && new OutcomeReader(opened.file.fd);
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
      // The last net under "nobody is asked twice": a pair in doubt is settled (as `unknown`, say) before it is asked again.
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

  /** Records that it is now: from here on the asks that are dated later count as asked by now. */
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
    const { status, reasonCode, message, httpStatus, traceId, askedAt, settledAt } = words;
    const attempts = this.#state.get(pair)?.attempts ?? 0;
    return { status, reasonCode, message, httpStatus, traceId, askedAt, settledAt, attempts };
  }

  askedAt(pair: Pair): number | undefined {
    const open = this.#state.openSince(pair);
    return open === undefined ? this.#lastOutcome(pair)?.askedAt : Date.parse(open);
  }

  inDoubt(): Iterable<Pair> {
    return this.#state.inDoubt();
  }

  samePhone(names: readonly [string, ...string[]]): void {
    this.#state.samePhone(names);
  }

  senders(): readonly string[] {
    return this.#state.senders();
  }

  asksInLast(ms: number, sender: string) {
    const asks = this.#state.asksAfter(sender, this.#clock.now() - ms);
    return asks.map(({ ask, at, count }) => ({ ask, at, people: count }));
  }

  askedInLast(ms: number, sender: string): number {
    return this.#state.askedWithin(sender, ms, this.#clock.now());
  }

  lastAskedAt(): number | undefined {
    return this.#state.lastAskedAt();
  }

  roomAt(ms: number, sender: string, cap: number): number | undefined {
    return this.#state.roomAt(sender, ms, cap, this.#clock.now());
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

  /** People who have an outcome in common are one draft. */
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
    if (offset === undefined) return undefined;
    try {
      return this.#outcomes?.at(offset);
    } catch {
      return this.#remembered(pair);
    }
  }

  /** The file was cut, or cannot be read: who was asked is known all the same, and has to be told. */
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
