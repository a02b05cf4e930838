/** An open ledger: turns calls into records, and records into answers. */
import type { FileHandle } from 'node:fs/promises';
import { personKey } from '../domain/ids.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Clock, Pair, Participant, SettledStatus, Settlement } from '../domain/words.ts';
import { type Header, MAX_MESSAGE } from './format.ts';
import type { Draft, Journal, OutcomesDraft } from './journal.ts';
import { LineReader, type OutcomeWords, outcomeIn } from './own-file.ts';
import type { LoggedAsk } from './sender-log.ts';
import type { LedgerState, PairState, StateCounts } from './state.ts';

/** The last outcome of a pair, with its times in epoch ms; `askedAt` is undefined if it was settled without an ask. */
interface OutcomeRecord extends Omit<OutcomeWords, 'asked'> {
  readonly attempts: number;
}

export type Ledger = ReturnType<typeof openedLedger>;

interface Parts {
  readonly header: Header;
  readonly repaired: string | undefined;
  /** Undefined for a read-only ledger that does not exist. */
  readonly file: FileHandle | undefined;
  /** Undefined for a read-only ledger. */
  readonly journal: Journal | undefined;
  readonly state: LedgerState;
  readonly clock: Clock;
  /** Closes the file, and then releases what holds it. */
  readonly release: () => Promise<void>;
}

