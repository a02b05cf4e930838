/**
 * The ledger: the append-only file of asks and outcomes, and the only record of past actions. Here it is opened, made or
 * repaired: every step before this run's first record.
 */
import { constants, existsSync, fstatSync, ftruncateSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OnboardError } from '../domain/errors.ts';
import type { Clock } from '../domain/words.ts';
import { canonicalPath, describeFailure, errorCode, ifThere, syncDirectory } from '../lib/files.ts';
import { BRIEF_SINCE, encode, FORMAT_VERSION, type Header, type LedgerRecord } from './format.ts';
import { Journal } from './journal.ts';
import { acquireLock, type Claim, claimFile, isLeftLocked, type Lock } from './lock.ts';
import { type Ledger, openedLedger } from './open-ledger.ts';
import { openOwnFile } from './own-file.ts';
import { scan } from './scan.ts';
import { LedgerState } from './state.ts';

export type { Ledger };

export interface LedgerOptions {
  /** Target of the asks: the API's origin (`https://api.periskope.app`), or `sandbox`. */
  readonly origin: string;
  readonly clock: Clock;
  /** True takes no lock, and writes and repairs nothing (e.g. --dry-run); a missing file is an empty ledger. */
  readonly readOnly?: boolean;
  /** Called before the heartbeat of a holder on another container or host is watched (15 s at most). */
  readonly onWatch?: (holder: string) => void;
  /** Called at once when the ledger can no longer be written, even without a pending write. */
  readonly onFailed?: (error: Error) => void;
  /** Options of the lock, for tests: see PresenceOptions. */
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
  const { clock, readOnly = false, onFailed } = options;
  const state = new LedgerState(() => clock.now());
  let journal: Journal | undefined;
  const place = placeOf(path);
  const crashed = await isLeftLocked(place);
  const lock = readOnly
    ? undefined
    : await takeLock(path, place, options, (why) => journal?.poison(lost(path, why)));
  try {
    const now = new Date(clock.now()).toISOString();
    const { file, claim, own, header, repaired, lines, length } = await openLedgerFile(path, {
      place,
      origin: options.origin,
      now,
      readOnly,
      crashed,
      onRecord: (record, offset) => state.apply(record, offset),
    });
    if (own !== undefined) {
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
    // A record of the time: earlier asks that are dated later then count as asked by now.
    if (state.senders.isAhead) await journal?.append([{ is: 'not_done', at: now, ask: NO_ASK }]);
    const release = async () => {
      await file?.close();
      await claim?.release();
      await lock?.release();
    };
    return openedLedger({ header, repaired, file, journal, state, clock, release });
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

export const SANDBOX_ORIGIN = 'sandbox';

const NO_ASK = 0;

interface FileOptions {
  /** Target of `path`, without links. */
  readonly place: string;
  readonly origin: string;
  /** ISO 8601; for the header of a new ledger. */
  readonly now: string;
  readonly readOnly: boolean;
  /** Whether the last run ended without releasing its lock. */
  readonly crashed: boolean;
  readonly onRecord: (record: LedgerRecord, offset: number) => void;
}

/** @throws OnboardError LEDGER_ORIGIN, LEDGER_DAMAGED, NOT_WRITABLE, LOCKED, LEDGER_FAILED */
async function openLedgerFile(path: string, options: FileOptions) {
  const { place, origin, readOnly } = options;
  const file = await openRegular(path, place, readOnly);
  const fresh: Header = {
    ledger: 'group-onboard',
    version: FORMAT_VERSION,
    origin,
    created: options.now,
  };
  const nothing = { own: undefined, claim: undefined };
  if (file === undefined)
    return { ...nothing, file, header: fresh, lines: 0, length: 0, repaired: undefined };

  let claim: Claim | undefined;
  try {
    if (!readOnly) claim = await claimed(path, file);
    const onHeader = (header: Header) => requireOrigin(path, header.origin, origin);
    const { header, lines, sound, torn, unended } = await scan(file, path, { ...options, onHeader });
    const repaired =
      torn === 0
        ? undefined
        : `${path}: the last line was cut short by a crash; its ${torn} bytes ${readOnly ? 'are left out' : 'were removed'}`;
    if (readOnly) return { ...nothing, file, header: header ?? fresh, lines, length: sound, repaired };

    if (torn > 0) {
      // Synchronous up to the cut, because the torn bytes may have been another process's write.
      if (fstatSync(file.fd).size !== sound + torn) throw lost(path, 'another process has written to it');
      ftruncateSync(file.fd, sound);
      await file.sync();
    }
    const own = await openOwnFile({ file, path, length: sound, lost: (why) => lost(path, why) });
    const opened = { file, own, claim, repaired };
    if (unended) await own.append(Buffer.from('\n'));
    if (header !== undefined) return { ...opened, header, lines, length: sound + (unended ? 1 : 0) };

    const bytes = Buffer.from(encode(fresh));
    await file.chmod(0o600);
    await own.append(bytes);
    await file.sync();
    await syncDirectory(dirname(place));
    return { ...opened, header: fresh, lines: 1, length: bytes.length };
  } catch (error) {
    await file.close();
    await claim?.release();
    throw error instanceof OnboardError ? error : notWritable(path, error);
  }
}

/** Opens a regular file. Others are refused before, because opening a pipe or a device can block or have effects. */
async function openRegular(path: string, place: string, readOnly: boolean): Promise<FileHandle | undefined> {
  try {
    const found = await ifThere(stat(place));
    if (found === undefined && readOnly) return undefined;
    if (found !== undefined && !found.isFile()) {
      throw new OnboardError(
        'NOT_WRITABLE',
        `${path}: the ledger has to be a file of its own; give another --ledger`,
      );
    }
    const { O_RDONLY, O_RDWR, O_APPEND, O_CREAT } = constants;
    return await open(place, readOnly ? O_RDONLY : O_RDWR | O_APPEND | O_CREAT, 0o600);
  } catch (error) {
    throw error instanceof OnboardError ? error : notWritable(path, error);
  }
}

/** @throws OnboardError NOT_WRITABLE for a file with several names, LOCKED for one that another process holds */
async function claimed(path: string, file: FileHandle): Promise<Claim> {
  const found = await file.stat({ bigint: true });
  if (found.nlink > 1n) {
    throw new OnboardError(
      'NOT_WRITABLE',
      `${path}: the ledger has ${found.nlink} names (hard links), and a run by another of them would ask people again: keep one, or put a copy in its place (cp, then mv)`,
    );
  }
  const claim = await claimFile(found);
  if (claim !== undefined) return claim;
  throw new OnboardError(
    'LOCKED',
    `${path} is held by another run, which reached it by another name or whose lock was removed; wait for it to end, or stop it`,
  );
}

/**
 * Refuses a ledger of another origin: a person asked in the sandbox was not asked, and the asks of one API say nothing
 * about another.
 * @throws OnboardError LEDGER_ORIGIN
 */
export function requireOrigin(path: string, written: string, wanted: string): void {
  if (written === wanted) return;
  const elsewhere = 'give --output or --ledger another path';
  const problem =
    written === SANDBOX_ORIGIN
      ? `is a sandbox ledger; ${elsewhere} for a production run`
      : wanted === SANDBOX_ORIGIN
        ? `is the ledger of a run against ${written}; ${elsewhere} for a sandbox run`
        : `is the ledger of a run against ${written}, and this run is against ${wanted}; ${elsewhere}`;
  throw new OnboardError('LEDGER_ORIGIN', `${path} ${problem}`);
}

function notWritable(path: string, cause: unknown): OnboardError {
  // Another ledger would not know the people asked in this one.
  const todo = existsSync(path) ? 'and run the same command again' : 'or give another --ledger';
  const message = `${path}: the ledger cannot be opened for writing: ${describeFailure(cause)}; put that right, ${todo}`;
  return new OnboardError('NOT_WRITABLE', message, { cause });
}

function lost(path: string, why: string): OnboardError {
  const message = `${path}: this run has lost the ledger: ${why}; nobody is asked any more: see that no other run uses it, and run again`;
  return new OnboardError('LEDGER_FAILED', message);
}

/** LEDGER_FAILED for a system error, which the user can fix; any other error is our defect, and stays unchanged. */
function failure(path: string, cause: unknown): Error {
  if (cause instanceof OnboardError) return cause;
  if (cause instanceof Error && errorCode(cause) === '') return cause;
  const message = `${path}: the ledger could not be written: ${describeFailure(cause)}; nobody is asked any more: put that right, and run the same command again`;
  return new OnboardError('LEDGER_FAILED', message, { cause });
}
