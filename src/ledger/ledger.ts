/** The ledger: the append-only file of asks and outcomes, and the only truth about what was done. */
import { stat } from 'node:fs/promises';
import { OnboardError } from '../domain/errors.ts';
import type { Clock, Outcome, Pair } from '../domain/words.ts';
import { canonicalPath } from '../lib/durable.ts';
import { errorCode } from '../lib/failure.ts';
import { failure, lost, notWritable } from './failures.ts';
import { BRIEF_SINCE, type Header } from './format.ts';
import { Journal } from './journal.ts';
import { openLedgerFile } from './ledger-file.ts';
import { acquireLock, type Lock } from './lock.ts';
import { OpenLedger } from './open-ledger.ts';
import { LedgerState, type PairState, type StateCounts } from './state.ts';

export type { Header, PairState, StateCounts };

export interface LedgerOptions {
  /** Whom the asks go to: the API's origin (`https://api.periskope.app`), or `sandbox`. */
  readonly origin: string;
  readonly clock: Clock;
  /** Default true. False, for measuring only, leaves out every fsync. */
  readonly durable?: boolean;
  /** For --dry-run and the like: no lock, nothing written or repaired; a missing file is an empty ledger. */
  readonly readOnly?: boolean;
  /** Called when the lock is held in another container or host, and its heartbeat has to be watched (15 s at most). */
  readonly onWatch?: (holder: string) => void;
  /** Called at once when the ledger can no longer be written, even while nobody is writing. */
  readonly onFailed?: (error: Error) => void;
  /** Of the lock, for tests: see LockOptions. */
  readonly heartbeatMs?: number;
  readonly staleMs?: number;
}

declare const askId: unique symbol;
/** Names one ask: the number of its record. */
export type AskId = number & { readonly [askId]: true };

/** The last outcome of a pair, with its times in epoch ms. */
export interface OutcomeRecord extends Outcome {
  /** When the pair was last asked; undefined when it was settled without ever being asked. */
  readonly askedAt: number | undefined;
  readonly settledAt: number;
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
  settle(
    ask: AskId | undefined,
    outcomes: readonly { readonly pair: Pair; readonly outcome: Outcome }[],
  ): Promise<void>;
  /** The last full record, read from the file; undefined when there is none, or the pair is in doubt. */
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
  /** Waits for what is being written, and lets the lock go. */
  close(): Promise<void>;
}

/**
 * Opens or makes the ledger at `path`, takes its lock, and cuts off a torn tail.
 * @throws OnboardError LOCKED, LEDGER_ORIGIN, LEDGER_DAMAGED, NOT_WRITABLE. Afterwards, every writing call rejects with
 * LEDGER_FAILED once one has failed.
 */
export async function openLedger(path: string, options: LedgerOptions): Promise<Ledger> {
  const { clock, readOnly = false, durable = true, onFailed } = options;
  const state = new LedgerState();
  let journal: Journal | undefined;
  const lock = readOnly
    ? undefined
    : await takeLock(path, options, (why) => journal?.poison(lost(path, why)));
  try {
    const opened = await openLedgerFile(path, {
      origin: options.origin,
      now: new Date(clock.now()).toISOString(),
      readOnly,
      durable,
      onRecord: (record, offset) => state.apply(record, offset),
    });
    if (!readOnly && opened.file !== undefined) {
      const { file, header, lines, length } = opened;
      const { ino, dev } = await file.stat();
      const held = async () => {
        if (lock !== undefined && !(await lock.isHeld())) throw lost(path, 'its lock is gone');
      };
      journal = new Journal({
        file,
        end: { lines, length },
        brief: header.version >= BRIEF_SINCE,
        durable,
        held,
        guard: async () => {
          await held();
          const now = await stat(path).catch((error: unknown) => {
            throw errorCode(error) === 'ENOENT' ? lost(path, 'the file was removed') : error;
          });
          if (now.ino !== ino || now.dev !== dev) throw lost(path, 'another file has taken its place');
        },
        onDurable: (record, offset) => state.apply(record, offset),
        failure: (cause) => {
          const error = failure(path, cause);
          onFailed?.(error);
          return error;
        },
      });
    }
    return new OpenLedger(opened, state, journal, lock, clock);
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

async function takeLock(path: string, options: LedgerOptions, onLost: (why: string) => void): Promise<Lock> {
  try {
    return await acquireLock(canonicalPath(path), { ...options, onLost });
  } catch (error) {
    throw error instanceof OnboardError ? error : notWritable(path, error);
  }
}