export function openedLedger(parts: Parts) {
  const { header, repaired, file, journal, state, clock, release } = parts;
  const { senders } = state;
  const lines = file && new LineReader(file.fd);
  /** Persons (`personKey`), by group, whose `asked` record is being written and not yet in the state. */
  const beingAsked = new Map<ChatId, Set<string>>();
  let closing: Promise<void> | undefined;
  const now = () => new Date(clock.now()).toISOString();

  async function append(drafts: readonly Draft[]): Promise<readonly number[]> {
    if (journal === undefined) throw new Error('the ledger was opened for reading');
    return journal.append(drafts);
  }

  /**
   * Records one ask for pairs of one group, sent by `sender`. The ask may be sent only once this resolves: the record
   * then survives a power loss. If it rejects, the ask must not be sent.
   */
  async function asked(pairs: readonly Pair[], sender: string): Promise<number> {
    const [first] = pairs;
    if (first === undefined) throw new Error('an ask needs a participant');
    for (const pair of pairs) {
      if (pair.chatId !== first.chatId) throw new Error('an ask is for one group');
      // Last safeguard of "nobody is asked twice": a pair in doubt is settled (e.g. as `unknown`) before the next ask.
      if (state.get(pair)?.status === 'in_doubt')
        throw new Error('a pair in doubt was about to be asked again');
    }
    const who = pairs.map((pair) => pair.participant);
    const people = new Set(who.map(personKey));
    const group = beingAsked.get(first.chatId) ?? new Set<string>();
    beingAsked.set(first.chatId, group);
    if (people.size < who.length || who.some((one) => group.has(personKey(one)))) {
      throw new Error('a pair was about to be asked twice at once');
    }
    for (const one of people) group.add(one);
    try {
      const asks = await append([{ is: 'asked', at: now(), from: sender, chat: first.chatId, who }]);
      return asks[0] as number;
    } finally {
      for (const one of people) group.delete(one);
      if (group.size === 0) beingAsked.delete(first.chatId);
    }
  }

  /** Records that the server certainly did nothing: the pairs are as they were before the ask. */
  async function notDone(ask: number): Promise<void> {
    if (!state.isOpen(ask)) throw new Error(`ask ${ask} is not open`);
    await append([{ is: 'not_done', at: now(), ask }]);
  }

  /** One draft for all people with equal outcomes. */
  function draftsOf(ask: number | undefined, outcomes: readonly Settlement[]): OutcomesDraft[] {
    const at = now();
    const drafts = new Map<string, OutcomesDraft & { readonly who: Participant[] }>();
    for (const { pair, outcome } of outcomes) {
      if (ask !== undefined && !state.waits(ask, pair)) {
        throw new Error(`ask ${ask} does not wait for an outcome of this pair`);
      }
      const draft = {
        ...({ is: 'outcome', at, ask, asked: state.openSince(pair) ?? lastOutcome(pair)?.asked } as const),
        ...{ chat: pair.chatId, who: [] as Participant[] },
        ...{ status: outcome.status, reason: outcome.reasonCode, http: outcome.httpStatus },
        trace: outcome.traceId.slice(0, MAX_MESSAGE),
        message: outcome.message.slice(0, MAX_MESSAGE),
      };
      const name = JSON.stringify(draft);
      const like = drafts.get(name) ?? draft;
      drafts.set(name, like);
      like.who.push(pair.participant);
    }
    return [...drafts.values()];
  }

  function lastOutcome(pair: Pair): OutcomeWords | undefined {
    const offset = state.outcomeOffset(pair);
    if (offset === undefined || lines === undefined) return undefined;
    try {
      return outcomeIn(lines.lineAt(offset));
    } catch {
      return remembered(pair);
    }
  }

  /**
   * The part of an outcome that is in memory, for a file that was cut or cannot be read: asks must still be reported.
   */
  function remembered(pair: Pair): OutcomeWords {
    const { status, reasonCode } = state.get(pair) as PairState;
    const askedAt = state.lastAsk(pair);
    const asked = askedAt === undefined ? undefined : new Date(askedAt).toISOString();
    const words = { message: '', httpStatus: undefined, traceId: '', settledAt: undefined };
    return { ...words, status: status as SettledStatus, reasonCode, asked, askedAt };
  }

  /**
   * The last outcome, read from the file; undefined if there is none, or the pair is in doubt. If the file no longer
   * has it, the part of it that is kept in memory.
   */
  function outcome(pair: Pair): OutcomeRecord | undefined {
    const words = lastOutcome(pair);
    if (words === undefined) return undefined;
    const { asked: _, ...rest } = words;
    return { ...rest, attempts: state.get(pair)?.attempts ?? 0 };
  }

  async function close(): Promise<void> {
    await journal?.idle();
    journal?.end(new Error('the ledger is closed'));
    await release();
  }

  return {
    /** Log line about a torn tail that was cut off on opening. */
    repaired,
    header,
    get size(): number {
      return state.size;
    },
    get counts(): StateCounts {
      return state.counts;
    },
    /** Number of pairs last settled with this reason, by status. */
    settledWith: (reason: ReasonCode) => state.settledWith(reason),
    /** State of a pair, or undefined if it is unknown. A person's other number (`personKey`) is the same person. */
    state: (pair: Pair) => state.get(pair),
    asked,
    notDone,
    /** Records outcomes. `ask` is undefined if they were settled without one, or long after it (by membership). */
    settle: async (ask: number | undefined, outcomes: readonly Settlement[]) => {
      if (outcomes.length > 0) await append(draftsOf(ask, outcomes));
    },
    outcome,
    /** Time of the pair's last ask, in doubt or not, epoch ms. */
    askedAt: (pair: Pair) => {
      const open = state.openSince(pair);
      return open === undefined ? lastOutcome(pair)?.askedAt : Date.parse(open);
    },
    /** Pairs asked without an outcome, also by former runs, grouped by chat. */
    inDoubt: (): Iterable<Pair> => state.inDoubt(),
    /** Unites names of one sending phone: asks under any of them count for each. */
    samePhone: (names: readonly [string, ...string[]]) => senders.unite(names),
    /** Names of sending phones with a remembered ask. */
    senders: (): readonly string[] => senders.names(),
    /** Asks of `sender` in the last `ms` (at most 48 h); `at` is epoch ms. */
    asksInLast: (ms: number, sender: string): readonly Readonly<LoggedAsk>[] =>
      senders.after(sender, clock.now() - ms),
    /**
     * Number of participants that `sender` asked in the last `ms` (at most 48 h); asks that were not done do not count.
     */
    askedInLast: (ms: number, sender: string) => senders.within(sender, ms, clock.now()),
    /** Time of the last ask of any sender, epoch ms. */
    lastAskedAt: () => senders.last(),
    /** Time (epoch ms) at which `sender` is below `cap` asked in the last `ms` (at most 48 h); undefined: it is now. */
    roomAt: (ms: number, sender: string, cap: number) => senders.roomAt(sender, ms, cap, clock.now()),
    /** Waits for pending writes, and releases the lock. */
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
