import { writeFile } from 'node:fs/promises';
import type { StopReason } from '../asking/run-control.ts';
import type { RunConfig } from '../config.ts';
import type { ExitCode } from '../errors.ts';
import { safeWriter } from '../reporting/log.ts';
import { summaryText } from '../reporting/summary.ts';
import type { Tally } from '../reporting/tally.ts';
import type { Io } from './io.ts';
import type { Live } from './live.ts';
import { nextStep, shellWords, typedCommand } from './next-step.ts';
import { wantsColour } from './output.ts';

export interface WriteSummaryParts {
  readonly config: RunConfig;
  readonly io: Io;
  readonly tally: Tally;
  readonly exit: ExitCode;
  readonly stop: StopReason | undefined;
  readonly live: Live;
  /** 429 answers in this run. */
  readonly throttled: number;
  readonly asks: number;
  readonly elapsedMs: number;
}

/** The end of the run, for people on stderr and for machines in `--summary-json`. */
export async function writeSummary(parts: WriteSummaryParts): Promise<void> {
  const { config, io, tally, stop, live } = parts;
  const sandbox = config.target?.kind === 'sandbox';
  if (config.summaryJson) {
    const summary = {
      version: 1,
      cohort: config.cohort.path,
      sandbox,
      dry_run: config.dryRun,
      exit_code: parts.exit,
      stopped: stop && { reason_code: stop.code, message: stop.message },
      rows: tally.rows,
      status: tally.counts,
      groups: [...tally.groups]
        .filter(([id]) => id !== '')
        .map(([id, status]) => ({ chat_id: id, name: live.groupName(id as never), status })),
      reasons: Object.fromEntries(tally.reasons),
      asks: parts.asks,
      throttled: parts.throttled,
      elapsed_ms: Math.round(parts.elapsedMs),
    };
    await writeFile(config.summaryJson, `${JSON.stringify(summary, null, 2)}\n`);
  }
  if (config.log.quiet) return;
  const text = summaryText(
    {
      tally,
      groupName: (id) => live.groupName(id),
      asks: parts.asks,
      throttled: parts.throttled,
      elapsedMs: parts.elapsedMs,
      results: config.output === '-' ? undefined : config.output,
      ledger: config.ledger,
      sandbox,
      dryRun: config.dryRun,
      stopped: stop?.message,
      next: nextStep(
        parts.exit,
        tally.counts,
        shellWords(['group-onboard', ...typedCommand(io.command, Boolean(io.stderr.isTTY))]),
      ),
    },
    wantsColour(io),
    io.stderr.isTTY ? Math.max(io.stderr.columns || 80, 40) : Number.POSITIVE_INFINITY,
  );
  safeWriter(io.stderr)(text);
}
