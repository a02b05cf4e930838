import type { Writable } from 'node:stream';
import type { Cohort } from '../../cohort/cohort.ts';
import type { RunConfig } from '../../config/run.ts';
import { OnboardError } from '../../domain/errors.ts';
import { type Pair, rowNumber } from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Selection } from '../../plan/decide.ts';
import { firstRows } from '../../plan/survey.ts';
import type { HtmlReport } from '../../report/html/page.ts';
import { openResults } from '../../report/results/results.ts';
import type { ToDoList } from '../../report/results/to-do.ts';
import { type Tally, TallyMaker } from '../../report/summary/tally.ts';
import type { StopReason } from '../../send/run-control.ts';
import { type FormerResults, formerStatus, settleCorrected } from '../going-on/former-results.ts';
import { type Projection, previousOf, project, type Recorded, reportRow, toDoRow } from './project.ts';

export interface WriteResultsParts {
  readonly config: RunConfig;
  readonly cohort: Cohort;
  readonly ledger: Ledger;
  readonly former: FormerResults | undefined;
  readonly selection: Selection;
  readonly stdout: Writable;
  readonly stop: StopReason | undefined;
  readonly stopOf: Projection['stopOf'];
  readonly limited: boolean;
  /** Whether WhatsApp throttled this pair to the end. */
  readonly throttled: (pair: Pair) => boolean;
  /** Outputs that take every row as it is written. */
  readonly report: HtmlReport | undefined;
  readonly toDo: ToDoList | undefined;
}

/** Reads the cohort once more, joins every row with the known facts, and puts the results in place as a whole. */
export async function writeResults(parts: WriteResultsParts): Promise<Tally> {
  const { config, cohort, ledger, former, selection, stop, stopOf, limited, throttled, report, toDo } = parts;
  const firstRow = firstRows();
  const tally = new TallyMaker();
  const projection: Projection = {
    firstRow: (pair, number) => former?.rowOf(pair) ?? firstRow(pair, number),
    recorded: (pair) => recordedIn(ledger, pair),
    previous: (reading) => formerStatus(reading, cohort, selection) && previousOf(cohort.former(reading.row)),
    former: (row) => cohort.former(row),
    selection,
    dryRun: config.dryRun,
    stop,
    ...(stopOf && { stopOf }),
    limited,
    throttled,
  };
  // Former results are computed again, not copied.
  const own = cohort.columns.slice(0, cohort.ownWidth);
  const writer = await openResults(config.output === '-' ? parts.stdout : config.output, own, {
    excel: config.excel || (cohort.isResults && cohort.marked),
    ledger: config.ledger,
  });
  try {
    if (former && !config.dryRun) await settleCorrected(former.corrected, ledger).catch(() => undefined);
    for await (const batch of cohort.readings()) {
      const rows = batch.map((reading) => project(reading, projection));
      for (const row of rows) {
        tally.add(row.chatId, row.status, row.reasonCode, () => ({
          number: row.number ?? rowNumber(row.row),
          name: cohort.nameOf(row.row),
        }));
        report?.add(reportRow(row, cohort.nameOf(row.row)));
      }
      await writer.write(rows);
      await toDo?.add(rows.map((row) => toDoRow(row, cohort)));
    }
    await writer.commit();
  } catch (error) {
    await writer.abort();
    await toDo?.abort();
    throw error instanceof OnboardError && error.code === 'COHORT_UNREADABLE' ? unread(error, config) : error;
  }
  return tally;
}

/**
 * Error for a cohort that can not be read any more. People may have been asked by now, so it is not a mistake in the
 * command.
 */
function unread(cause: OnboardError, { ledger }: RunConfig): OnboardError {
  const message = `${cause.message}; the results could not be written, and nothing is lost: ${ledger} has all that was done; put that right and run the same command again, which asks nobody twice`;
  return new OnboardError('RESULTS_FAILED', message, { cause });
}

function recordedIn(ledger: Ledger, pair: Pair): Recorded | undefined {
  const outcome = ledger.outcome(pair);
  if (outcome !== undefined) return outcome;
  const state = ledger.state(pair);
  return state && { ...NO_WORDS, ...state, askedAt: ledger.askedAt(pair) };
}

/** Cells of a row in doubt, or not done: only the ask and its time are known. */
const NO_WORDS = {
  message: '',
  httpStatus: undefined,
  traceId: '',
  settledAt: undefined,
} as const;
