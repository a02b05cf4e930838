/**
 * State of a ledger: a pure function of its records in order, the same for records replayed from the file and for
 * records applied as they become durable.
 */
import { REASON_CODES, type ReasonCode } from '../domain/reasons.ts';
import { type Pair, type Participant, SETTLED_STATUSES, type SettledStatus } from '../domain/words.ts';
import { grown, PairIndex } from '../lib/pair-index.ts';
import { type AskedRecord, knownReason, type LedgerRecord, type OutcomeEntry } from './format.ts';
import { type LoggedAsk, SenderLog } from './sender-log.ts';

export interface PairState {
  /**
   * `in_doubt`: asked, and no outcome since. `not_done`: every ask was certainly without effect, and there is no
   * outcome. After an ask that was not done, a pair has its former outcome again.
   */
  readonly status: SettledStatus | 'in_doubt' | 'not_done';
  /** Number of asks ever recorded for the pair, including asks that were not done. */
  readonly attempts: number;
  readonly reasonCode: ReasonCode | '';
}

export type StateCounts = Readonly<Record<PairState['status'], number>>;

/** An ask with participants that have no outcome yet. */
interface OpenAsk {
  readonly asked: AskedRecord;
  readonly logged: LoggedAsk;
  /** Participants without an outcome, by the pair's entry. */
  readonly waiting: Map<number, Participant>;
}

/** Status codes of the index. 0: no outcome. The high bit of the same byte: an open ask waits for this pair. */
const NO_OUTCOME = 0;
const IN_DOUBT = 0x80;
/** Views of a status byte: 0 for no outcome, the code of an outcome, and the last one for doubt. */
const VIEWS = ['not_done', ...SETTLED_STATUSES, 'in_doubt'] as const;
const DOUBT_VIEW = VIEWS.length - 1;
const viewOf = (byte: number) => (byte >= IN_DOUBT ? DOUBT_VIEW : byte);
const STATUS_CODES = new Map<string, number>(SETTLED_STATUSES.map((status, i) => [status, i + 1]));
const REASON_BYTES = new Map<string, number>(REASON_CODES.map((code, i) => [code, i + 1]));

export class LedgerState {
  /** Pair → entry, with the byte offset of the line of its last outcome. */
  readonly #index = new PairIndex();
  #status = new Uint8Array(64);
  #reason = new Uint8Array(64);
  #attempts = new Uint16Array(64);
  /** Time of the last ask, in whole seconds since 1970; 0: never. */
  #lastAsk = new Uint32Array(64);
  readonly #open = new Map<number, OpenAsk>();
  /** Entry → open asks that wait for it, nearly always one. */
  readonly #waiting = new Map<number, number[]>();
  readonly senders: SenderLog;
  readonly #counts = new Uint32Array(VIEWS.length);

  /** @param clock wall clock, epoch ms; without it every date is believed */
  constructor(clock?: () => number) {
    this.senders = new SenderLog(clock);
  }

  get size(): number {
    return this.#index.size;
  }

