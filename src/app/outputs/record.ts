/** Summary as one record: the last line of a JSON log, and the output of `--json`. */
import type { LogConfig } from '../../config/run.ts';
import { summaryLine, summaryRecord } from '../../report/summary/summary-json.ts';
import type { Ending } from '../../report/summary/tally.ts';
import { safeWriter } from '../../report/terminal/log.ts';
import { type Io, systemClock } from '../io.ts';

/** End of a command that only reads files, and asks nobody. */
export function offlineEnding(
  facts: Pick<Ending, 'command' | 'cohort' | 'results' | 'tally' | 'exit'> & Partial<Ending>,
  startedAt: number,
): Ending {
  const endedAt = systemClock.now();
  return {
    ledger: undefined,
    sandbox: false,
    dryRun: false,
    groupName: () => '',
    stopped: undefined,
    next: undefined,
    asks: 0,
    throttled: 0,
    waitedMs: new Map(),
    startedAt,
    endedAt,
    elapsedMs: Math.max(0, endedAt - startedAt),
    ...facts,
  };
}

/** Writes the requested records: to standard output by `--json`, to the log by `--log-format json`. */
export function writeRecord(
  ending: Ending,
  { json, log }: { readonly json: boolean; readonly log?: LogConfig },
  io: Pick<Io, 'stdout' | 'stderr'>,
): void {
  if (json) safeWriter(io.stdout)(summaryLine(ending));
  if (log?.records && !log.quiet) safeWriter(io.stderr)(summaryRecord(ending));
}
