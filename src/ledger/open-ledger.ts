/** An open ledger: turns calls into records, and records into answers. */
import { isoTime } from '../domain/iso-time.ts';
import { personKey } from '../domain/participant.ts';
import type { ChatId, Clock, Outcome, Pair } from '../domain/words.ts';
import { asRecord, decodeLine, type Header, knownReason, MAX_MESSAGE, type OutcomeEntry } from './format.ts';
import type { Draft, Journal } from './journal.ts';
import type { AskId, Ledger, OutcomeRecord } from './ledger.ts';
import type { OpenedFile } from './ledger-file.ts';
import { LineReader } from './line-reader.ts';
import type { Lock } from './lock.ts';
import type { LedgerState, PairState, StateCounts } from './state.ts';

export class OpenLedger implements Ledger {
  readonly repaired: string | undefined;
  readonly header: Header;
  readonly #state: LedgerState;
  readonly #journal: Journal | undefined;
  readonly #lock: Lock | undefined;
  readonly #file: OpenedFile['file'];
  readonly #lines: LineReader | undefined;
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
    this.#file = opened.file;
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

  async settle(
    ask: AskId | undefined,
    outcomes: readonly { readonly pair: Pair; readonly outcome: Outcome }[],
  ): Promise<void> {
    if (outcomes.length === 0) return;
    await this.#append(outcomes.map(({ pair, outcome }) => this.#outcomeDraft(ask, pair, outcome)));
  }

  outcome(pair: Pair): OutcomeRecord | undefined {
    const record = this.#lastOutcome(pair);
    if (record === undefined) return undefined;
    return {
      pair: { chatId: record.chat, participant: record.who },
      status: record.status,
      reasonCode: knownReason(record.reason),
      message: record.message,
      httpStatus: record.http,
      traceId: record.trace,
      askedAt: record.asked === undefined ? undefined : Date.parse(record.asked),
      settledAt: Date.parse(record.at),
      attempts: this.#state.get(pair)?.attempts ?? 0,
    };
  }

  inDoubt(): Iterable<Pair> {
    return this.#state.inDoubt();
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
    await this.#file?.close();
    await this.#lock?.release();
  }

  #append(drafts: readonly Draft[]): Promise<readonly number[]> {
    if (this.#journal === undefined) throw new Error('the ledger was opened for reading');
    return this.#journal.append(drafts);
  }

  #outcomeDraft(ask: AskId | undefined, pair: Pair, outcome: Outcome): Draft<OutcomeEntry> {
    if (ask !== undefined && !this.#state.waits(ask, pair)) {
      throw new Error(`ask ${ask} does not wait for an outcome of this pair`);
    }
    const asked = this.#state.openSince(pair) ?? this.#lastOutcome(pair)?.asked;
    return {
      is: 'outcome',
      at: this.#now(),
      ask,
      asked,
      chat: pair.chatId,
      who: pair.participant,
      status: outcome.status,
      reason: outcome.reasonCode,
      http: outcome.httpStatus,
      trace: outcome.traceId.slice(0, MAX_MESSAGE),
      message: outcome.message.slice(0, MAX_MESSAGE),
    };
  }

  #lastOutcome(pair: Pair): OutcomeEntry | undefined {
    const offset = this.#state.outcomeOffset(pair);
    if (offset === undefined || this.#lines === undefined) return undefined;
    const value = decodeLine(this.#lines.lineAt(offset)) as { readonly n: number } | undefined;
    const record = value && asRecord(value, value.n);
    if (record?.is !== 'outcome') throw new Error(`the ledger has no outcome at byte ${offset} any more`);
    return record;
  }

  #now(): string {
    return isoTime(this.#clock.now());
  }
}