  get counts(): StateCounts {
    return Object.fromEntries(VIEWS.map((status, view) => [status, this.#counts[view]])) as StateCounts;
  }

  /** Number of pairs last settled with this reason, by status. */
  settledWith(reason: ReasonCode): ReadonlyMap<PairState['status'], number> {
    const found = new Map<PairState['status'], number>();
    for (let entry = 0; entry < this.size; entry++) {
      const { status, reasonCode } = this.#stateAt(entry);
      if (reasonCode === reason) found.set(status, (found.get(status) ?? 0) + 1);
    }
    return found;
  }

  /** @param offset of the record's line in the file, in bytes. */
  apply(record: LedgerRecord, offset: number): void {
    if (record.is === 'asked') {
      this.#asked(record);
      return;
    }
    // The date is parsed only if an ask is ahead, which is rare.
    if (this.senders.isAhead) this.senders.saw(Date.parse(record.at));
    if (record.is === 'not_done') this.#notDone(record.ask);
    else this.#settled(record, offset);
  }

  get(pair: Pair): PairState | undefined {
    const entry = this.#index.find(pair);
    return entry === -1 ? undefined : this.#stateAt(entry);
  }

  /** Byte offset of the line with the pair's last outcome, or undefined if it has none or is in doubt. */
  outcomeOffset(pair: Pair): number | undefined {
    const entry = this.#index.find(pair);
    if (entry === -1) return undefined;
    const code = this.#status[entry] as number;
    return code === NO_OUTCOME || code >= IN_DOUBT ? undefined : this.#index.valueAt(entry);
  }

  waits(ask: number, pair: Pair): boolean {
    const open = this.#open.get(ask);
    return open?.waiting.has(this.#index.find(pair)) ?? false;
  }

  isOpen(ask: number): boolean {
    return this.#open.has(ask);
  }

  /** Time of the pair's last ask if that is still open. ISO 8601. */
  openSince(pair: Pair): string | undefined {
    const asks = this.#waiting.get(this.#index.find(pair));
    return asks === undefined ? undefined : this.#open.get(asks.at(-1) as number)?.asked.at;
  }

  /** Time of the pair's last ask, epoch ms, to the second: for a file that can no longer be read. */
  lastAsk(pair: Pair): number | undefined {
    const seconds = this.#lastAsk[this.#index.find(pair)];
    return seconds ? seconds * 1000 : undefined;
  }

  /** Pairs asked without an outcome since, under the number that was asked, grouped by chat. */
  *inDoubt(): Generator<Pair, void, undefined> {
    const groups = new Map<Pair['chatId'], Map<number, Participant>>();
    for (const { asked, waiting } of this.#open.values()) {
      const group = groups.get(asked.chat) ?? new Map<number, Participant>();
      groups.set(asked.chat, group);
      for (const [entry, participant] of waiting) group.set(entry, participant);
    }
    for (const [chatId, group] of groups) {
      for (const participant of group.values()) yield { chatId, participant };
    }
  }

  #asked(asked: AskedRecord): void {
    // A person named twice (a number and its variant) is one person, and one attempt.
    const waiting = new Map<number, Participant>();
    for (const participant of asked.who)
      waiting.set(this.#entry({ chatId: asked.chat, participant }), participant);
    const at = Date.parse(asked.at);
    const logged = this.senders.add(asked.from, at, asked.who.length, asked.n);
    this.#open.set(asked.n, { asked, logged, waiting });

    for (const entry of waiting.keys()) {
      this.#lastAsk[entry] = at / 1000;
      const asks = this.#waiting.get(entry);
      if (asks === undefined) this.#waiting.set(entry, [asked.n]);
      else asks.push(asked.n);
      this.#become(entry, (this.#status[entry] as number) | IN_DOUBT);
      this.#attempts[entry] = Math.min((this.#attempts[entry] as number) + 1, 0xffff);
    }
  }

  #notDone(ask: number): void {
    const open = this.#open.get(ask);
    if (open === undefined) return;
    this.#open.delete(ask);
    open.logged.people = 0;
    for (const entry of open.waiting.keys()) {
      const others = (this.#waiting.get(entry) as number[]).filter((other) => other !== ask);
      if (others.length > 0) {
        // An earlier ask of this pair is still in doubt.
        this.#waiting.set(entry, others);
        continue;
      }
      this.#waiting.delete(entry);
      this.#become(entry, (this.#status[entry] as number) & ~IN_DOUBT);
    }
  }

  #settled(outcome: OutcomeEntry, offset: number): void {
    const entry = this.#entry({ chatId: outcome.chat, participant: outcome.who });
    for (const ask of this.#waiting.get(entry) ?? []) {
      const open = this.#open.get(ask) as OpenAsk;
      open.waiting.delete(entry);
      if (open.waiting.size === 0) this.#open.delete(ask);
    }
    this.#waiting.delete(entry);
    this.#index.setAt(entry, offset);
    this.#become(entry, STATUS_CODES.get(outcome.status) as number);
    this.#reason[entry] = REASON_BYTES.get(knownReason(outcome.reason)) ?? 0;
  }

  #entry(pair: Pair): number {
    const before = this.#index.size;
    const entry = this.#index.insert(pair);
    if (entry === before) {
      this.#status = grown(this.#status, entry + 1);
      this.#reason = grown(this.#reason, entry + 1);
      this.#attempts = grown(this.#attempts, entry + 1);
      this.#lastAsk = grown(this.#lastAsk, entry + 1);
      this.#counts[NO_OUTCOME] = (this.#counts[NO_OUTCOME] as number) + 1;
    }
    return entry;
  }

  #become(entry: number, byte: number): void {
    const [before, after] = [viewOf(this.#status[entry] as number), viewOf(byte)];
    this.#counts[before] = (this.#counts[before] as number) - 1;
    this.#counts[after] = (this.#counts[after] as number) + 1;
    this.#status[entry] = byte;
  }

  #stateAt(entry: number): PairState {
    const view = viewOf(this.#status[entry] as number);
    const settled = view !== NO_OUTCOME && view !== DOUBT_VIEW;
    return {
      status: VIEWS[view] as PairState['status'],
      attempts: this.#attempts[entry] as number,
      reasonCode: settled ? (REASON_CODES[(this.#reason[entry] as number) - 1] ?? '') : '',
    };
  }
}
