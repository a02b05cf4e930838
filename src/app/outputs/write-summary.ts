import type { RunConfig } from '../../config/run.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { shardText } from '../../domain/shard.ts';
import type { Countries } from '../../report/summary/countries.ts';
import type { Ending } from '../../report/summary/ending.ts';
import { summaryText } from '../../report/summary/summary.ts';
import type { Tally } from '../../report/summary/tally.ts';
import { safeWriter } from '../../report/terminal/log.ts';
import type { StopReason } from '../../send/run-control.ts';
import type { Live } from '../asking/live.ts';
import type { Io } from '../io.ts';
import { nextStep, shellWords, typedCommand } from '../next-step.ts';
import { wantsColour } from './output.ts';
import { forLog, publish } from './publish.ts';

export interface WriteSummaryParts {
  readonly config: RunConfig;
  readonly io: Io;
  readonly tally: Tally;
  readonly exit: ExitCode;
  readonly stop: StopReason | undefined;
  readonly live: Live;
  readonly countries: Countries;
  /** 429 answers in this run. */
  readonly throttled: number;
  readonly asks: number;
  readonly waitedMs: ReadonlyMap<string, number>;
  /** Epoch ms. */
  readonly endedAt: number;
  readonly elapsedMs: number;
  /** The HTML report is in its place. */
  readonly reported: boolean;
}

/** The end of the run, for people on stderr, for machines in the files they asked for, and for CI. */
export async function writeSummary(parts: WriteSummaryParts): Promise<void> {
  const { config, io, tally, stop, live } = parts;
  const next = (terminal: boolean) => {
    const { words, withheld } = typedCommand(io.command, terminal);
    return nextStep(parts.exit, tally.counts, shellWords(['group-onboard', ...words]), withheld);
  };
  const ending: Ending = {
    command: 'run',
    cohort: config.cohort.path,
    results: config.output === '-' ? undefined : config.output,
    ledger: config.ledger,
    sandbox: config.target?.kind === 'sandbox',
    dryRun: config.dryRun,
    shard: config.shard && shardText(config.shard),
    tally,
    countries: parts.countries,
    groupName: (id) => live.groupName(id),
    exit: parts.exit,
    stopped: stop && { code: stop.code, message: stop.message },
    next: next(false),
    asks: parts.asks,
    throttled: parts.throttled,
    waitedMs: parts.waitedMs,
    startedAt: parts.endedAt - parts.elapsedMs,
    endedAt: parts.endedAt,
    elapsedMs: parts.elapsedMs,
  };
  if (!config.log.quiet) {
    const terminal = Boolean(io.stderr.isTTY);
    const text = summaryText(
      {
        ...ending,
        ledger: config.ledger,
        report: parts.reported ? config.reports.report : undefined,
        stopped: stop?.message,
        next: next(terminal),
      },
      wantsColour(io),
      terminal ? Math.max(io.stderr.columns || 80, 40) : Number.POSITIVE_INFINITY,
    );
    safeWriter(io.stderr)(forLog(text, ending, io.env));
  }
  await publish(ending, config.reports, io.env);
}
