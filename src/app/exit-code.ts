import { EXIT, type ExitCode } from '../domain/errors.ts';
import type { Counts } from '../report/summary/tally.ts';
import type { StopReason } from '../send/run-control.ts';

/** What the process says: the reason of an early end first, then what the rows say. */
export function exitCodeOf(counts: Counts, stop: StopReason | undefined): ExitCode {
  if (stop) return stop.exit;
  // Not at the end yet comes before what went wrong: a scheduler has to know that there is more to do.
  if (counts.not_attempted > 0) return EXIT.again;
  if (counts.failed + counts.invalid + counts.unknown + counts.left > 0) return EXIT.incomplete;
  return EXIT.ok;
}
