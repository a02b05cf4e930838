/** The ledger: the append-only file of asks and outcomes, and the only record of past actions. */
import { OnboardError } from '../domain/errors.ts';
import type { Clock } from '../domain/words.ts';
import { canonicalPath } from '../lib/files.ts';
import { BRIEF_SINCE, type Header } from './format.ts';
import { Journal } from './journal.ts';
import { failure, lost, notWritable, openLedgerFile } from './ledger-file.ts';
import { acquireLock, isLeftLocked, type Lock } from './lock.ts';
import { type AskId, type Ledger, OpenLedger } from './open-ledger.ts';
import { LedgerState, type PairState, type StateCounts } from './state.ts';

export type { AskId, Header, Ledger, PairState, StateCounts };

export interface LedgerOptions {
  /** Target of the asks: the API's origin (`https://api.periskope.app`), or `sandbox`. */
  readonly origin: string;
  readonly clock: Clock;
  /** Default true. False omits every fsync; for measurements only. */
  readonly durable?: boolean;
  /** True takes no lock, and writes and repairs nothing (e.g. --dry-run); a missing file is an empty ledger. */
  readonly readOnly?: boolean;
  /** Called before the heartbeat of a holder on another container or host is watched (15 s at most). */
  readonly onWatch?: (holder: string) => void;
  /** Called at once when the ledger can no longer be written, even without a pending write. */
  readonly onFailed?: (error: Error) => void;
  /** Options of the lock, for tests: see LockOptions. */
  readonly heartbeatMs?: number;
  readonly staleMs?: number;
  /** Replacement of the lock, for tests of the other safeguards. */
  readonly acquire?: typeof acquireLock;
}

/**
 * Opens or makes the ledger at `path`, takes its lock, and cuts off a torn tail.
 * @throws OnboardError LOCKED, LEDGER_ORIGIN, LEDGER_DAMAGED, NOT_WRITABLE. Afterwards, every writing call rejects with
 * LEDGER_FAILED once one has failed.
 */
export async function openLedger(path: string, options: LedgerOptions): Promise<Ledger> {
  const { clock, readOnly = false, durable = true, onFailed } = options;
  const state = new LedgerState(() => clock.now());
  let journal: Journal | undefined;
  const place = placeOf(path);
  const crashed = await isLeftLocked(place);
  const lock = readOnly
    ? undefined
    : await takeLock(path, place, options, (why) => journal?.poison(lost(path, why)));
  try {
    const opened = await openLedgerFile(path, {
      place,
      origin: options.origin,
      now: new Date(clock.now()).toISOString(),
      readOnly,
      durable,
      crashed,
      onRecord: (record, offset) => state.apply(record, offset),
    });
    if (opened.own !== undefined) {
      const { own, header, lines, length } = opened;
      const held = async () => {
        if (lock !== undefined && !(await lock.isHeld())) throw lost(path, 'its lock is gone');
      };
      journal = new Journal({
        file: own,
        end: { lines, length },
        brief: header.version >= BRIEF_SINCE,
        held,
        onDurable: (record, offset) => state.apply(record, offset),
        failure: (cause) => {
          const error = failure(path, cause);
          onFailed?.(error);
          return error;
        },
      });
    }
    const ledger = new OpenLedger(opened, state, journal, lock, clock);
    if (journal !== undefined && state.isAhead) await ledger.markTime();
    return ledger;
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/** Target of the path: the file that is locked, opened or made. */
function placeOf(path: string): string {
  try {
    return canonicalPath(path);
  } catch (error) {
    throw notWritable(path, error);
  }
}

async function takeLock(
  path: string,
  place: string,
  options: LedgerOptions,
  onLost: (why: string) => void,
): Promise<Lock> {
  try {
    return await (options.acquire ?? acquireLock)(place, { ...options, onLost });
  } catch (error) {
    throw error instanceof OnboardError ? error : notWritable(path, error);
  }
}
